"""What a fault costs: answers that are missing times the mean charge, a figure for each currency, or none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipeline.answers import Sources
from pipeline.correlate.cost import Charges, charges_of, costs
from pipeline.correlate.impact import Tally
from pipeline.findings import Finding
from pipeline.incidents import Cost, Figure, Incident
from pipeline.names import Names
from pipeline.ports import Batch
from pipeline.quality.recent import Minute
from pipeline.records import CDR_SCHEMA, MINUTE_MS
from pipeline.rows import build, currency_code, currency_name
from pipeline.settings import WatchSettings
from tests.watch.carrier import Carrier, Fault, latest, replay, tariffs
from tests.watch.test_faults import changes, fails

ONSET = 1_000
HALF_HOUR = (ONSET + 30) * MINUTE_MS
LOST = Tally(minutes=30, expected=400.0, missing=300.0)
Charge = tuple[int | None, str | None]


def _minute(minute: int, charges: list[Charge], failed: int = 0) -> Minute:
    """Answered calls with these charges and currencies, and `failed` more."""
    count = len(charges) + failed
    given = pl.DataFrame(
        {
            "call_id": [f"c{minute}-{n}" for n in range(count)],
            "attempt": 1,
            "last_attempt": True,
            "switch": "sw",
            "customer": "acme",
            "terminator": "t1",
            "setup_at": minute * MINUTE_MS - 5000,
            "answered_at": pl.Series([minute * MINUTE_MS - 3000] * len(charges) + [None] * failed, dtype=pl.Int64),
            "ended_at": minute * MINUTE_MS,
            "sip_code": [200] * len(charges) + [503] * failed,
            "charge_micro": pl.Series([charge for charge, _ in charges] + [None] * failed, dtype=pl.Int64),
            "currency": pl.Series([currency for _, currency in charges] + [None] * failed, dtype=pl.String),
            "emitted_at": minute * MINUTE_MS,
        }
    )
    absent = [pl.lit(None, kind).alias(name) for name, kind in CDR_SCHEMA.items() if name not in given.columns]
    frame = given.with_columns(absent).select(list(CDR_SCHEMA)).cast(CDR_SCHEMA)  # type: ignore[arg-type]
    rows = build(frame, Names(), np.zeros(count, np.bool_), Sources(WatchSettings().definitions))
    none = np.zeros(count, np.int64)
    return Minute(minute, rows, none, np.zeros(1, np.int64), np.full(count, np.nan), {})


def _charges(*charges: Charge, failed: int = 0) -> Charges:
    return charges_of({"customer": (0,)}, ONSET, [_minute(ONSET - 9, list(charges), failed)])


def _finding(signal: str = "asr_drop", figure: Figure | None = None, dim: str = "customer", name: str = "a") -> Finding:
    figures = (figure,) if figure else ()
    return Finding(f"{signal}-{name}", signal, {dim: (name,)}, ONSET * MINUTE_MS, figures=figures)


def _costs(charges: Charges, lead: str = "asr_drop", tally: Tally = LOST) -> tuple[Cost, ...]:
    return costs(lead, charges, tally, [_finding()], HALF_HOUR)


def test_missing_answers_cost_the_mean_charge_of_the_calls_before() -> None:
    (cost,) = _costs(_charges(*[(100_000, "EUR")] * 30, *[(400_000, "EUR")] * 30))
    assert cost == Cost("not_carried", "EUR", 150_000_000, 75_000_000, 300.0, 250_000, 60)


def test_each_currency_has_its_part_and_one_of_few_calls_has_none() -> None:
    found = _costs(_charges(*[(100_000, "EUR")] * 60, *[(300_000, "USD")] * 30, *[(900_000, "CHF")] * 10))
    assert [(cost.currency, cost.charge_micro, cost.total_micro) for cost in found] == [
        ("EUR", 60_000, 18_000_000),
        ("USD", 90_000, 27_000_000),
    ]


NO_FIGURE: dict[str, tuple[Charge, ...]] = {
    "no charges": ((None, None),) * 60,
    "free calls": ((0, "EUR"),) * 60,
    "credits": ((-100_000, "EUR"),) * 60,
    "no currency": ((100_000, None),) * 60,
    "too few": ((100_000, "EUR"),) * 29,
    "most without": (*((100_000, "EUR"),) * 30, *((None, None),) * 31),
}


@pytest.mark.parametrize("name", NO_FIGURE)
def test_what_is_not_known_has_no_figure(name: str) -> None:
    assert _costs(_charges(*NO_FIGURE[name])) == ()


CHARGED = Charges(100, 50, 50, {"EUR": (50, 5_000_000)})


@pytest.mark.parametrize(
    ("lead", "tally"),
    [
        ("pdd_rise", LOST),
        ("cdr_missing", LOST),
        ("asr_drop", Tally(minutes=30, expected=400.0, missing=9.0)),
        ("asr_drop", Tally(minutes=30, expected=40_000.0, missing=300.0)),
        ("asr_drop", Tally()),
    ],
)
def test_where_no_answers_are_lost_there_is_no_figure(lead: str, tally: Tally) -> None:
    assert _costs(CHARGED, lead, tally) == ()


def test_free_calls_lower_the_mean() -> None:
    (cost,) = _costs(_charges(*[(0, "EUR")] * 30, *[(100_000, "EUR")] * 30))
    assert cost.charge_micro == 50_000


def test_calls_since_the_onset_stand_in_when_there_were_too_few_before() -> None:
    minutes = [_minute(ONSET - 9, [(900_000, "EUR")] * 9), _minute(ONSET + 1, [(100_000, "EUR")] * 40, failed=60)]
    found = charges_of({"customer": (0,)}, ONSET, minutes)
    assert (found.charged, found.answers_per_call) == (40, 0.0)
    assert _costs(found)[0].charge_micro == 100_000


def test_calls_that_do_not_come_are_worth_their_usual_share_of_answers() -> None:
    charges = _charges(*[(200_000, "EUR")] * 60, failed=40)
    assert charges.answers_per_call == pytest.approx(0.6)
    gone = Figure("traffic_drop", "attempts", 20, 520, 260, 780, 520, "calls")
    seen_twice = [_finding("traffic_drop", gone, "trunk", name) for name in "ab"]
    found = costs("traffic_drop", charges, Tally(), [*seen_twice, _finding("traffic_drop", gone)], HALF_HOUR)
    assert [(cost.calls, cost.per_h_micro, cost.total_micro) for cost in found] == [(600.0, 240_000_000, 120_000_000)]
    blocked = Tally(minutes=30, blocked=100)
    assert _costs(charges, "balance_blocked", blocked)[0].total_micro == 12_000_000


def test_currencies_are_numbers_and_letters_again() -> None:
    for name in ("AAA", "EUR", "USD", "ZZZ"):
        assert currency_name(currency_code(name)) == name
        assert 0 <= currency_code(name) < 2**15


FAULTS: dict[str, Fault] = {
    "terminator": fails({"terminator": 1}, 0.1, 60, 90),
    "half of a destination": fails({"destination": 2}, 0.5, 60, 90),
    "platform": fails({}, 0.02, 60, 90),
    "one customer's traffic": changes({"customer": 4}, 60, 90, keep=False),
    "rating": changes({}, 60, 90, rating=0),
}


def _incident(*faults: Fault) -> tuple[Incident, pl.DataFrame]:
    frame = Carrier(minutes=110, faults=list(faults)).frame()
    (incident,) = latest(replay(Batch("cdr", frame)))
    return incident, frame


@pytest.mark.parametrize("name", FAULTS)
def test_the_estimate_is_near_what_the_same_carrier_lost(name: str) -> None:
    incident, frame = _incident(tariffs, FAULTS[name])
    whole = Carrier(minutes=110, faults=[tariffs]).frame()
    lost = int(whole["charge_micro"].sum()) - int(frame["charge_micro"].sum())
    (cost,) = incident.evidence.costs
    assert cost.kind == ("unrated" if name == "rating" else "not_carried")
    assert cost.total_micro == pytest.approx(lost, rel=0.2)
    assert cost.per_h_micro == pytest.approx(lost * 2, rel=0.2)


def test_a_carrier_without_charges_and_a_fault_that_loses_no_answers_have_no_figure() -> None:
    assert _incident(FAULTS["terminator"])[0].evidence.costs == ()
    slow = changes({"destination": 1}, pdd_ms=lambda ms: ms + 4000)
    assert _incident(tariffs, slow)[0].evidence.costs == ()


def test_the_grade_is_the_same_with_and_without_charges() -> None:
    with_, without = _incident(tariffs, FAULTS["terminator"])[0], _incident(FAULTS["terminator"])[0]
    assert (with_.severity, with_.why, with_.facts) == (without.severity, without.why, without.facts)
