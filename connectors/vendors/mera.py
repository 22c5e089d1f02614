"""Mera MVTS records, also exported by Sippy: `KEY=value` pairs separated by commas, one call a line."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.rows.lines import Rows, cut, refuse
from connectors.rows.pairs import pairs
from connectors.rows.settle import settle
from connectors.rows.times import EARLIEST_MS, LATEST_MS, never, seconds
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

KEYS: Final = (
    "HOST",
    "CALLID",
    "CONFID",
    "SRC-IP",
    "DST-IP",
    "SRC-NAME",
    "DST-NAME",
    "SRC-NUMBER-BILL",
    "SRC-NUMBER-IN",
    "DST-NUMBER-BILL",
    "DST-NUMBER-IN",
    "SETUP-TIME",
    "CONNECT-TIME",
    "DISCONNECT-TIME",
    "ELAPSED-TIME",
    "DISCONNECT-CODE-Q931",
    "PDD-TIME",
    "ROUTE-RETRIES",
)


class Mera(OneToOne):
    """`zone` is that of times that name none; `answered_only` for an export that drops zero-duration calls."""

    name = "mera"

    def __init__(self, *, zone: str = "UTC", switch: str = "", answered_only: bool = False) -> None:
        self.zone = zone
        self.switch = switch
        self.answered_only = answered_only

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="Mera / Sippy key=value",
            times="`HH:MM:SS.mmm ZONE Ddd Mon DD YYYY`",
            zone=f"GMT as written, else {self.zone}",
            duration="from answer",
            answered_only=self.answered_only,
            legs="one record per call; ROUTE-RETRIES counts the attempts before it",
            identity=("CALLID or CONFID", "ROUTE-RETRIES"),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the lines; ELAPSED-TIME of zero is an unanswered call."""
        rows = cut(data, source, first_line)
        kept = refuse(
            rows.frame,
            ~pl.col("raw").str.to_uppercase().str.contains("SETUP-TIME=", literal=True),
            source,
            "few_fields",
            "KEY=value pairs with SETUP-TIME among them (half a record, or another format)",
        )
        frame = pairs(kept.frame, KEYS, between=",", within="=")
        elapsed = seconds(pl.col("in.ELAPSED-TIME"))
        connect = pl.when(elapsed.is_null() | (elapsed > 0)).then(never(pl.col("in.CONNECT-TIME"), "0"))
        frame = frame.with_columns(
            connect.alias("in.CONNECT-TIME"), never(pl.col("in.PDD-TIME"), "-1", "0", "0.000").alias("in.PDD-TIME")
        )
        frame = frame.with_columns(
            pl.coalesce("in.CALLID", "in.CONFID").alias("call_id"),
            pl.col("in.ROUTE-RETRIES").cast(pl.Int32, strict=False).fill_null(0).add(1).alias("attempt"),
            (pl.col("in.HOST") if self.switch == "" else pl.lit(self.switch)).alias("switch"),
            pl.col("in.SRC-NAME").alias("trunk"),
            pl.col("in.SRC-IP").str.extract(r"^([^:]+)").alias("source_ip"),
            pl.coalesce("in.SRC-NUMBER-BILL", "in.SRC-NUMBER-IN").alias("cli"),
            pl.coalesce("in.DST-NUMBER-BILL", "in.DST-NUMBER-IN").alias("dialed"),
            pl.coalesce("in.DST-NAME", pl.col("in.DST-IP").str.extract(r"^([^:]+)")).alias("egress_trunk"),
            self._time("in.SETUP-TIME").alias("setup_at"),
            self._time("in.CONNECT-TIME").alias("answered_at"),
            self._time("in.DISCONNECT-TIME").alias("ended_at"),
            pl.col("in.DISCONNECT-CODE-Q931").cast(pl.Int16, strict=False).alias("q850"),
            elapsed.alias("billed_ms"),
        ).with_columns(ringing_at=pl.col("setup_at") + seconds(pl.col("in.PDD-TIME")))
        # PDD has its own rounding: a ring that falls after the answer by it is the answer.
        latest = pl.coalesce("answered_at", "ended_at")
        frame = frame.with_columns(
            pl.when(pl.col("ringing_at") > latest).then(latest).otherwise("ringing_at").alias("ringing_at")
        )
        origin = {
            "call_id": "CALLID",
            "customer": "SRC-NAME",
            "setup_at": "SETUP-TIME",
            "answered_at": "CONNECT-TIME",
            "ended_at": "DISCONNECT-TIME",
            "q850": "DISCONNECT-CODE-Q931",
            "billed_ms": "ELAPSED-TIME",
            "ringing_at": "PDD-TIME",
        }
        return settle(Rows(frame, (*rows.rejects, *kept.rejects)), source, directory, origin)

    def _time(self, column: str) -> pl.Expr:
        """`HH:MM:SS.mmm ZONE Ddd Mon DD YYYY`: GMT and UTC as they say, no zone or any other name as `zone`."""
        text = pl.col(column).str.strip_chars_start("*.")
        universal = text.str.contains(r" (GMT|UTC) ")
        plain = text.str.replace(r" [A-Z]{2,5} ", " ").str.replace(r" (Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", " ")
        naive = plain.str.to_datetime("%H:%M:%S%.f %b %d %Y", time_unit="ms", strict=False)
        zoned = naive.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null").dt.epoch("ms")
        ms = pl.when(universal).then(naive.dt.epoch("ms")).otherwise(zoned)
        return pl.when(ms.is_between(EARLIEST_MS, LATEST_MS)).then(ms)
