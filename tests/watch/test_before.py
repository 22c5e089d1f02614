"""What an incident says of the time before it: the traffic that moved to the cause, and how much the cause explains."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.records import MINUTE_MS
from tests.watch.carrier import START_MS, Carrier, Columns, Fault, latest, replay
from tests.watch.test_faults import fails


def moves(since: int, share: float) -> Fault:
    """From minute `since` on, a share of Gamma's calls that went elsewhere goes over term-1."""

    def apply(c: Columns, minute: np.ndarray, rng: np.random.Generator) -> None:
        hit = (c["destination"] == 2) & (minute >= since) & (rng.random(len(minute)) < share)
        c["terminator"][hit] = 1

    return apply


def _incident(*faults: Fault) -> Incident:
    (incident,) = latest(replay(Batch("cdr", Carrier(faults=list(faults)).frame())))
    return incident


@pytest.mark.parametrize("where", [{"terminator": 1}, {"terminator": 1, "destination": 2}])
def test_traffic_that_moved_to_the_cause_is_told_with_its_minute(where: dict[str, int]) -> None:
    incident = _incident(moves(45, 0.8), fails(where, 0.1))
    (moved,) = incident.evidence.moves
    assert abs((moved.at_ms - START_MS) / MINUTE_MS - 45) <= 1
    assert moved.words.startswith("Gamma moved to term-1: 3") and "then 8" in moved.words


def test_steady_routes_and_small_moves_are_not_told() -> None:
    assert _incident(fails({"terminator": 1}, 0.1)).evidence.moves == ()
    assert _incident(moves(45, 0.2), fails({"terminator": 1}, 0.1)).evidence.moves == ()


def test_a_fault_of_one_customer_is_no_matter_of_routes() -> None:
    assert _incident(moves(45, 0.8), fails({"customer": 3}, 0.1)).evidence.moves == ()


def test_what_moves_away_because_of_the_fault_is_not_before_it() -> None:
    assert _incident(fails({"destination": 2}, 0.1), moves(63, 0.9)).evidence.moves == ()


def test_examples_and_remarks_outlive_the_fault() -> None:
    incident = _incident(fails({"terminator": 1}, 0.1))
    assert incident.recovered_at_ms is not None
    assert len(incident.evidence.examples) == 10 and "of the failures" in " ".join(incident.evidence.notes)


def test_the_chart_bears_the_name_of_what_it_shows_and_remarks_come_once() -> None:
    evidence = _incident(fails({}, 0.02)).evidence
    assert evidence.figures[0].signal == "platform_down" and evidence.chart_of is not None
    assert evidence.chart_of.signal in ("asr_drop", "ner_drop")
    assert abs(evidence.series[0].expected - evidence.chart_of.expected) < 0.1
    assert sum("of the failures" in note for note in evidence.notes) == 1


def test_the_share_of_the_excess_and_the_facts_of_the_grade_are_kept() -> None:
    facts = _incident(fails({"terminator": 1}, 0.1)).facts
    assert 0.9 <= float(facts["explained"]) <= 1.0
    assert facts["majors"] == 1 and facts["platform_down"] is False
