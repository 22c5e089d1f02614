"""Asterisk CEL (cel_custom CSV): channel events grouped by linkedid into one record per dialled channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from connectors.rows.delimited import delimited
from connectors.rows.lines import Rows, refuse
from connectors.rows.settle import settle
from connectors.rows.times import epoch, local
from connectors.rows.understanding import ByLine, Read, Understanding
from connectors.vendors.asterisk_csv import CHANNEL_PEER
from pipeline.directory import Directory
from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Reject
from pipeline.records import empty

COLUMNS: Final = (
    "eventtype",
    "eventtime",
    "cidname",
    "cidnum",
    "ani",
    "rdnis",
    "dnid",
    "exten",
    "context",
    "channame",
    "appname",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "peer",
    "userfield",
    "userdeftype",
    "eventextra",
)
"""The mapping of cel_custom.conf.sample; a shorter one is given as `columns`."""
NEEDED: Final = ("eventtype", "eventtime", "channame", "uniqueid", "linkedid")
_KEPT: Final = (*NEEDED, "cidnum", "exten", "accountcode", "eventextra")


class AsteriskCel(ByLine):
    """Holds the events of a call until its LINKEDID_END; a call without one for `keep_h` hours is refused."""

    joins = True
    name = "asterisk_cel"

    def __init__(
        self, *, zone: str = "UTC", switch: str = "default", columns: Sequence[str] = COLUMNS, keep_h: float = 24.0
    ) -> None:
        self.zone, self.switch, self.columns = zone, switch, tuple(columns)
        self.keep_ms = int(keep_h * 3_600_000)
        self._open: pl.DataFrame | None = None

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="Asterisk CEL",
            times="epoch seconds with microseconds, or local time when cel.conf sets dateformat",
            zone=self.zone,
            duration="not used",
            answered_only=False,
            legs="one record per dialled channel of a linkedid; a call that dialled none is one record",
            identity=("linkedid", "order of the dialled channels"),
            disabled=(
                ("pdd_rise", "CEL has no ringing event"),
                ("fas", "CEL has no ringing event"),
            ),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the calls that ended; the events of the others are kept."""
        least = self.columns.index("linkedid") + 1
        rows = delimited(data, source, first_line, self.columns, at_least=least, wanted=_KEPT)
        text = pl.col("in.eventtime")
        at = pl.coalesce(epoch(text, 1), local(text, "%Y-%m-%d %H:%M:%S%.f", self.zone))
        frame = rows.frame.with_columns(at.alias("_at"))
        missing = [f"in.{name}" for name in _KEPT if f"in.{name}" not in frame.columns]
        frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
        timed = refuse(frame, pl.col("_at").is_null(), source, "bad_time", self.understanding.times, "eventtime")
        whole = refuse(
            timed.frame,
            pl.any_horizontal(pl.col([f"in.{name}" for name in NEEDED]).is_null()),
            source,
            "missing",
            "eventtype, channame, uniqueid and linkedid in every event",
        )
        events = whole.frame.select("line", "raw", "_at", *[f"in.{name}" for name in _KEPT])
        if self._open is not None:
            events = pl.concat([self._open, events])
        over = pl.col("in.linkedid").is_in(
            events.filter(pl.col("in.eventtype") == "LINKEDID_END")["in.linkedid"].implode()
        )
        ended, self._open = events.filter(over), events.filter(~over)
        rejects = (*rows.rejects, *timed.rejects, *whole.rejects, *self._stale(source, events["_at"].max()))
        return settle(
            Rows(self._calls(ended), rejects), source, directory, {"call_id": "linkedid", "customer": "accountcode"}
        )

    def finish(self, source: str, directory: Directory) -> Read:
        """Refuses the calls whose end did not come."""
        return empty("cdr"), self._stale(source, 2**62)

    def _stale(self, source: str, latest: object) -> tuple[Reject, ...]:
        if self._open is None or not isinstance(latest, int):
            return ()
        calls = self._open.group_by("in.linkedid", maintain_order=True).agg(
            pl.col("_at").max(), pl.col("line", "raw").first()
        )
        old = calls.filter(pl.col("_at") < latest - self.keep_ms)
        self._open = self._open.join(old.select("in.linkedid"), on="in.linkedid", how="anti")
        expected = "a LINKEDID_END event of the same linkedid (cel.conf: events=ALL)"
        return tuple(
            Reject(source, line, "eventtype", "half_call", expected, raw[:RAW_MAX])
            for line, raw in old.select("line", "raw").iter_rows()
        )

    def _calls(self, events: pl.DataFrame) -> pl.DataFrame:
        """One row per attempt from the events of ended calls."""
        channels = _channels(events)
        own = pl.col("in.uniqueid") == pl.col("in.linkedid")
        ingress = channels.filter(own).rename({"_channel": "_ingress"})
        dialled = channels.filter(~own & ~pl.col("_channel").str.starts_with("Local/"))
        caller = ingress.select("in.linkedid", "cli", "dialed", "account", "reason", "_ingress")
        attempts = dialled.drop("in.uniqueid", "cli", "dialed", "account", "reason").join(
            caller, on="in.linkedid", how="left", maintain_order="left"
        )
        # A call that dialled nobody never left the switch: its own channel is the record, without an egress.
        alone = ingress.join(dialled.select("in.linkedid"), on="in.linkedid", how="anti").drop("in.uniqueid")
        both = pl.concat([attempts, alone], how="diagonal").with_row_index("_place")
        # Numbers by a row's distance from the first of its call: quicker than counting in each call for itself.
        both = both.sort("in.linkedid", "setup_at", "ended_at", "_place").with_row_index("_row")
        row = pl.col("_row").cast(pl.Int32)
        both = both.with_columns(
            (row - row.min().over("in.linkedid") + 1).alias("attempt"),
            (row == row.max().over("in.linkedid")).alias("last_attempt"),
        ).sort("ended_at", "_place")
        caller_hung_up = pl.when(pl.col("_source") == pl.col("_ingress")).then(pl.lit("caller"))
        return both.with_columns(
            pl.col("in.linkedid").alias("call_id"),
            # The dial status is the outcome of the call, hence of its last attempt.
            pl.when("last_attempt").then("reason").alias("reason"),
            pl.lit(self.switch).alias("switch"),
            pl.col("_ingress").str.extract(CHANNEL_PEER).alias("trunk"),
            pl.col("_channel").str.extract(CHANNEL_PEER).alias("egress_trunk"),
            caller_hung_up.when(pl.col("_source") == pl.col("_channel")).then(pl.lit("callee")).alias("released_by"),
        )


def _channels(events: pl.DataFrame) -> pl.DataFrame:
    """One row per channel of a call: when it began, was answered and ended, and what its hangup says."""
    kind, at = pl.col("in.eventtype"), pl.col("_at")
    told = pl.col("in.eventextra").filter(kind == "HANGUP").drop_nulls().first()
    over = at.filter(kind.is_in(["HANGUP", "CHAN_END"])).min()
    exten = pl.col("in.exten")
    in_order = events if events["_at"].is_sorted() else events.sort("_at", maintain_order=True)
    return in_order.group_by("in.linkedid", "in.uniqueid", maintain_order=True).agg(
        pl.col("line").min(),
        pl.col("raw").first(),
        at.min().alias("setup_at"),
        at.filter(kind == "ANSWER").min().alias("answered_at"),
        pl.coalesce(over, at.max()).alias("ended_at"),
        pl.col("in.channame").first().alias("_channel"),
        pl.col("in.cidnum").drop_nulls().first().alias("cli"),
        exten.filter(~exten.is_in(["s", "h"])).drop_nulls().first().alias("dialed"),
        pl.col("in.accountcode").drop_nulls().first().alias("account"),
        told.str.extract(r'"hangupcause":\s*(\d+)').cast(pl.Int16, strict=False).alias("q850"),
        told.str.extract(r'"hangupsource":\s*"([^"]*)"').alias("_source"),
        told.str.extract(r'"dialstatus":\s*"([^"]*)"').alias("reason"),
    )
