"""Feed health: when each kind of record, and each switch, was last heard of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.ports import Batch
from pipeline.records import ARRIVAL


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed: `kind` of records, its `source` (a switch), the newest record and how far it is behind the clock.

    `disabled` are the metrics that its records cannot be asked for, each with the reason.
    """

    kind: str
    source: str
    last_ms: int
    age_s: float
    disabled: tuple[tuple[str, str], ...] = ()


class Feeds:
    """The newest arrival by kind and source."""

    def __init__(self) -> None:
        self.last: dict[tuple[str, str], int] = {}

    def take(self, batch: Batch) -> None:
        """Note a batch."""
        if not len(batch.frame):
            return
        arrival = ARRIVAL[batch.kind]
        source = pl.col("switch") if "switch" in batch.frame.columns else pl.lit("default")
        newest = batch.frame.group_by(source.fill_null("default").alias("source")).agg(pl.col(arrival).max())
        for name, at in newest.iter_rows():
            key = (batch.kind, name)
            self.last[key] = max(self.last.get(key, 0), at)

    def rows(self, now_ms: int | None, disabled: Mapping[str, tuple[tuple[str, str], ...]]) -> list[Feed]:
        """Every feed, the longest silent first; `disabled` are the metrics that each switch's CDRs cannot be asked."""
        found = [
            Feed(
                kind, source, at, max((now_ms or at) - at, 0) / 1000, disabled.get(source, ()) if kind == "cdr" else ()
            )
            for (kind, source), at in self.last.items()
        ]
        return sorted(found, key=lambda feed: (-feed.age_s, feed.kind, feed.source))
