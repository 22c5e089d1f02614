"""Kamailio acc_json call records, bare or as `{"received_at": epoch ms, "cdr": {…}}`, one a line: all values text.

The switch writes one time line for the whole call and a list of final responses (`gw1:503;gw2:200;`). Each response
becomes an attempt; an attempt that failed carries the call's set-up and end, and no ringing or answer.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.kamailio.callers import Callers
from connectors.rows.json_lines import json_lines
from connectors.rows.lines import Rows
from connectors.rows.settle import settle
from connectors.rows.times import epoch
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

_FIELDS: Final = (
    "call_id",
    "customer",
    "src_ip",
    "from",
    "to",
    "start_time",
    "end_time",
    "t_invite",
    "t_ring",
    "t_answer",
    "t_end",
    "code",
    "reason",
    "release",
    "gateway",
    "attempts",
)
_TEXTS: Final[dict[str, pl.DataType]] = dict.fromkeys(_FIELDS, pl.String())
_SHAPE: Final[dict[str, pl.DataType]] = {"received_at": pl.String(), **_TEXTS, "cdr": pl.Struct(dict(_TEXTS))}
_ORIGIN: Final = {
    "call_id": "call_id",
    "customer": "customer",
    "setup_at": "t_invite",
    "ended_at": "end_time",
    "emitted_at": "received_at",
}
_SAME_MS: Final = 1_000
_RESPONSE: Final = r"^(.+):(\d{3})$"


class KamailioCdr(OneToOne):
    """`callers`, which may be shared, learns whose numbers are whose for the events that name no customer."""

    name = "kamailio"

    def __init__(self, *, switch: str = "default") -> None:
        self.switch = switch
        self.callers = Callers()

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="Kamailio acc_json",
            times="epoch seconds, decimals as text",
            zone="UTC",
            duration="not used",
            answered_only=False,
            legs="one record per call; one attempt per final response in `attempts`, equal neighbours folded",
            identity=("call_id",),
            disabled=(("rating_failure", "the switch does not rate"),),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Attempts of the calls in `data`."""
        rows = json_lines(data, source, first_line, _SHAPE)
        frame = rows.frame.with_columns(
            _said(pl.coalesce(_said(pl.col(f"in.cdr.{name}")), f"in.{name}")).alias(f"in.{name}") for name in _FIELDS
        ).with_columns(_said(pl.col("in.received_at")).alias("in.received_at"))
        attempts = _attempts(_times(frame)).with_columns(
            pl.col("in.call_id").alias("call_id"),
            pl.lit(self.switch).alias("switch"),
            pl.col("in.customer").alias("customer"),
            pl.col("in.src_ip").alias("trunk"),
            pl.col("in.src_ip").alias("source_ip"),
            pl.col("in.from").alias("cli"),
            pl.col("in.to").alias("dialed"),
            epoch(pl.col("in.received_at"), 1000).alias("emitted_at"),
        )
        frame, rejects = settle(Rows(attempts, rows.rejects), source, directory, _ORIGIN)
        self.callers.learn(frame)
        return frame, rejects


def _said(text: pl.Expr) -> pl.Expr:
    """An empty text is an absent one."""
    return pl.when(text != "").then(text)


def _times(frame: pl.DataFrame) -> pl.DataFrame:
    """Contract times of the whole call, `duration` never being asked: it runs from the INVITE.

    - A 200 that was never ACKed (its answer lies after the dialogue's end, and no BYE was seen) is no conversation:
      no answer, the code stays.
    - An answered call without a BYE was closed by the dialogue timer: how long they talked is unknown, and the timer
      is no talk; it ends at its answer.
    - A BYE repeated to a dead terminator: the dialogue's end is its first, `t_end` its last.
    """
    frame = frame.with_columns(
        pl.coalesce(_epoch("t_invite"), _epoch("start_time")).alias("setup_at"),
        _epoch("t_ring").alias("ringing_at"),
        _epoch("t_answer").alias("_answer"),
        _epoch("t_end").alias("_bye"),
        _epoch("end_time").alias("_end"),
    )
    # An unanswered call ends at `start_time`, which the dialogue takes some ms before the script takes `t_invite`.
    same = pl.col("_end").is_between(pl.col("setup_at") - _SAME_MS, pl.col("setup_at"))
    frame = frame.with_columns(pl.when(same).then("setup_at").otherwise("_end").alias("_end"))
    answer, bye, end = pl.col("_answer"), pl.col("_bye"), pl.col("_end")
    ghost = answer.is_not_null() & bye.is_null() & (end < answer)
    stuck = answer.is_not_null() & bye.is_null() & ~ghost
    talked = pl.when(end >= answer).then(pl.min_horizontal(bye, end)).otherwise(bye)
    ended = (
        pl.when(stuck).then(answer).when(answer.is_not_null() & ~ghost).then(talked).otherwise(pl.coalesce(bye, end))
    )
    return frame.with_columns(
        pl.when(~ghost.fill_null(False)).then(answer).alias("answered_at"),
        # What the call itself shows last: a ghost's 200, the ringing of a call that no terminator ever finished.
        pl.when(answer.is_null() | ghost)
        .then(pl.max_horizontal(ended, "ringing_at", pl.when(ghost).then(answer)))
        .otherwise(ended)
        .alias("ended_at"),
        pl.when(stuck).then(pl.lit("no BYE: talk time unknown")).otherwise(pl.col("in.reason")).alias("reason"),
    )


def _epoch(name: str) -> pl.Expr:
    return epoch(pl.col(f"in.{name}"), 1)


def _attempts(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per attempt; the last one has the call's times, code, reason and release."""
    responses = pl.col("in.attempts").fill_null("").str.strip_chars_end(";").str.split(";")
    rows = calls.with_row_index("_call").with_columns(responses.alias("_response")).explode("_response")
    again = (pl.col("_response") == pl.col("_response").shift(1)) & (pl.col("_call") == pl.col("_call").shift(1))
    rows = rows.filter(~again.fill_null(False))
    last = pl.col("_call") != pl.col("_call").shift(-1).fill_null(pl.col("_call").max() + 1)
    named = pl.col("_response").str.extract(_RESPONSE, 1)
    code = pl.col("_response").str.extract(_RESPONSE, 2)
    rows = rows.with_columns(last.alias("last_attempt"))
    final = pl.col("last_attempt")
    return rows.with_columns(
        (pl.int_range(pl.len(), dtype=pl.Int32).over("_call") + 1).alias("attempt"),
        # A call that got no final response from anyone still names the terminator it rang at.
        pl.coalesce(named, pl.when(final).then("in.gateway")).alias("egress_trunk"),
        pl.when(final)
        .then(pl.coalesce("in.code", code))
        .otherwise(code)
        .cast(pl.Int16, strict=False)
        .alias("sip_code"),
        *(pl.when(final).then(pl.col(name)).alias(name) for name in ("ringing_at", "answered_at", "reason")),
        pl.when(final).then(pl.col("in.reason").str.extract(r"(?i)Q\.850\s*;\s*cause=(\d+)", 1)).alias("q850"),
        pl.when(final & pl.col("in.release").is_in(["caller", "callee", "switch"]))
        .then("in.release")
        .alias("released_by"),
    )
