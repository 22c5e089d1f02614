"""VOS3000 CDR text files: pipe-delimited, local times; failed calls only with SS_CDR_RECORD_NONCONNECT on."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.rows.delimited import delimited
from connectors.rows.lines import Rows
from connectors.rows.settle import settle
from connectors.rows.times import local, seconds
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

COLUMNS: Final = (
    "callerE164",
    "calleeE164",
    "startTime",
    "stopTime",
    "holdTime",
    "endReason",
    "endDirection",
    "callerGateway",
    "calleeGateway",
)
"""The fields whose order is documented; the rest of the 18 are not read."""
SIDE: Final = {"0": "caller", "1": "callee", "2": "switch"}
FORMS: Final = ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S")


class Vos3000(OneToOne):
    """`with_failures` says that SS_CDR_RECORD_NONCONNECT is on; without it ASR would read 100 % and is not asked."""

    name = "vos3000"

    def __init__(self, *, zone: str = "UTC", switch: str = "default", with_failures: bool = False) -> None:
        self.zone = zone
        self.switch = switch
        self.with_failures = with_failures

    @property
    def understanding(self) -> Understanding:
        unasked = (
            ("pdd_rise", "the file has no ringing time"),
            ("fas", "the file has no ringing time"),
        )
        why = "failed calls are not written: switch SS_CDR_RECORD_NONCONNECT on, then set with_failures = true"
        return Understanding(
            format="VOS3000 pipe-delimited",
            times="local time, whole seconds, or epoch milliseconds",
            zone=self.zone,
            duration="from answer",
            answered_only=not self.with_failures,
            legs="one record per call",
            identity=("callerE164", "calleeE164", "startTime"),
            disabled=unasked if self.with_failures else (("asr_drop", why), ("ner_drop", why), *unasked),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the lines; startTime begins the conversation, so set-up equals answer when it was held."""
        rows = delimited(data, source, first_line, COLUMNS, separator="|", quoted=False)
        start, hold = self._time("in.startTime"), seconds(pl.col("in.holdTime"))
        code = pl.col("in.endReason").str.extract(r"(\d+)").cast(pl.Int16, strict=False)
        frame = rows.frame.with_columns(
            pl.concat_str("in.callerE164", pl.lit(">"), "in.calleeE164", pl.lit("@"), "in.startTime").alias("call_id"),
            pl.lit(self.switch).alias("switch"),
            pl.col("in.callerGateway").alias("trunk"),
            pl.col("in.calleeGateway").alias("egress_trunk"),
            pl.col("in.callerE164").alias("cli"),
            pl.col("in.calleeE164").alias("dialed"),
            start.alias("setup_at"),
            pl.when(hold > 0).then(start).alias("answered_at"),
            self._time("in.stopTime").alias("ended_at"),
            pl.when(code.is_between(100, 699) & (hold == 0)).then(code).alias("sip_code"),
            pl.col("in.endReason").alias("reason"),
            pl.col("in.endDirection").replace_strict(SIDE, default=None, return_dtype=pl.String).alias("released_by"),
            hold.alias("billed_ms"),
        )
        origin = {
            "call_id": "calleeE164",
            "customer": "callerGateway",
            "setup_at": "startTime",
            "ended_at": "stopTime",
            "billed_ms": "holdTime",
        }
        return settle(Rows(frame, rows.rejects), source, directory, origin)

    def _time(self, column: str) -> pl.Expr:
        text = pl.col(column)
        forms = [local(text, form, self.zone) for form in FORMS]
        return pl.coalesce(*forms, pl.when(text.str.contains(r"^\d{13}$")).then(text.cast(pl.Int64, strict=False)))
