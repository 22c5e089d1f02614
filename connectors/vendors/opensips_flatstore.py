"""OpenSIPS acc rows in db_flatstore files: INVITE and BYE joined, even when the BYE comes in an earlier file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from connectors.rows.delimited import delimited
from connectors.rows.lines import Rows, refuse
from connectors.rows.settle import settle
from connectors.rows.times import epoch, local
from connectors.rows.understanding import ByLine, Read, Understanding
from pipeline.directory import Directory
from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Reject

ROW: Final = ("method", "from_tag", "to_tag", "callid", "sip_code", "sip_reason", "time")
EXTRAS: Final = ("", "account", "dialed")
"""Contract fields of the extra columns after `time`, in order; empty: not read."""
_FORM: Final = "%Y-%m-%d %H:%M:%S"
_HALF: Final = ("line", "raw", "_key", "_at", "sip_code", "reason", "call_id")


class OpensipsFlatstore(ByLine):
    """`quoted` for the comma variant with a row id first and local times of `zone`; `extras` as your acc columns are.

    An INVITE with 200 waits for its BYE. After `keep_h` hours of the rows' own time a half is refused.
    """

    joins = True
    name = "opensips_flatstore"

    def __init__(
        self,
        *,
        zone: str = "UTC",
        switch: str = "default",
        quoted: bool = False,
        extras: Sequence[str] = EXTRAS,
        keep_h: float = 24.0,
    ) -> None:
        self.zone, self.switch, self.quoted, self.extras = zone, switch, quoted, tuple(extras)
        self.keep_ms = int(keep_h * 3_600_000)
        self._invites: pl.DataFrame | None = None
        self._byes: pl.DataFrame | None = None

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="OpenSIPS flatstore, " + ("quoted CSV" if self.quoted else "pipe-delimited"),
            times="local time, whole seconds" if self.quoted else "epoch seconds",
            zone=self.zone if self.quoted else "UTC",
            duration="not used",
            answered_only=False,
            legs="INVITE and BYE rows of one call are joined; ACK rows are passed over",
            identity=("callid", "both tags"),
            disabled=(
                ("pdd_rise", "an acc row has no ringing time"),
                ("fas", "an acc row has no ringing time"),
            ),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the calls that are complete now; the open halves are kept for the next read."""
        names = [name or f"skip{n}" for n, name in enumerate(self.extras)]
        columns = (["id"] if self.quoted else []) + [*ROW, *names]
        separator = "," if self.quoted else "|"
        rows = delimited(
            data,
            source,
            first_line,
            columns,
            separator=separator,
            quoted=self.quoted,
            at_least=len(columns) - len(names),
        )
        known = pl.col("in.method").is_in(["INVITE", "BYE", "CANCEL", "ACK"])
        kept = refuse(rows.frame, ~known.fill_null(False), source, "bad_value", "INVITE, BYE, CANCEL or ACK", "method")
        at = local(pl.col("in.time"), _FORM, self.zone) if self.quoted else epoch(pl.col("in.time"), 1)
        timed = refuse(
            kept.frame.with_columns(at.alias("_at")),
            pl.col("_at").is_null(),
            source,
            "bad_time",
            self.understanding.times,
            "time",
        )
        frame = timed.frame.with_columns(
            # The tags swap places when the callee hangs up.
            pl.concat_str(
                pl.col("in.callid"),
                pl.min_horizontal(pl.col("in.from_tag").fill_null(""), pl.col("in.to_tag").fill_null("")),
                pl.max_horizontal(pl.col("in.from_tag").fill_null(""), pl.col("in.to_tag").fill_null("")),
                separator="|",
            ).alias("_key"),
            pl.col("in.callid").alias("call_id"),
            pl.col("in.sip_code").cast(pl.Int16, strict=False).alias("sip_code"),
            pl.col("in.sip_reason").alias("reason"),
            *[pl.col(f"in.{name}").alias(name) for name in self.extras if name],
        )
        rejects = (*rows.rejects, *kept.rejects, *timed.rejects)
        return self._settled(self._complete(frame), rejects, source, directory)

    def finish(self, source: str, directory: Directory) -> Read:
        """Refuses what is still open."""
        latest = None if self._invites is None else pl.Series([2**62])
        return self._settled([], self._stale(source, latest), source, directory)

    def _complete(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        """Failed calls, and answered ones whose two halves are known; the rest is kept."""
        half = [*_HALF, *[name for name in self.extras if name]]
        failed = frame.filter(
            ((pl.col("in.method") == "INVITE") & ~pl.col("sip_code").is_between(200, 299))
            | (pl.col("in.method") == "CANCEL")
        ).with_columns(
            pl.when(pl.col("in.method") == "CANCEL")
            .then(pl.lit(487, pl.Int16))
            .otherwise("sip_code")
            .alias("sip_code"),
            setup_at=pl.col("_at"),
            ended_at=pl.col("_at"),
        )
        opened = frame.filter((pl.col("in.method") == "INVITE") & pl.col("sip_code").is_between(200, 299)).select(half)
        closed = frame.filter(pl.col("in.method") == "BYE").select(half)
        invites = opened if self._invites is None else pl.concat([self._invites, opened])
        byes = closed if self._byes is None else pl.concat([self._byes, closed])
        ends = byes.group_by("_key").agg(pl.col("_at").min().alias("ended_at"))
        whole = invites.join(ends, on="_key", how="inner", maintain_order="left").with_columns(
            # The INVITE's row is written at its final answer; when the call was set up is not recorded.
            setup_at=pl.col("_at"),
            answered_at=pl.col("_at"),
        )
        self._invites = invites.join(ends, on="_key", how="anti")
        self._byes = byes.join(invites.select("_key"), on="_key", how="anti")
        return [failed, whole]

    def _settled(
        self, calls: list[pl.DataFrame], rejects: tuple[Reject, ...], source: str, directory: Directory
    ) -> Read:
        told = [
            call.select(
                "line",
                "raw",
                "call_id",
                "reason",
                "sip_code",
                "setup_at",
                "ended_at",
                *_present(call, ("answered_at", *self.extras)),
            )
            for call in calls
        ]
        both = pl.concat(told, how="diagonal") if told else pl.DataFrame(schema={"line": pl.Int64, "raw": pl.String})
        frame, more = settle(
            Rows(both.with_columns(pl.lit(self.switch).alias("switch")), rejects),
            source,
            directory,
            {"call_id": "callid", "setup_at": "time"},
        )
        now = pl.concat([half["_at"] for half in (self._invites, self._byes) if half is not None]) if calls else None
        stale = self._stale(source, now) if now is not None and not now.is_empty() else ()
        return frame, (*more, *stale)

    def _stale(self, source: str, at: pl.Series | None) -> tuple[Reject, ...]:
        """Refuses halves older than `keep_ms` before the latest of `at`."""
        if at is None or self._invites is None or self._byes is None:
            return ()
        before = max(at.to_list()) - self.keep_ms
        found = []
        for half, other in ((self._invites, "BYE"), (self._byes, "INVITE")):
            for line, raw in half.filter(pl.col("_at") < before).select("line", "raw").iter_rows():
                found.append(
                    Reject(
                        source,
                        line,
                        "method",
                        "half_call",
                        f"a {other} row of the same callid and tags",
                        raw[:RAW_MAX],
                    )
                )
        self._invites = self._invites.filter(pl.col("_at") >= before)
        self._byes = self._byes.filter(pl.col("_at") >= before)
        return tuple(found)


def _present(frame: pl.DataFrame, names: Sequence[str]) -> list[str]:
    return [name for name in names if name in frame.columns]
