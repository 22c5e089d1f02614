"""What a fault costs: answers that are missing times the mean charge, a figure for each currency, or none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pipeline.answers import Sources
from pipeline.correlate.cost import costs
from pipeline.correlate.loss import Loss, loss_of
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
ONSET_MS = ONSET * MINUTE_MS
HALF_HOUR = (ONSET + 30) * MINUTE_MS
LOST = (300.0, 600.0)
SLICE = {"customer": (0,)}
Charge = tuple[int | None, str | None]


def _minute(minute: int, charges: list[Charge], failed: int = 0, age_s: int = 5, **columns: object) -> Minute:
    """Answered calls with these charges and currencies, and `failed` more, set up `age_s` before their end."""
    count = len(charges) + failed
    ended, setup = minute * MINUTE_MS + 30_000, minute * MINUTE_MS + 30_000 - age_s * 1000
    given = pl.DataFrame(
        {
            "call_id": [f"c{minute}-{n}" for n in range(count)],
            "attempt": 1,
            "last_attempt": True,
            "switch": "sw",
            "customer": "acme",
            "terminator": "t1",
            "setup_at": setup,
            "answered_at": pl.Series([setup + 2000] * len(charges) + [None] * failed, dtype=pl.Int64),
            "ended_at": ended,
            "sip_code": [200] * len(charges) + [503] * failed,
            "charge_micro": pl.Series([charge for charge, _ in charges] + [None] * failed, dtype=pl.Int64),
            "currency": pl.Series([currency for _, currency in charges] + [None] * failed, dtype=pl.String),
            "emitted_at": ended,
        }
    ).with_columns(pl.lit(value).alias(name) for name, value in columns.items())
    absent = [pl.lit(None, kind).alias(name) for name, kind in CDR_SCHEMA.items() if name not in given.columns]
    frame = given.with_columns(absent).select(list(CDR_SCHEMA)).cast(CDR_SCHEMA)  # type: ignore[arg-type]
    rows = build(frame, NAMES, np.zeros(count, np.bool_), Sources(WatchSettings().definitions))
    none = np.zeros(count, np.int64)
    return Minute(minute, rows, none, np.zeros(1, np.int64), np.full(count, np.nan), {})


NAMES = Names()
"""Learns acme and t1, then t2, as the minutes are made."""


def _loss(*charges: Charge, failed: int = 0) -> Loss:
    return loss_of(SLICE, ONSET_MS, [_minute(ONSET - 9, list(charges), failed)])


def _counted(cause: dict[str, tuple[int, ...]], before: list[Minute], during: list[Minute]) -> tuple[float, float]:
    loss = loss_of(cause, ONSET_MS, before)
    for closed in during:
        loss.add(cause, closed)
    return loss.count(HALF_HOUR)


def _finding(signal: str = "asr_drop", figure: Figure | None = None, dim: str = "customer", name: str = "a") -> Finding:
    figures = (figure,) if figure else ()
    return Finding(f"{signal}-{name}", signal, {dim: (name,)}, ONSET_MS, figures=figures)


def _costs(loss: Loss, missing: tuple[float, float] = LOST, over: bool = False) -> tuple[Cost, ...]:
    return costs("asr_drop", loss, missing, [_finding()], HALF_HOUR, over)


def test_missing_answers_cost_the_mean_charge_of_the_calls_before() -> None:
    (cost,) = _costs(_loss(*[(100_000, "EUR")] * 30, *[(400_000, "EUR")] * 30))
    assert cost == Cost("not_carried", "EUR", 150_000_000, 75_000_000, 300.0, 250_000, 60)


def test_each_currency_has_its_part_and_one_of_few_calls_has_none() -> None:
    found = _costs(_loss(*[(100_000, "EUR")] * 60, *[(300_000, "USD")] * 30, *[(900_000, "CHF")] * 10))
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
    assert _costs(_loss(*NO_FIGURE[name])) == ()


def test_a_few_missing_answers_have_no_figure_and_an_hour_of_what_is_over_is_the_mean() -> None:
    loss = _loss(*[(100_000, "EUR")] * 60)
    assert _costs(loss, (9.9, 20.0)) == ()
    assert _costs(loss, (300.0, 0.0)) == ()
    assert _costs(loss, (300.0, 0.0), over=True)[0].per_h_micro == 60_000_000


def test_free_calls_lower_the_mean() -> None:
    (cost,) = _costs(_loss(*[(0, "EUR")] * 30, *[(100_000, "EUR")] * 30))
    assert cost.charge_micro == 50_000


def test_a_charge_in_other_units_is_not_believed() -> None:
    (cost,) = _costs(_loss(*[(100_000, "EUR")] * 59, (10**11, "EUR")))
    assert (cost.charge_micro, cost.charged_calls) == (100_000, 59)


def test_charges_since_the_onset_stand_in_when_there_were_too_few_before() -> None:
    minutes = [_minute(ONSET - 9, [(900_000, "EUR")] * 9, failed=21), _minute(ONSET + 1, [(100_000, "EUR")] * 40)]
    loss = loss_of(SLICE, ONSET_MS, minutes)
    assert (loss.charges.charged, loss.charges.answered) == (40, 0.3)
    assert _costs(loss)[0].charge_micro == 100_000


PRICED: list[Charge] = [(100_000, "EUR")]


@pytest.mark.parametrize(
    ("answered", "failed", "missing"),
    [(10, 90, 50.0), (0, 20, 12.0), (52, 48, 0.0), (70, 30, 0.0), (2860, 2140, 0.0)],
    ids=["most gone", "all of few", "chance", "more than ever", "less than 5 %"],
)
def test_answers_are_missing_beyond_chance(answered: int, failed: int, missing: float) -> None:
    before, during = _minute(ONSET - 9, PRICED * 6_000, failed=4_000), _minute(ONSET + 1, PRICED * answered, failed)
    assert _counted(SLICE, [before], [during]) == pytest.approx((missing, 2 * missing))


def test_calls_of_before_the_onset_that_go_on_ending_are_no_answers_of_the_fault() -> None:
    before = _minute(ONSET - 9, PRICED * 600, failed=400)
    during = [_minute(ONSET + 1, PRICED * 90, age_s=300), _minute(ONSET + 2, [], failed=100)]
    assert _counted(SLICE, [before], during)[0] == pytest.approx(60.0)


def test_what_another_terminator_answers_later_is_not_missing() -> None:
    before = _minute(ONSET - 9, PRICED * 600, failed=400)
    tried = _minute(ONSET + 1, [], failed=100, last_attempt=False)
    names = [f"c{ONSET + 1}-{n}" for n in range(60)]
    again = _minute(ONSET + 9, PRICED * 60, age_s=480, attempt=2, terminator="t2").rows
    carried = _minute(ONSET + 9, PRICED * 60, age_s=480)
    carried = replace(carried, rows=replace(again, call=tried.rows.call[: len(names)]))
    at_t1 = {"terminator": (0,)}
    assert _counted(at_t1, [before], [tried])[0] == pytest.approx(60.0)
    assert _counted(at_t1, [before], [tried, carried])[0] == 0.0


def test_a_long_fault_is_counted_to_its_end() -> None:
    loss = loss_of(SLICE, ONSET_MS, [_minute(ONSET - 9, PRICED * 600, failed=400)])
    for now in range(1, 121):
        loss.add(SLICE, _minute(ONSET + now - 1, PRICED * 10, failed=90))
        assert loss.count((ONSET + now) * MINUTE_MS) == pytest.approx((50.0 * now, 50.0 * 60))


def test_an_hours_loss_is_that_of_late() -> None:
    loss = loss_of(SLICE, ONSET_MS, [_minute(ONSET - 9, PRICED * 600, failed=400)])
    for now in range(60):
        loss.add(SLICE, _minute(ONSET + now, [] if now < 30 else PRICED * 55, failed=100 if now < 30 else 45))
    assert loss.count((ONSET + 60) * MINUTE_MS) == pytest.approx((30 * 60.0 + 30 * 5.0, 30 * 5.0 * 2))


def test_calls_that_do_not_come_are_worth_their_usual_share_of_answers() -> None:
    loss = _loss(*[(200_000, "EUR")] * 60, failed=40)
    gone = Figure("traffic_drop", "attempts", 20, 520, 260, 780, 520, "calls")
    seen_twice = [_finding("traffic_drop", gone, "trunk", name) for name in "ab"]
    found = costs("traffic_drop", loss, (0.0, 0.0), [*seen_twice, _finding("traffic_drop", gone)], HALF_HOUR, False)
    assert [(cost.calls, cost.per_h_micro, cost.total_micro) for cost in found] == [(600.0, 240_000_000, 120_000_000)]


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
    assert cost.total_micro == pytest.approx(lost, rel=0.15)
    assert cost.per_h_micro == pytest.approx(lost * 2, rel=0.15)


def test_a_carrier_without_charges_and_a_fault_that_loses_no_answers_have_no_figure() -> None:
    assert _incident(FAULTS["terminator"])[0].evidence.costs == ()
    slow = changes({"destination": 1}, pdd_ms=lambda ms: ms + 4000)
    assert _incident(tariffs, slow)[0].evidence.costs == ()


def test_the_grade_is_the_same_with_and_without_charges() -> None:
    with_, without = _incident(tariffs, FAULTS["terminator"])[0], _incident(FAULTS["terminator"])[0]
    assert (with_.severity, with_.why, with_.facts) == (without.severity, without.why, without.facts)
