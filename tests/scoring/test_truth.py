"""The scoreboard's own arithmetic: bounds, shares, rules of others, the page."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from benchmarks.truth_delay import delays
from benchmarks.truth_figures import bound_calls, figures, score
from benchmarks.truth_incumbents import Policy, tickets
from benchmarks.truth_run import Outcome
from benchmarks.truth_scenarios import SCENARIOS
from benchmarks.truth_table import written
from benchmarks.truth_targets import TARGETS, target_table
from benchmarks.truth_wrongs import wrongs
from pipeline.records import MINUTE_MS

DAY = 1440
FIRST = 2 * DAY
POLICY = Policy("fixed", window=5, every=1, calls=20, answers=20)


def fault(**changes: Any) -> dict[str, Any]:
    start = (FIRST + 600) * MINUTE_MS
    line = {
        "id": "f-1",
        "kind": "asr_drop",
        "ticket_type": "sip_quality",
        "severity": "SEV2",
        "start": start,
        "end": start + 40 * MINUTE_MS,
        "cause": {"terminator": ["term-1"]},
        "strength": 0.5,
        "calls": 400,
        "baseline_calls": 9_000,
        "expected_asr": 0.5,
        "asr": 0.25,
    }
    return line | changes


def ticket(at: int, **changes: Any) -> dict[str, Any]:
    line = {
        "opened_at": at,
        "impact_from": at,
        "impact_to": at + MINUTE_MS,
        "signals": ["asr_drop"],
        "cause": {"terminator": ["term-1"]},
        "ticket_type": "sip_quality",
        "severity": "SEV2",
    }
    return line | changes


def counts_of(answers_left: int = 1) -> dict[str, pl.DataFrame]:
    minutes = list(range(FIRST + DAY))
    during = [FIRST + 600 <= minute < FIRST + 640 for minute in minutes]
    counts = pl.DataFrame(
        {
            "key": "term-1",
            "minute": minutes,
            "calls": 10,
            "answers": [answers_left if bad else 5 for bad in during],
            "talk_ms": [60_000 * (answers_left if bad else 5) for bad in during],
        }
    )
    return {"terminator": counts}


def outcome(told: list[dict[str, Any]], **changes: Any) -> Outcome:
    return Outcome(101, FIRST * MINUTE_MS, 2, 10, told, [fault(**changes)], {})


def test_the_bound_is_the_published_one() -> None:
    assert bound_calls(fault()) == pytest.approx(123, abs=1)
    assert bound_calls(fault(asr=0.0)) == pytest.approx(23, abs=1)
    assert bound_calls(fault(asr=0.5)) is None
    assert bound_calls(fault(kind="traffic_drop", strength=0.0)) == pytest.approx(16.1, abs=0.1)
    assert bound_calls(fault(kind="acd_drop", asr=0.5)) == pytest.approx(148, abs=1)


def test_a_fault_with_fewer_calls_than_twice_the_bound_is_not_owed() -> None:
    few = [outcome([], calls=240)]
    assert figures(few, lambda run: run.tickets)["recall"] == [0.0, 0.0]
    assert figures(few, lambda run: run.tickets)["recall_detectable"] is None
    assert figures([outcome([])], lambda run: run.tickets)["recall_detectable"] == [0.0, 0.0]


def test_delay_is_told_in_minutes_in_calls_and_against_the_bound() -> None:
    ten_minutes_late = outcome([ticket(fault()["start"] + 10 * MINUTE_MS)])
    row = delays([ten_minutes_late, outcome([])])["fall of the ASR, ≥ 2,000 calls before"]
    assert (row["faults"], row["found"], row["median_min"], row["median_calls"]) == (2, 1, 10.0, 100.0)
    assert row["of_bound"] == pytest.approx(100 / 122.9, abs=0.05)
    assert (row["within_2_min"], row["in_time"]) == (0.0, 0.5)


def test_an_outage_of_a_busy_slice_has_its_own_row() -> None:
    told = [ticket(fault()["start"] + 2 * MINUTE_MS)]
    rows = delays([outcome(told, asr=0.0, calls=800), outcome(told, asr=0.0, calls=799)])
    assert rows["full outage at ≥ 20 calls a minute"]["faults"] == 1
    assert rows["full outage at ≥ 20 calls a minute"]["within_2_min"] == 1.0


def test_targets_are_held_against_what_was_measured() -> None:
    runs = [outcome([ticket(fault()["start"] + 2 * MINUTE_MS)])]
    rows = {"Akira, faults": figures(runs, lambda run: run.tickets)}
    told = target_table(rows, delays(runs)).splitlines()
    assert "| recall of the detectable 1.00 (“faults”) | 1 | met |" in told
    assert "| delay median ≤ 3 min | 2 | met |" in told
    assert "| ≤ .5 false tickets a day (“10⁴ slices”) | – | not in this run |" in told
    late = [outcome([ticket(fault()["start"] + 9 * MINUTE_MS)])]
    assert "| delay median ≤ 3 min | 9 | **not met** |" in target_table(rows, delays(late)).splitlines()


def test_every_target_names_a_row_and_a_figure_of_the_tables() -> None:
    runs = [outcome([ticket(fault()["start"])])]
    of_methods, of_delays = figures(runs, lambda run: run.tickets), delays(runs)
    for target in TARGETS:
        if target.table == "methods":
            assert target.row.removeprefix("Akira, ") in SCENARIOS and target.figure in of_methods
        else:
            assert target.figure in of_delays[target.row]


def test_what_was_wrong_is_told_with_its_rates() -> None:
    told = "\n".join(wrongs({"faults": [outcome([ticket((FIRST + 60) * MINUTE_MS)])]}))
    assert "f-1 0d 10:00: asr_drop" in told and "400 calls in 40 min, asr 0.5 → 0.25" in told
    assert "missed" in told and "false: 0d 01:00 ['asr_drop']" in told


def test_a_fault_found_late_and_a_false_ticket_are_told_apart() -> None:
    start = fault()["start"]
    false = ticket((FIRST + 60) * MINUTE_MS)
    early = ticket((FIRST - 60) * MINUTE_MS)
    told = figures([outcome([early, false, ticket(start + 3 * MINUTE_MS)])], lambda run: run.tickets)
    assert told["recall"] == [1.0, 0.0]
    assert told["precision"] == [0.5, 0.0]
    assert told["false_fault_day"] == [1.0, 0.0]
    assert told["false_warm_day"] == [1.0, 0.0]
    assert told["delay_median_min"] == 3.0


def test_the_wrong_cause_and_severity_cost_their_shares() -> None:
    wrong = ticket(fault()["start"], cause={"terminator": ["term-2"]}, severity="SEV3")
    told = score([wrong], [fault()])
    assert (told["recall"], told["cause_exact"], told["severity_exact"]) == (1.0, 0.0, 0.0)


def test_a_fixed_rule_finds_the_fall_and_nothing_before() -> None:
    told = tickets(POLICY, counts_of(), FIRST * MINUTE_MS)
    assert [line["signals"] for line in told] == [["asr_drop"]]
    minute = told[0]["opened_at"] // MINUTE_MS - FIRST
    assert 600 < minute <= 604
    assert tickets(POLICY, counts_of(answers_left=5), FIRST * MINUTE_MS) == []


def test_too_few_calls_are_not_judged() -> None:
    strict = Policy("strict", window=5, every=1, calls=51, answers=51)
    assert tickets(strict, counts_of(), FIRST * MINUTE_MS) == []


def test_the_table_goes_between_its_marks() -> None:
    page = "a\n<!-- truth: begin -->\nold\n<!-- truth: end -->\nb\n"
    assert written(page, "new") == "a\n<!-- truth: begin -->\nnew\n<!-- truth: end -->\nb\n"
    with pytest.raises(ValueError, match="needs"):
        written("no marks", "new")
