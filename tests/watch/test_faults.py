"""Each question finds its fault, on its cause, with its severity; a quiet carrier raises nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.ports import Batch
from pipeline.records import MINUTE_MS
from tests.watch.carrier import START_MS, Carrier, Columns, Fault, latest, replay


def fails(where: dict[str, int], left: float, since: int = 60, until: int = 75) -> Fault:
    """Answers inside `where` fall to the share `left`."""

    def apply(c: Columns, minute: np.ndarray, rng: np.random.Generator) -> None:
        hit = _inside(c, minute, where, since, until) & (rng.random(len(minute)) >= left)
        c["answered"][hit] = False
        c["sip_code"][hit] = 503

    return apply


def changes(where: dict[str, int], since: int = 60, until: int = 75, **values: object) -> Fault:
    """Columns inside `where` become `values` (a callable gets the old ones)."""

    def apply(c: Columns, minute: np.ndarray, rng: np.random.Generator) -> None:
        hit = _inside(c, minute, where, since, until)
        for name, value in values.items():
            c[name][hit] = value(c[name][hit]) if callable(value) else value

    return apply


def _inside(c: Columns, minute: np.ndarray, where: dict[str, int], since: int, until: int) -> np.ndarray:
    hit = (minute >= since) & (minute < until)
    for dim, value in where.items():
        hit &= c[dim] == value
    return hit


CASES = {
    "terminator": (fails({"terminator": 1}, 0.1), "asr_drop", {"terminator": ("term-1",)}, "SEV2"),
    "one destination of a terminator": (
        fails({"terminator": 1, "destination": 2}, 0.1),
        "asr_drop",
        {"terminator": ("term-1",), "destination": ("Gamma",)},
        "SEV2",
    ),
    "standard customer": (fails({"customer": 3}, 0.1), "asr_drop", {"customer": ("cust-3",)}, "SEV3"),
    "major customer": (fails({"customer": 0}, 0.1), "asr_drop", {"customer": ("cust-0",)}, "SEV2"),
    "platform": (fails({}, 0.02), "platform_down", {}, "SEV1"),
    "slow ringing": (
        changes({"destination": 1}, pdd_ms=lambda ms: ms + 4000),
        "pdd_rise",
        {"destination": ("Beta",)},
        "SEV2",
    ),
    "false answers": (
        changes({"terminator": 2}, rang=False, media=0),
        "fas",
        {"terminator": ("term-2",)},
        "SEV2",
    ),
    "rating": (changes({}, rating=0), "rating_failure", {}, "SEV2"),
    "one customer's traffic": (
        changes({"customer": 4}, keep=False),
        "traffic_drop",
        {"customer": ("cust-4",)},
        "SEV3",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_one_incident_with_its_cause_and_severity(name: str) -> None:
    fault, signal, cause, severity = CASES[name]
    told = replay(Batch("cdr", Carrier(faults=[fault]).frame()))
    incidents = latest(told)
    assert [dict(i.cause) for i in incidents] == [cause], [(i.lead, dict(i.cause)) for i in incidents]
    (incident,) = incidents
    assert signal in incident.signals
    assert incident.severity == severity, incident.why
    onset_min = (incident.onset_ms - START_MS) / MINUTE_MS
    assert 58 <= onset_min <= 63
    assert (incident.opened_at_ms - START_MS) / MINUTE_MS <= 66
    assert incident.recovered_at_ms is not None


def test_a_quiet_carrier_raises_nothing() -> None:
    assert replay(Batch("cdr", Carrier(minutes=240, seed=5).frame())) == []


def test_two_overlapping_faults_stay_two_incidents() -> None:
    faults = [fails({"customer": 3}, 0.1), changes({"destination": 1}, since=64, pdd_ms=lambda ms: ms + 4000)]
    causes = [dict(i.cause) for i in latest(replay(Batch("cdr", Carrier(faults=faults).frame())))]
    assert sorted(map(str, causes)) == sorted(map(str, [{"customer": ("cust-3",)}, {"destination": ("Beta",)}]))


def test_a_fault_that_returns_is_the_same_incident_with_a_flap() -> None:
    faults = [fails({"terminator": 1}, 0.05, 60, 68), fails({"terminator": 1}, 0.05, 80, 88)]
    incidents = latest(replay(Batch("cdr", Carrier(minutes=110, faults=faults).frame())))
    assert [(dict(i.cause), i.flaps) for i in incidents] == [({"terminator": ("term-1",)}, 1)]


def test_a_dialler_with_bad_luck_is_no_fault() -> None:
    def dialler(c: Columns, minute: np.ndarray, rng: np.random.Generator) -> None:
        # half of the calls become one customer's, unanswered, on top of the traffic of before
        hit = (minute >= 60) & (minute < 75) & (np.arange(len(minute)) % 2 == 0)
        c["keep"][~hit & (np.arange(len(minute)) % 2 == 0)] = False
        c["customer"][hit] = 3
        c["answered"][hit] = False
        c["sip_code"][hit] = 480

    assert latest(replay(Batch("cdr", Carrier(rate=800, faults=[dialler]).frame()))) == []
