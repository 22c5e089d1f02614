"""The first look at a CDR sample: each doubt is raised by what it is about, and by nothing else."""

from __future__ import annotations

from typing import Any

import polars as pl

from akira.doubts import Doubt, directory_doubts, doubts
from connectors.rows.understanding import Understanding
from pipeline.directory import Customer, Destination, Directory, Terminator
from pipeline.ports import Reject
from pipeline.records import CDR_SCHEMA

START_MS = 1_772_445_600_000
HOUR_MS = 3_600_000
KNOWN = Directory(customers=(Customer(id="alfa"),), terminators=(Terminator(id="gw1"),))


def told(**changes: Any) -> Understanding:
    base: dict[str, Any] = {
        "format": "test",
        "times": "epoch ms",
        "zone": "Europe/Paris",
        "duration": "not used",
        "answered_only": False,
        "legs": "one",
        "identity": ("call_id",),
    }
    return Understanding(**{**base, **changes})


def calls(count: int = 60, **columns: pl.Expr) -> pl.DataFrame:
    """Calls of an ordinary carrier: half answered, ringing after 2 s, failures with a code."""
    number = pl.int_range(count, eager=True)
    setup = START_MS + number * 1000
    answered = pl.when(pl.col("n") % 2 == 0).then(pl.col("setup_at") + 5_000)
    frame = pl.DataFrame({"n": number, "setup_at": setup}).with_columns(
        pl.format("c{}", "n").alias("call_id"),
        pl.lit(1, pl.Int32).alias("attempt"),
        pl.lit("sw").alias("switch"),
        pl.lit("alfa").alias("customer"),
        pl.lit("gw1").alias("terminator"),
        (pl.col("setup_at") + 2_000).alias("ringing_at"),
        answered.alias("answered_at"),
        (pl.col("setup_at") + 65_000).alias("ended_at"),
        pl.when(pl.col("n") % 2 == 0).then(200).otherwise(486).cast(pl.Int16).alias("sip_code"),
        pl.when(pl.col("n") % 2 == 0).then(60_000).alias("billed_ms"),
    )
    frame = frame.with_columns(**columns)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in CDR_SCHEMA.items()
    )


def seen(frame: pl.DataFrame, understanding: Understanding | None = None, **others: Any) -> list[Doubt]:
    ended = frame["ended_at"].max()
    assert isinstance(ended, int)
    written_ms = others.get("written_ms", ended + 1_000)
    return doubts(frame, others.get("rejects", ()), understanding or told(), KNOWN, written_ms)


def one(found: list[Doubt]) -> Doubt:
    assert len(found) == 1, found
    return found[0]


def test_an_ordinary_sample_raises_no_doubt() -> None:
    assert seen(calls()) == []


def test_a_zone_that_is_off_is_told_by_the_time_of_the_file() -> None:
    last = START_MS + 59_000 + 65_000
    ahead = one(seen(calls(), written_ms=last - 2 * HOUR_MS + 30_000))
    assert ahead.grave and "by 2 h" in ahead.what and "Europe/Paris" in ahead.cure
    behind = one(seen(calls(), written_ms=last + 5 * HOUR_MS))
    assert not behind.grave and "5.0 h before" in behind.what
    assert seen(calls(), written_ms=last + 100 * HOUR_MS) == []
    assert seen(calls(), written_ms=last + 30 * 60_000 + 400_000) == []
    clock = one(seen(calls(), written_ms=last - 400_000))
    assert clock.grave and "offset" not in clock.what


def test_only_answered_calls_make_asr_false_unless_it_is_known() -> None:
    all_answered = calls(answered_at=pl.col("setup_at") + 5_000, sip_code=pl.lit(200), billed_ms=pl.lit(60_000))
    assert one(seen(all_answered)).grave
    assert "ASR would read 100 %" in one(seen(all_answered)).what
    assert seen(all_answered, told(answered_only=True)) == []
    none = one(seen(calls(answered_at=pl.lit(None, pl.Int64))))
    assert none.grave and "no call was answered" in none.what
    few = calls(100, answered_at=pl.when(pl.col("n") == 0).then(pl.col("setup_at") + 5_000))
    assert "1.0% of the calls" in one(seen(few)).what


def test_ringing_that_is_missing_is_doubted_only_where_it_is_asked() -> None:
    silent = calls(ringing_at=pl.lit(None, pl.Int64))
    assert one(seen(silent)).grave
    assert seen(silent, told(disabled=(("pdd_rise", "no ringing time"),))) == []


def test_durations_that_disagree() -> None:
    wrong = calls(billed_ms=pl.when(pl.col("n") % 2 == 0).then(600_000))
    assert "billed time differs" in one(seen(wrong)).what
    at_once = calls(
        ringing_at=pl.col("setup_at"),
        answered_at=pl.when(pl.col("n") % 2 == 0).then(pl.col("setup_at")),
        billed_ms=pl.lit(None, pl.Int64),
    )
    assert "as they were set up" in one(seen(at_once)).what
    endless = calls(ended_at=pl.col("setup_at") + 6 * HOUR_MS, billed_ms=pl.lit(None, pl.Int64))
    assert "longer than 4 h" in one(seen(endless)).what


def test_failures_without_a_code_and_calls_without_a_supplier() -> None:
    assert "neither a SIP code" in one(seen(calls(sip_code=pl.lit(None, pl.Int16)))).what
    away = seen(calls(terminator=pl.lit(None, pl.String)))
    assert [doubt.grave for doubt in away if "supplier" in doubt.what] == [True]


def test_names_that_the_directory_lacks_and_identities_that_repeat() -> None:
    stranger = one(seen(calls(customer=pl.when(pl.col("n") < 3).then(pl.lit("zeta")).otherwise(pl.lit("alfa")))))
    assert "1 customer(s)" in stranger.what and "zeta" in stranger.what and "3 records" in stranger.what
    twice = one(seen(calls(call_id=pl.format("c{}", pl.col("n") // 2))))
    assert twice.grave and twice.what.startswith("30 of 60")


def test_numbers_of_no_destination_are_told_by_their_first_digits() -> None:
    most = calls(dialed=pl.when(pl.col("n") < 50).then(pl.lit("+4420794601")).otherwise(pl.lit("33170180001")))
    doubt = one(seen(most))
    assert doubt.what == "60 of 60 dialled numbers belong to no destination: 44… (50), 33… (10)" and not doubt.grave
    few = most.with_columns(destination=pl.when(pl.col("dialed") != "33170180001").then(pl.lit("UK")))
    assert seen(few) == []


def test_refusals_are_counted_with_the_first_place() -> None:
    rejects = tuple(Reject("f", line, "start", "bad_time", "epoch", "x") for line in (7, 9))
    found = one(seen(calls(), rejects=rejects))
    assert found.what == "2 of 62 refused (bad_time), first at line 7, field start"
    assert found.cure == "expected epoch" and not found.grave
    many = one(seen(calls(), rejects=rejects * 10))
    assert many.grave
    aside = (Reject("f", 1, None, "set_aside", "one leg", "x"),) * 60
    assert not one(seen(calls(), rejects=aside)).grave
    nothing = doubts(calls().clear(), rejects, told(), KNOWN, None)
    assert nothing[-1].grave and "no record" in nothing[-1].what


def test_few_records_say_nothing_about_shares() -> None:
    assert seen(calls(5, answered_at=pl.lit(None, pl.Int64))) == []


def test_destinations_to_which_nothing_belongs() -> None:
    directory = Directory(
        destinations=(
            Destination(name="US", prefixes=("1", "+1")),
            Destination(name="UK", prefixes=("00 44",)),
            Destination(name="nowhere"),
        )
    )
    assert [(d.what, d.grave) for d in directory_doubts(directory)] == [
        ("destination UK: prefix 00 44", True),
        ("destination nowhere: no prefix", False),
    ]
