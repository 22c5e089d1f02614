"""OpenSIPS acc events over event_datagram: `key::value` lines, E_ACC_CDR and E_ACC_MISSED_EVENT."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.rows.lines import Rows, cut, refuse
from connectors.rows.pairs import gathered
from connectors.rows.settle import settle
from connectors.rows.times import epoch
from connectors.rows.understanding import OneToOne, Read, Understanding
from pipeline.directory import Directory

CALLS: Final = ("E_ACC_CDR", "E_ACC_MISSED_EVENT")
KEYS: Final = ("callid", "sip_code", "sip_reason", "time", "ms_duration", "duration", "setuptime", "created")
EXTRAS: Final = {
    "customer": "customer",
    "account": "account",
    "src_ip": "source_ip",
    "src_user": "cli",
    "dst_user": "dialed",
    "gateway": "egress_trunk",
}
"""Names given in `extra_fields` of the acc module, and the contract fields that they fill."""
_FIELDS: Final = ("customer", "account", "trunk", "source_ip", "cli", "dialed", "egress_trunk", "terminator")


class OpensipsEvent(OneToOne):
    """`extras` maps the names of your extra_fields to contract fields."""

    name = "opensips_event"

    def __init__(self, *, switch: str = "default", extras: dict[str, str] | None = None) -> None:
        self.switch = switch
        self.extras = dict(EXTRAS if extras is None else extras)

    def whole(self, data: bytes) -> int:
        """Up to the blank line after the last event."""
        return max(data.rfind(end) + len(end) if end in data else 0 for end in (b"\n\n", b"\r\n\r\n"))

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="OpenSIPS E_ACC_CDR events",
            times="epoch seconds; duration in ms",
            zone="UTC",
            duration="from answer",
            answered_only=False,
            legs="one event per call; E_ACC_EVENT is a transaction and is passed over",
            identity=("callid",),
            disabled=(("pdd_rise", "the event has no ringing time"), ("fas", "the event has no ringing time")),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the events: each starts with its name on a line of its own."""
        rows = cut(data, source, first_line)
        every = self._events(rows.frame)
        # Only what follows the last blank line may lack its end.
        open_end = every["line"].max() if self.whole(data) < len(data.rstrip(b"\r\n")) else None
        events = every.filter(pl.col("_event") != "E_ACC_EVENT")
        kept = refuse(
            events,
            ~pl.col("_event").is_in(CALLS),
            source,
            "bad_value",
            "an event name, " + " or ".join(CALLS) + ", on a line of its own before its parameters",
        )
        last = pl.col("line") == pl.lit(open_end, pl.Int64)
        ended = refuse(kept.frame, last, source, "truncated", "a blank line after the event's last parameter")
        frame = ended.frame
        frame = frame.with_columns(pl.coalesce("in.created", "in.time").alias("in.created"))
        missed = pl.col("_event") == "E_ACC_MISSED_EVENT"
        created = epoch(pl.col("in.created"), 1)
        wait = (pl.col("in.setuptime").cast(pl.Float64, strict=False) * 1000).cast(pl.Int64, strict=False).fill_null(0)
        talk = pl.coalesce(
            pl.col("in.ms_duration").cast(pl.Int64, strict=False),
            pl.col("in.duration").cast(pl.Int64, strict=False) * 1000,
        )
        frame = frame.with_columns(
            *self._named(),
            pl.col("in.callid").alias("call_id"),
            pl.lit(self.switch).alias("switch"),
            created.alias("setup_at"),
            # `time` is the answer in some versions and the INVITE in others: set-up plus `setuptime` is always it.
            pl.when(~missed).then(pl.max_horizontal(created + wait, epoch(pl.col("in.time"), 1))).alias("answered_at"),
            pl.when(missed).then(epoch(pl.col("in.time"), 1)).alias("_failed_at"),
            talk.alias("billed_ms"),
            pl.col("in.sip_code").cast(pl.Int16, strict=False).alias("sip_code"),
            pl.col("in.sip_reason").alias("reason"),
        ).with_columns(ended_at=pl.coalesce(pl.col("answered_at") + pl.col("billed_ms"), "_failed_at"))
        origin = {
            "call_id": "callid",
            "customer": "customer",
            "setup_at": "created",
            "ended_at": "ms_duration",
            "sip_code": "sip_code",
        }
        return settle(Rows(frame, (*rows.rejects, *kept.rejects, *ended.rejects)), source, directory, origin)

    def _named(self) -> list[pl.Expr]:
        """Contract fields by the operator's own extra fields."""
        columns = {field: [f"in.{name}" for name, to in self.extras.items() if to == field] for field in _FIELDS}
        return [pl.coalesce(pl.lit(None, pl.String), *given).alias(field) for field, given in columns.items()]

    def _events(self, lines: pl.DataFrame) -> pl.DataFrame:
        """One row per event: its first line's number and text, its name `_event`, and its parameters."""
        numbered = lines.with_columns(_row=(~pl.col("raw").str.contains("::", literal=True)).cum_sum().rle_id())
        heads = numbered.group_by("_row", maintain_order=True).agg(pl.col("line", "raw").first())
        long = numbered.select(pl.col("_row").cast(pl.Int64), pl.col("raw").alias("_pair"))
        told = gathered(long, heads.height, (*KEYS, *self.extras), "::")
        return heads.drop("_row").with_columns(pl.col("raw").str.strip_chars().alias("_event")).hstack(told)
