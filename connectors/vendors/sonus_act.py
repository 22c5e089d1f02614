"""Sonus/Ribbon SBC ACT files: STOP and ATTEMPT records, whose fields stand at different positions."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.rows.delimited import delimited
from connectors.rows.lines import Rows, refuse
from connectors.rows.settle import settle
from connectors.rows.times import local, never
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

NOT_CALLS: Final = ("START", "INTERMEDIATE", "REBOOT", "SWITCHOVER", "SW_CHANGE")
"""Record kinds that do not end a call; they are passed over, as are file headers."""
TICK_MS: Final = 10
# Positions, counted from 1 as in Ribbon's "CDR Field Descriptions": (in STOP, in ATTEMPT).
FIELDS: Final = {
    "disconnect_date": (11, 105),
    "disconnect_time": (12, 10),
    "reason": (15, 12),
    "calling": (20, 17),
    "called": (21, 18),
    "route": (31, 28),
    "ingress": (34, 31),
}
_WIDTH: Final = 105
_ROUNDING_MS: Final = 200


class SonusAct(OneToOne):
    """`zone` is the IANA zone of the node; left empty, the offset of field 5 counts (it knows no summer time)."""

    name = "sonus_act"

    def __init__(self, *, zone: str = "") -> None:
        self.zone = zone

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="Sonus/Ribbon ACT",
            times="local mm/dd/yyyy hh:mm:ss.d, and ticks of 10 ms since set-up",
            zone=self.zone or "the offset in field 5 of each record",
            duration="not used",
            answered_only=False,
            legs="STOP and ATTEMPT are calls; " + ", ".join(NOT_CALLS) + " are passed over",
            identity=("field 3 (accounting id)", "field 2 (gateway)"),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the STOP and ATTEMPT lines."""
        rows = delimited(data, source, first_line, [str(n) for n in range(1, _WIDTH + 1)], at_least=1)
        passed = (
            pl.col("in.1").is_in(NOT_CALLS)
            | pl.col("raw").str.starts_with("Sonus")
            | pl.col("raw").str.starts_with("#")
        )
        kept = refuse(
            rows.frame.filter(~passed.fill_null(False)),
            ~pl.col("in.1").is_in(["STOP", "ATTEMPT"]).fill_null(False),
            source,
            "bad_value",
            "a record kind in field 1: STOP, ATTEMPT, " + ", ".join(NOT_CALLS),
            "1",
        )
        frame = kept.frame.with_columns(
            pl.when(pl.col("in.1") == "STOP").then(f"in.{stop}").otherwise(f"in.{attempt}").alias(f"in.{name}")
            for name, (stop, attempt) in FIELDS.items()
        )
        frame = self._times(frame.with_columns(never(pl.col("in.9"), "0", ""))).with_columns(
            pl.concat_str("in.3", pl.lit("@"), "in.2").alias("call_id"),
            pl.col("in.2").alias("switch"),
            pl.col("in.ingress").alias("trunk"),
            pl.col("in.route").str.extract(r"([^:]+)$").alias("egress_trunk"),
            pl.col("in.calling").alias("cli"),
            pl.col("in.called").alias("dialed"),
            pl.col("in.reason").cast(pl.Int16, strict=False).alias("q850"),
        )
        origin = {
            "call_id": "3",
            "customer": "ingress",
            "setup_at": "6",
            "ended_at": "disconnect_time",
            "ringing_at": "9",
            "q850": "reason",
        }
        return settle(Rows(frame, (*rows.rejects, *kept.rejects)), source, directory, origin)

    def _times(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Set-up from fields 6 and 7, ringing and answer by ticks; the end is never before them by rounding alone.

        Old releases have no disconnect date in ATTEMPT: the end is then within a day of the set-up.
        """
        day = pl.coalesce("in.disconnect_date", "in.6")
        alert, service = (pl.col(f"in.{n}").cast(pl.Int64, strict=False) for n in ("9", "10"))
        frame = frame.with_columns(
            self._local(pl.col("in.6"), pl.col("in.7")).alias("setup_at"),
            self._local(day, pl.col("in.disconnect_time")).alias("ended_at"),
        ).with_columns(
            pl.when(alert > 0).then(pl.col("setup_at") + alert * TICK_MS).alias("ringing_at"),
            pl.when(pl.col("in.1") == "STOP").then(pl.col("setup_at") + service * TICK_MS).alias("answered_at"),
            pl.when(pl.col("in.disconnect_date").is_null() & (pl.col("ended_at") < pl.col("setup_at")))
            .then(pl.col("ended_at") + 86_400_000)
            .otherwise("ended_at")
            .alias("ended_at"),
        )
        latest = pl.max_horizontal("setup_at", "ringing_at", "answered_at")
        near = pl.col("ended_at").is_between(latest - _ROUNDING_MS, latest)
        return frame.with_columns(pl.when(near).then(latest).otherwise("ended_at").alias("ended_at"))

    def _local(self, day: pl.Expr, clock: pl.Expr) -> pl.Expr:
        text, form = pl.concat_str(day, pl.lit(" "), clock), "%m/%d/%Y %H:%M:%S%.f"
        if self.zone:
            return local(text, form, self.zone)
        sign = pl.when(pl.col("in.5").str.contains(r"GMT-", literal=False)).then(-1).otherwise(1)
        hours = pl.col("in.5").str.extract(r"GMT[+-](\d{1,2})").cast(pl.Int64, strict=False).fill_null(0)
        minutes = pl.col("in.5").str.extract(r"GMT[+-]\d{1,2}:(\d{2})").cast(pl.Int64, strict=False).fill_null(0)
        return local(text, form, "UTC") - sign * (hours * 60 + minutes) * 60_000
