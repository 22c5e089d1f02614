"""What a fault does to the slice it names, and what its label says of it."""

from __future__ import annotations

import polars as pl

from akira.simulate.carrier import Carrier
from akira.simulate.scenario import Scenario
from pipeline.records import MINUTE_MS

SMALL = {"scale": "S", "days_before": 0, "days": 1, "calls_per_day": 60_000}


def run(**fault: object) -> tuple[dict[str, object], pl.DataFrame, pl.DataFrame]:
    """The label of one fault from 10:00 to 12:00, and the attempts before it and within it."""
    event = {"at": "10:00", "lasts": "2h", **fault}
    made = Carrier(Scenario.model_validate(SMALL | {"faults": [event]}), 3)
    rows = pl.concat([stretch.cdr for stretch in made.stretches()])
    minute = (pl.col("setup_at") - made.start) // MINUTE_MS
    before, within = rows.filter(minute < 599), rows.filter(minute.is_between(601, 718))
    return made.ledger.truth()[0], before, within


def test_the_label_counts_the_calls_before() -> None:
    label, before, _ = run(kind="asr_drop", terminator="term-01", strength=0.0)
    mine = before.filter(pl.col("terminator") == "term-01")
    assert abs(int(str(label["baseline_calls"])) - len(mine)) < 0.01 * len(mine)
    assert label["asr"] == 0.0


def test_a_slice_is_chosen_as_busy_as_asked() -> None:
    label, _, within = run(kind="asr_drop", style="destination", strength=0.0, calls_per_minute=3.0)
    cause = label["cause"]
    assert isinstance(cause, dict)
    assert len(within.filter(pl.col("destination").is_in(cause["destination"]))) > 3 * 120


def test_a_bad_route_takes_the_whole_destination() -> None:
    cause = {"terminator": "term-02", "destination": "France-Mobile"}
    label, _, within = run(kind="asr_drop", style="bad_route", strength=0.1, **cause)
    here = within.filter((pl.col("destination") == "France-Mobile") & (pl.col("attempt") == 1))
    tried = here.filter(pl.col("terminator").is_not_null())
    assert label["cause"] == {"terminator": ["term-02"], "destination": ["France-Mobile"]}
    assert tried["terminator"].unique().to_list() == ["term-02"]
    assert len(tried) > 100


def test_one_way_audio_has_no_media_from_the_supplier() -> None:
    _, before, within = run(kind="acd_drop", style="one_way", terminator="term-01")
    talked = (pl.col("terminator") == "term-01") & pl.col("answered_at").is_not_null()
    assert within.filter(talked)["rtp_rx"].max() == 0
    assert before.filter(talked)["rtp_rx"].median() > 0  # type: ignore[operator]
