"""Asterisk cdr_csv (Master.csv): 16 to 18 columns without a header, local whole seconds."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.rows.attempts import numbered
from connectors.rows.delimited import delimited
from connectors.rows.lines import Rows
from connectors.rows.settle import settle
from connectors.rows.times import local
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

COLUMNS: Final = (
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
)
Q850_OF_DISPOSITION: Final = {"ANSWERED": 16, "NO ANSWER": 19, "BUSY": 17, "CONGESTION": 34}
"""Asterisk keeps no code: the nearest Q.850 cause; FAILED has none."""
CHANNEL_PEER: Final = r"^\w+/(.+?)(?:-[0-9a-f]+)?(?:;\d)?$"
"""`PJSIP/carrier1-0000002a` is peer `carrier1`."""
_FORM: Final = "%Y-%m-%d %H:%M:%S"


class AsteriskCsv(OneToOne):
    """`zone` is the switch's own, or `UTC` with usegmtime=yes; `answered_only` when cdr.conf drops failures."""

    name = "asterisk_csv"

    def __init__(self, *, zone: str = "UTC", switch: str = "default", answered_only: bool = False) -> None:
        self.zone = zone
        self.switch = switch
        self.answered_only = answered_only

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="Asterisk cdr_csv",
            times="local time, whole seconds",
            zone=self.zone,
            duration="not used",
            answered_only=self.answered_only,
            legs="one row per dialled channel; rows of one uniqueid are attempts of one call",
            identity=("uniqueid", "order within the call"),
            disabled=(
                ("pdd_rise", "Asterisk writes no ringing time"),
                ("fas", "without ringing time an answer without ringing cannot be told"),
            ),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the rows; the disposition stands for the code that Asterisk does not keep."""
        rows = delimited(data, source, first_line, COLUMNS, at_least=16)
        disposition = pl.col("in.disposition").str.to_uppercase()
        answered = disposition == "ANSWERED"
        frame = rows.frame.with_columns(
            pl.coalesce("in.uniqueid", pl.concat_str("in.channel", pl.lit("@"), "in.start")).alias("call_id"),
            pl.lit(self.switch).alias("switch"),
            pl.col("in.accountcode").alias("account"),
            pl.col("in.channel").str.extract(CHANNEL_PEER).alias("trunk"),
            pl.col("in.dstchannel").str.extract(CHANNEL_PEER).alias("egress_trunk"),
            pl.col("in.src").alias("cli"),
            pl.col("in.dst").alias("dialed"),
            local(pl.col("in.start"), _FORM, self.zone).alias("setup_at"),
            pl.when(answered).then(local(pl.col("in.answer"), _FORM, self.zone)).alias("answered_at"),
            local(pl.col("in.end"), _FORM, self.zone).alias("ended_at"),
            disposition.replace_strict(Q850_OF_DISPOSITION, default=None, return_dtype=pl.Int16).alias("q850"),
            pl.col("in.disposition").alias("reason"),
            (pl.col("in.billsec").cast(pl.Int64, strict=False) * 1000).alias("billed_ms"),
            # The answer of a call that failed later is not an answer of the terminator.
            pl.when(answered).then("in.answer").alias("in.answer"),
        )
        known = [*Q850_OF_DISPOSITION, "FAILED"]
        checks = [("reason", ~disposition.is_in(known), "bad_value", "one of " + ", ".join(known))]
        origin = {
            "call_id": "uniqueid",
            "setup_at": "start",
            "answered_at": "answer",
            "ended_at": "end",
            "billed_ms": "billsec",
            "reason": "disposition",
            "customer": "accountcode",
        }
        return settle(Rows(numbered(frame), rows.rejects), source, directory, origin, checks)
