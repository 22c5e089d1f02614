"""CGRateS CDRs, as JSON lines or as the exporter's CSV: one row per charging run, usage in ns or as Go text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from connectors.rows.delimited import delimited
from connectors.rows.json_lines import json_lines
from connectors.rows.lines import Rows, refuse
from connectors.rows.settle import settle
from connectors.rows.times import rfc3339
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

COLUMNS: Final = (
    "CGRID",
    "RunID",
    "ToR",
    "OriginID",
    "RequestType",
    "Tenant",
    "Category",
    "Account",
    "Subject",
    "Destination",
    "SetupTime",
    "AnswerTime",
    "Usage",
    "Cost",
)
"""The columns of the CSV exporter's default template."""
_EXTRA: Final = ("Supplier", "DisconnectCause")
_SHAPE: Final[dict[str, pl.DataType]] = {
    **{name: pl.String() for name in (*COLUMNS, "OriginHost")},
    "ExtraFields": pl.Struct({name: pl.String() for name in _EXTRA}),
}
_UNITS_MS: Final = (("h", 3_600_000.0), ("m", 60_000.0), ("s", 1000.0), ("ms", 1.0), ("us", 0.001), ("µs", 0.001))


class _Cgrates(OneToOne):
    """`run` is the charger whose rows count; the other runs of a call are natural duplicates and set aside."""

    def __init__(self, *, run: str = "*default", switch: str = "", currency: str = "") -> None:
        self.run = run
        self.switch = switch
        self.currency = currency

    def _told(self, form: str) -> Understanding:
        return Understanding(
            format=form,
            times="RFC 3339; year 0001 = never",
            zone="UTC",
            duration="from answer",
            answered_only=False,
            legs=f"one row per call and run; run {self.run} counts, the others are set aside",
            identity=("OriginID", "RunID"),
            disabled=(
                ("pdd_rise", "a CGRateS CDR has no ringing time"),
                ("fas", "a CGRateS CDR has no ringing time"),
            ),
        )

    def _records(self, rows: Rows, source: str, directory: Directory) -> Read:
        kept = refuse(
            rows.frame,
            (pl.col("in.RunID") != self.run) | (pl.col("in.ToR") != "*voice"),
            source,
            "set_aside",
            f"a voice CDR of run {self.run} (this source's `run`)",
            "RunID",
        )
        answer = pl.when(~pl.col("in.AnswerTime").str.starts_with("0001-")).then("in.AnswerTime")
        cost = pl.col("in.Cost").cast(pl.Float64, strict=False)
        cause = pl.col("in.DisconnectCause")
        host = pl.col("in.OriginHost") if self.switch == "" else pl.lit(self.switch)
        frame = kept.frame.with_columns(
            answer.alias("in.AnswerTime"),
            pl.coalesce("in.OriginID", "in.CGRID").alias("call_id"),
            host.alias("switch"),
            pl.col("in.Account").alias("account"),
            pl.coalesce(cause, pl.lit(None, pl.String)).alias("reason"),
            pl.when(cause.str.contains(r"^[1-6]\d\d$")).then(cause.cast(pl.Int16, strict=False)).alias("_code"),
            pl.col("in.Destination").alias("dialed"),
            pl.col("in.Supplier").alias("egress_trunk"),
            rfc3339(pl.col("in.SetupTime")).alias("setup_at"),
            _usage_ms(pl.col("in.Usage")).alias("_usage"),
            pl.when(cost < 0).then(pl.lit("unrated")).when(cost >= 0).then(pl.lit("rated")).alias("rating"),
            pl.when(cost >= 0).then((cost * 1_000_000).round().cast(pl.Int64, strict=False)).alias("charge_micro"),
            pl.lit(self.currency or None, pl.String).alias("currency"),
        ).with_columns(answered_at=rfc3339(pl.col("in.AnswerTime")))
        frame = frame.with_columns(
            pl.coalesce("answered_at", "setup_at").add(pl.col("_usage")).alias("ended_at"),
            pl.when(pl.col("answered_at").is_null()).then("_code").alias("sip_code"),
            pl.col("_usage").alias("billed_ms"),
        )
        origin = {
            "call_id": "OriginID",
            "customer": "Account",
            "setup_at": "SetupTime",
            "answered_at": "AnswerTime",
            "ended_at": "Usage",
        }
        return settle(Rows(frame, (*rows.rejects, *kept.rejects)), source, directory, origin)


class CgratesJson(_Cgrates):
    name = "cgrates_json"

    @property
    def understanding(self) -> Understanding:
        return self._told("CGRateS JSON")

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of CDR objects, one a line."""
        rows = json_lines(data, source, first_line, _SHAPE)
        flat = rows.frame.rename({f"in.ExtraFields.{name}": f"in.{name}" for name in _EXTRA})
        return self._records(Rows(flat, rows.rejects), source, directory)


class CgratesCsv(_Cgrates):
    """The exporter's CSV; `columns` are the template's field names, in order."""

    name = "cgrates_csv"

    def __init__(
        self, *, run: str = "*default", switch: str = "default", currency: str = "", columns: Sequence[str] = COLUMNS
    ) -> None:
        super().__init__(run=run, switch=switch, currency=currency)
        self.columns = tuple(columns)

    @property
    def understanding(self) -> Understanding:
        return self._told("CGRateS CSV")

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the rows; a header row is recognised by its own field names."""
        rows = delimited(data, source, first_line, self.columns)
        frame = rows.frame.filter(~(pl.col(f"in.{self.columns[0]}") == self.columns[0]).fill_null(False))
        absent = [name for name in (*COLUMNS, "OriginHost", *_EXTRA) if f"in.{name}" not in frame.columns]
        filled = frame.with_columns(pl.lit(None, pl.String).alias(f"in.{name}") for name in absent)
        return self._records(Rows(filled, rows.rejects), source, directory)


def _usage_ms(column: pl.Expr) -> pl.Expr:
    """Nanoseconds as a number, or Go's duration text (`1m10s`, `250ms`), to ms."""
    number = (column.cast(pl.Float64, strict=False) / 1_000_000).round()
    parts = [
        column.str.extract(rf"(?:^|[a-zµ])([\d.]+){unit}(?:\d|$)").cast(pl.Float64, strict=False).fill_null(0.0) * scale
        for unit, scale in _UNITS_MS
    ]
    text = pl.when(column.str.contains(r"^([\d.]+(h|ms|us|µs|ns|m|s))+$")).then(pl.sum_horizontal(parts).round())
    return pl.coalesce(number, text).cast(pl.Int64, strict=False)
