"""The scoreboard's own arithmetic: bounds, shares, rules of others, the page."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from benchmarks.truth_figures import bound_calls, figures, score
from benchmarks.truth_incumbents import Policy, tickets
from benchmarks.truth_run import Outcome
from benchmarks.truth_table import written
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
        "calls": 400,
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


def outcome(tickets: list[dict[str, Any]], answers_left: int = 1) -> Outcome:
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
    return Outcome(101, FIRST * MINUTE_MS, 2, tickets, [fault()], {"terminator": counts})


def test_the_bound_is_the_published_one() -> None:
    assert bound_calls(fault()) == pytest.approx(123, abs=1)
    assert bound_calls(fault(asr=0.0)) == pytest.approx(23, abs=1)
    assert bound_calls(fault(asr=0.5)) is None


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
    assert told["delay_of_bound"] == pytest.approx(30 / 122.9, abs=0.01)


def test_the_wrong_cause_and_severity_cost_their_shares() -> None:
    wrong = ticket(fault()["start"], cause={"terminator": ["term-2"]}, severity="SEV3")
    told = score([wrong], [fault()])
    assert (told["recall"], told["cause_exact"], told["severity_exact"]) == (1.0, 0.0, 0.0)


def test_a_fixed_rule_finds_the_fall_and_nothing_before() -> None:
    told = tickets(POLICY, outcome([]))
    assert [line["signals"] for line in told] == [["asr_drop"]]
    minute = told[0]["opened_at"] // MINUTE_MS - FIRST
    assert 600 < minute <= 604
    assert tickets(POLICY, outcome([], answers_left=5)) == []


def test_too_few_calls_are_not_judged() -> None:
    assert tickets(Policy("strict", window=5, every=1, calls=51, answers=51), outcome([])) == []


def test_the_table_goes_between_its_marks() -> None:
    page = "a\n<!-- truth: begin -->\nold\n<!-- truth: end -->\nb\n"
    assert written(page, "new") == "a\n<!-- truth: begin -->\nnew\n<!-- truth: end -->\nb\n"
    with pytest.raises(ValueError, match="needs"):
        written("no marks", "new")
