"""What a fault does to the slice it names, and what its label says of it."""

from __future__ import annotations

import polars as pl
import pytest

from akira.errors import OperatorError
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


def test_a_late_disconnect_hides_who_hung_up_and_bills_the_silence() -> None:
    label, before, within = run(kind="fas", style="late_disconnect", terminator="term-01", strength=1.0)
    assert label["tolerated"] is True and label["cause"] == {"terminator": ["term-01"]}
    talked = (pl.col("terminator") == "term-01") & pl.col("answered_at").is_not_null()
    talk_s = (pl.col("ended_at") - pl.col("answered_at")) / 1000
    silent_s = talk_s - pl.col("rtp_rx") / 50
    usual, hidden = (
        rows.filter(talked)
        .select(
            callee=(pl.col("released_by") == "callee").mean(),
            late=(silent_s > 19).mean(),
            longest=silent_s.max(),
            short=(pl.col("rtp_tx") / 50 < talk_s - 1).any(),
        )
        .row(0, named=True)
        for rows in (before, within)
    )
    assert usual["callee"] > 0.3 and usual["late"] == 0.0
    assert hidden["callee"] == 0.0 and hidden["late"] > 0.3 and hidden["longest"] < 62 and not hidden["short"]


def test_a_loop_brings_a_call_back_to_the_same_supplier_until_the_limit() -> None:
    label, _, within = run(kind="route_failover", style="loop", terminator="term-02")
    assert label["cause"] == {"terminator": ["term-02"]} and label["asr"] == 0.0
    whole = pl.col("setup_at") < within["setup_at"].max() - MINUTE_MS
    first = within.filter((pl.col("attempt") == 1) & (pl.col("terminator") == "term-02") & whole)
    caught = within.filter(pl.col("call_id").is_in(first["call_id"].implode())).unique(["call_id", "attempt"])
    calls = caught.group_by("call_id").agg("attempt", pl.col("terminator").unique(), pl.col("last_attempt").sum())
    assert len(calls) > 100
    assert all(sorted(tries) == [*range(1, 9)] for tries in calls["attempt"].to_list())
    assert calls["terminator"].to_list() == [["term-02"]] * len(calls)
    assert calls["last_attempt"].to_list() == [1] * len(calls)
    customers = label["customers"]
    assert isinstance(customers, list) and set(caught["customer"]) <= set(customers)


def test_a_loop_may_go_to_and_fro_and_be_left_by_an_answer() -> None:
    pair = ["term-02", "term-04"]
    _, before, within = run(kind="route_failover", style="loop", terminator=pair, strength=0.3)
    looped = within.filter(pl.col("terminator").is_in(pair))
    second = looped.filter(pl.col("attempt") == 2)
    assert before["attempt"].max() <= 4 < looped["attempt"].max()  # type: ignore[operator]
    assert second["terminator"].unique().sort().to_list() == pair
    assert looped.filter(pl.col("attempt") > 1)["answered_at"].is_not_null().any()
    assert looped.filter(pl.col("attempt") == 8)["last_attempt"].all()


def test_a_loop_needs_suppliers() -> None:
    with pytest.raises(OperatorError, match="goes round among suppliers"):
        run(kind="route_failover", style="loop", destination="France-Mobile")
