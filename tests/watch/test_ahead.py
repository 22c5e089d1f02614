"""Records from the future: dated when they come while the stream goes on, believed when nothing else comes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from akira.watching import new_watch
from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.records import BALANCE_SCHEMA, MINUTE_MS, SIP_SCHEMA
from pipeline.settings import WatchSettings
from pipeline.watch import Watch
from tests.watch.carrier import DIRECTORY, START_MS, Carrier, latest, watch
from tests.watch.test_faults import fails

TIMES = ("setup_at", "ringing_at", "answered_at", "ended_at", "emitted_at")
HOUR_MS = 3_600_000


def live(frame: pl.DataFrame, since: Watch | None = None) -> tuple[Watch, list[Incident]]:
    """The records as they come: the first minute at once, then five seconds a batch."""
    present, told = since or watch(), []
    begun = pl.col("came").clip(frame["came"].min() + MINUTE_MS)
    for _, part in frame.group_by(begun // 5000, maintain_order=True):
        told += present.feed(Batch("cdr", part.drop("came")))
    return present, told


def fast(frame: pl.DataFrame, by_ms: int, where: pl.Expr) -> pl.DataFrame:
    """The clock of some is fast; they come when they came before."""
    came = frame.with_columns(came="emitted_at")
    return came.with_columns(pl.when(where).then(pl.col(name) + by_ms).otherwise(name).alias(name) for name in TIMES)


@pytest.mark.parametrize("by_h", [1, 3, 20])
def test_a_switch_with_a_fast_clock_makes_no_ticket_and_hides_none(by_h: int) -> None:
    frame = Carrier(minutes=50, rate=300, faults=[fails({"terminator": 1}, 0.1, 30, 50)]).frame()
    wrong = fast(frame, by_h * HOUR_MS, pl.col("switch") == "sw-1")
    present, told = live(wrong)
    assert [(i.lead, dict(i.cause)) for i in latest(told)] == [("asr_drop", {"terminator": ("term-1",)})]
    assert latest(told)[0].opened_at_ms <= START_MS + 35 * MINUTE_MS
    assert present.stats()["ahead"] > 0.4 * len(frame) and present.stats()["late"] == 0


def test_a_clock_that_jumps_ahead_in_the_middle_makes_no_ticket() -> None:
    frame = Carrier(minutes=60, rate=200).frame()
    jumped = (pl.col("switch") == "sw-1") & (pl.col("emitted_at") >= START_MS + 30 * MINUTE_MS)
    _, told = live(fast(frame, 2 * HOUR_MS, jumped))
    assert told == []


def test_one_wild_record_does_not_move_the_clock() -> None:
    frame = Carrier(minutes=20, rate=200).frame()
    wild = pl.col("call_id") == frame["call_id"][2000]
    present, told = live(fast(frame, 24 * HOUR_MS, wild))
    assert told == [] and present.stats()["ahead"] == 1 and present.stats()["late"] == 0
    assert present.clock_ms is not None and present.clock_ms < START_MS + 30 * MINUTE_MS


def test_a_real_gap_is_believed_and_survives_a_restart() -> None:
    frame = Carrier(minutes=40, rate=200).frame()
    gone = frame.filter(~pl.col("emitted_at").is_between(START_MS + 10 * MINUTE_MS, START_MS + 30 * MINUTE_MS))
    back = np.flatnonzero(gone["emitted_at"].to_numpy() > START_MS + 30 * MINUTE_MS)[0]
    came = gone.with_columns(came="emitted_at")
    present, _ = live(came[: back + 200])
    assert present.clock_ms is not None and present.clock_ms < START_MS + 11 * MINUTE_MS
    restarted, _ = live(came[back + 200 :], new_watch(DIRECTORY, WatchSettings(), present.snapshot()))
    restarted.finish()
    assert restarted.stats()["ahead"] == 0 and restarted.stats()["late"] == 0
    assert restarted.clock_ms is not None and restarted.clock_ms > START_MS + 39 * MINUTE_MS


def test_a_wild_sample_or_balance_event_does_not_move_the_clock() -> None:
    frame = Carrier(minutes=20, rate=200).frame()
    present, far = watch(), START_MS + 24 * HOUR_MS
    sample = {"at": far, "switch": "sw-0", "peer_kind": "switch", "metric": "invites", "value": 1.0}
    event = {"at": far, "customer": "cust-1", "event": "topup"}
    told = present.feed(Batch("cdr", frame[:2000]))
    told += present.feed(Batch("sip", pl.DataFrame([sample], schema=SIP_SCHEMA)))
    told += present.feed(Batch("balance", pl.DataFrame([event], schema=BALANCE_SCHEMA)))
    told += present.feed(Batch("cdr", frame[2000:])) + present.finish()
    assert told == [] and present.stats()["late"] == 0 and present.stats()["ahead"] == 2
    assert present.clock_ms is not None and present.clock_ms < START_MS + 30 * MINUTE_MS
