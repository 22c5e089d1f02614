"""No directory, one customer, two hours of history: a fault is found all the same, and nothing else."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.directory import Customer, Directory
from pipeline.records import MINUTE_MS
from tests.bad_input.replayed import blank, replayed, seen
from tests.watch.carrier import START_MS, Carrier
from tests.watch.test_faults import fails

DEAD = [("asr_drop", {"terminator": ["term-1"]})]


def test_without_a_directory_everybody_is_a_standard_customer(tmp_path: Path) -> None:
    frame = Carrier(minutes=80, rate=300, faults=[fails({"customer": 0}, 0.05)]).frame()
    known = Directory(customers=(Customer(id="cust-0", major=True),))
    [ticket], [major] = (replayed(tmp_path, frame, who).tickets for who in (Directory(), known))
    assert ticket["cause"] == major["cause"] == {"customer": ["cust-0"]}
    assert (ticket["severity"], major["severity"]) == ("SEV3", "SEV2")
    assert "ASR is answers of seizures (E.411); 402, 403, 404, 484 are no seizures" in ticket["evidence"]["notes"]
    assert [hit["major"] for hit in ticket["customers"]] == [False]


def test_names_that_the_directory_lacks_are_counted(tmp_path: Path) -> None:
    frame = Carrier(minutes=30, rate=60).frame()
    outcome = replayed(tmp_path, frame, Directory(customers=(Customer(id="somebody"),)))
    assert outcome.strangers["customer"].total() == len(frame) and seen(outcome) == []


def test_one_customer_only_quiet_and_with_a_dead_terminator(tmp_path: Path) -> None:
    calm = Carrier(minutes=80, rate=200).frame().with_columns(customer=pl.lit("only"))
    assert seen(replayed(tmp_path, calm)) == []
    faulty = Carrier(minutes=80, rate=200, faults=[fails({"terminator": 1}, 0.05)]).frame()
    assert seen(replayed(tmp_path, faulty.with_columns(customer=pl.lit("only")))) == DEAD


def test_one_switch_one_terminator_and_nothing_else_given(tmp_path: Path) -> None:
    frame = Carrier(minutes=80, rate=200, faults=[fails({}, 0.05)]).frame()
    bare = frame.with_columns(customer=pl.lit("only"), switch=pl.lit("default"))
    for column in ("terminator", "destination"):
        bare = blank(bare, column)
    [ticket] = replayed(tmp_path, bare).tickets
    assert (ticket["severity"], ticket["cause"]) == ("SEV1", {})


def test_in_the_first_two_hours_nothing_is_invented_and_a_fault_is_found(tmp_path: Path) -> None:
    for seed in range(3):
        assert seen(replayed(tmp_path, Carrier(minutes=120, rate=40, seed=seed).frame())) == []
    faulty = Carrier(minutes=120, rate=200, faults=[fails({"terminator": 1}, 0.05, 100, 118)]).frame()
    outcome = replayed(tmp_path, faulty)
    assert seen(outcome) == DEAD
    assert 0 < outcome.tickets[0]["opened_at"] - (START_MS + 100 * MINUTE_MS) <= 6 * MINUTE_MS


def test_slices_with_not_enough_calls_are_counted(tmp_path: Path) -> None:
    quiet, busy = (replayed(tmp_path, Carrier(minutes=65, rate=rate).frame()).stats for rate in (2, 200))
    assert quiet["slices_thin"] > 0.8 * quiet["slices"] > 0
    assert busy["slices_thin"] == 0 < busy["slices"]
