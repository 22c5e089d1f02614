"""From a block of ordered frames to closed minutes: duplicates taken out and counted, names interned, columns built."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from pipeline.answers import Sources
from pipeline.directory import Directory
from pipeline.findings import ClosedMinute
from pipeline.names import Names
from pipeline.records import MINUTE_MS
from pipeline.rows import build
from pipeline.settings import WatchSettings
from pipeline.watch.buffer import Block
from pipeline.watch.identity import Retries, Seen

FRESH_MIN = 3


class Intake:
    """The memories that a record meets before it counts."""

    def __init__(self, directory: Directory, settings: WatchSettings, names: Names) -> None:
        self.directory = directory
        self.settings = settings
        self.names = names
        self.seen = Seen(settings.time.duplicate_window_h)
        self.retries = Retries(settings.time.retry_fold_s * 1000)
        self.definitions = Sources(settings.definitions)
        self.duplicates = 0

    def minutes(self, block: Block) -> Iterator[ClosedMinute]:
        """The minutes of a block, one after the other, empty ones too."""
        frame = block.frames["cdr"]
        again = self.seen.duplicates(frame)
        self.duplicates += int(again.sum())
        kept = frame.filter(~pl.Series(again)) if again.any() else frame
        kept = kept.with_columns(emitted_at=pl.col("arrival"))
        minute_of = kept["arrival"].to_numpy() // MINUTE_MS if len(kept) else np.zeros(0, np.int64)
        bounds = np.searchsorted(minute_of, np.arange(block.first, block.end + 1))
        rows = build(kept, self.names, self.retries.mark(kept, bounds), self.definitions)
        by_minute = {kind: _split(block.frames[kind], block) for kind in ("sip", "balance")}
        copies = _split(frame.filter(pl.Series(again)) if again.any() else frame.clear(), block)
        for index, minute in enumerate(range(block.first, block.end)):
            part = rows.take(slice(int(bounds[index]), int(bounds[index + 1])))
            doubled = copies[index]
            counts = dict(doubled["switch"].value_counts().sort("switch").iter_rows()) if len(doubled) else {}
            switches = dict(
                zip(
                    self.names.lists["switch"],
                    np.bincount(part.of("switch"), minlength=self.names.count("switch")).tolist(),
                    strict=True,
                )
            )
            yield ClosedMinute(
                minute=minute,
                rows=part,
                duplicates=counts,
                duplicate_calls={
                    name: tuple(doubled.filter(pl.col("switch") == name)["call_id"].head(10).to_list())
                    for name in counts
                },
                sip=by_minute["sip"][index],
                balance=by_minute["balance"][index],
                fresh=minute < block.ticked
                or len(by_minute["sip"][index]) > 0
                or bool((part.setup_at >= (minute - FRESH_MIN) * MINUTE_MS).any()),
                switches={name: n + counts.get(name, 0) for name, n in switches.items()},
                names_of=self.names.lists,
                directory=self.directory,
                settings=self.settings,
            )
        self.seen.forget(block.end * MINUTE_MS)


def _split(frame: pl.DataFrame, block: Block) -> list[pl.DataFrame]:
    """The frame's rows by minute of arrival."""
    if not len(frame):
        return [frame] * (block.end - block.first)
    minute_of = frame["arrival"].to_numpy() // MINUTE_MS
    bounds = np.searchsorted(minute_of, np.arange(block.first, block.end + 1))
    return [frame[a:b] for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
