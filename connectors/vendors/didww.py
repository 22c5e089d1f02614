"""DIDWW-style CDR stream: one JSON object a line, RFC 3339 times, SIP code and cost in `attributes`."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.rows.json_lines import json_lines
from connectors.rows.lines import Rows
from connectors.rows.settle import settle
from connectors.rows.times import rfc3339
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

_ATTRIBUTES: Final = (
    "source_ip",
    "call_id",
    "time_start",
    "time_connect",
    "time_end",
    "duration",
    "disconnect_code",
    "disconnect_reason",
    "dst_number",
    "src_number",
    "trunk_name",
    "price",
)
_SHAPE: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "attributes": pl.Struct({name: pl.String() for name in _ATTRIBUTES}),
}


class Didww(OneToOne):
    """The carrier's own records: `terminator` is its name, as the directory has it."""

    name = "didww"

    def __init__(self, *, switch: str = "didww", terminator: str = "DIDWW", currency: str = "USD") -> None:
        self.switch = switch
        self.terminator = terminator
        self.currency = currency

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="DIDWW-style JSON lines",
            times="RFC 3339, microseconds",
            zone="UTC",
            duration="not used",
            answered_only=False,
            legs="one record per call",
            identity=("attributes.call_id",),
            disabled=(("pdd_rise", "the stream has no ringing time"), ("fas", "the stream has no ringing time")),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the objects; `time_connect` null is an unanswered call."""
        rows = json_lines(data, source, first_line, _SHAPE)
        frame = rows.frame.rename({f"in.attributes.{name}": f"in.{name}" for name in _ATTRIBUTES})
        # `price` is what the carrier charges its customer, the reader's owner: a cost, in millionths.
        frame = frame.with_columns(
            pl.coalesce("in.call_id", "in.id").alias("call_id"),
            pl.lit(self.switch).alias("switch"),
            pl.lit(self.terminator).alias("terminator"),
            pl.col("in.trunk_name").alias("trunk"),
            pl.col("in.source_ip").alias("source_ip"),
            pl.col("in.src_number").alias("cli"),
            pl.col("in.dst_number").alias("dialed"),
            rfc3339(pl.col("in.time_start")).alias("setup_at"),
            rfc3339(pl.col("in.time_connect")).alias("answered_at"),
            rfc3339(pl.col("in.time_end")).alias("ended_at"),
            pl.col("in.disconnect_code").cast(pl.Int16, strict=False).alias("_code"),
            pl.col("in.disconnect_reason").alias("reason"),
            (pl.col("in.duration").cast(pl.Float64, strict=False) * 1000)
            .cast(pl.Int64, strict=False)
            .alias("billed_ms"),
            (pl.col("in.price").cast(pl.Float64, strict=False) * 1_000_000)
            .round()
            .cast(pl.Int64, strict=False)
            .alias("charge_micro"),
            pl.when(pl.col("in.price").is_not_null()).then(pl.lit(self.currency)).alias("currency"),
        ).with_columns(
            # The code of an answered call is that of its BYE.
            sip_code=pl.when(pl.col("answered_at").is_not_null()).then(pl.lit(200, pl.Int16)).otherwise("_code")
        )
        origin = {
            "call_id": "call_id",
            "customer": "trunk_name",
            "setup_at": "time_start",
            "answered_at": "time_connect",
            "ended_at": "time_end",
            "sip_code": "disconnect_code",
            "billed_ms": "duration",
            "charge_micro": "price",
        }
        return settle(Rows(frame, rows.rejects), source, directory, origin)
