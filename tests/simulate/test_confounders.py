"""What only looks like a fault: each is simulated, labelled as nothing, and does what it says."""

from __future__ import annotations

import polars as pl
import pytest

from akira.simulate.carrier import Carrier
from akira.simulate.confounders import CONFOUNDERS
from akira.simulate.scenario import Scenario
from akira.simulate.world import SCALES, build
from pipeline.records import MINUTE_MS

SMALL = {"scale": "S", "days_before": 0, "days": 1, "calls_per_day": 40_000}
AT, UNTIL = 600, 720


def carrier(kind: str, **more: object) -> Carrier:
    event = {"kind": kind, "at": "10:00", "lasts": "2h", **more}
    return Carrier(Scenario.model_validate(SMALL | {"confounders": [event]}), 3)


def attempts(made: Carrier) -> pl.DataFrame:
    """All attempts with `minute` of the day and whether they lie within the event."""
    rows = pl.concat([stretch.cdr for stretch in made.stretches()])
    minute = (pl.col("setup_at") - made.start) // MINUTE_MS
    return rows.with_columns(minute=minute, within=minute.is_between(AT + 1, UNTIL - 2))


@pytest.mark.parametrize("kind", sorted(CONFOUNDERS))
def test_none_is_labelled_a_fault(kind: str) -> None:
    made = carrier(kind)
    assert len(attempts(made)) > 10_000
    assert made.ledger.truth() == []


def test_a_campaign_is_more_of_the_same_calls() -> None:
    rows = attempts(carrier("campaign", customer="cust-0001", destination="France-Mobile"))
    mine = (pl.col("customer") == "cust-0001") & (pl.col("destination") == "France-Mobile")
    counted = rows.filter(mine).group_by("within").agg(n=pl.len(), asr=pl.col("answered_at").is_not_null().mean())
    calls = {within: (n, asr) for within, n, asr in counted.iter_rows()}
    assert calls[True][0] / 118 > 3 * calls[False][0] / 1322  # per minute
    assert calls[True][1] == pytest.approx(calls[False][1], abs=0.15)


def test_a_supplier_under_maintenance_is_not_tried() -> None:
    rows = attempts(carrier("maintenance", terminator="term-02")).filter(pl.col("within"))
    assert "term-02" not in rows["terminator"]
    assert len(rows) > 1_000


def test_a_dialler_is_garbage_of_one_customer() -> None:
    rows = attempts(carrier("dialler", customer="cust-0007")).filter(pl.col("within"))
    numbers = rows.group_by("customer").agg(unknown=(pl.col("sip_code") == 404).mean()).sort("unknown")
    assert numbers["customer"][-1] == "cust-0007" and numbers["unknown"][-1] > 0.3


def test_clocks_are_off_and_some_records_are_late_or_double() -> None:
    made = carrier("retries")
    assert (made.world.skew_ms != 0).any()
    rows = attempts(made)
    assert (rows["emitted_at"] - rows["ended_at"]).max() > 5_000
    assert rows.select("call_id", "attempt").is_duplicated().any()


def test_drawn_kinds_come_in_turn() -> None:
    some = {"faults": 0, "confounders": 4, "confounder_kinds": ["mix_shift", "holiday"]}
    made = Carrier(Scenario.model_validate(SMALL | {"random": some}), 3)
    kinds = sorted(type(effect).__name__ for effect in made.effects.all)
    assert kinds == ["Clock", "Clock", "Mix", "Mix"]


@pytest.mark.parametrize("scale", sorted(SCALES))
def test_every_scale_has_its_parts(scale: str) -> None:
    world, size = build(SCALES[scale], 1), SCALES[scale]
    assert len(set(world.customers.ids)) == size.customers
    assert len(set(world.destinations.names)) == len(set(world.destinations.prefix.tolist())) == size.destinations
    assert len(world.terminators) == size.terminators and len(world.switches) == size.switches
