"""From a block of ordered frames to closed minutes: duplicates taken out and counted, names interned, columns built."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.answers import Sources
from pipeline.directory import Directory
from pipeline.findings import ClosedMinute
from pipeline.names import Names
from pipeline.records import MINUTE_MS
from pipeline.rows import build
from pipeline.samples import by_metric
from pipeline.settings import WatchSettings
from pipeline.watch.buffer import Block
from pipeline.watch.identity import Retries, Seen

FRESH_MIN = 3
EXAMPLES = 10


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
        bounds = _bounds(kept, block)
        rows = build(kept, self.names, self.retries.mark(kept, bounds), self.definitions)
        samples = by_metric(block.frames["sip"], _bounds(block.frames["sip"], block))
        balance = _split(block.frames["balance"], block)
        copies = _split(frame.filter(pl.Series(again)) if again.any() else frame.clear(), block)
        for index, minute in enumerate(range(block.first, block.end)):
            part = rows.take(slice(int(bounds[index]), int(bounds[index + 1])))
            doubled = _calls_by_switch(copies[index])
            counts = {switch: len(calls) for switch, calls in doubled.items()}
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
                duplicate_calls={switch: tuple(calls[:EXAMPLES]) for switch, calls in doubled.items()},
                sip=samples[index],
                balance=balance[index],
                fresh=minute < block.ticked
                or any(map(len, samples[index].values()))
                or bool((part.setup_at >= (minute - FRESH_MIN) * MINUTE_MS).any()),
                switches={name: n + counts.get(name, 0) for name, n in switches.items()},
                names_of=self.names.lists,
                directory=self.directory,
                settings=self.settings,
            )
        self.seen.forget(block.end * MINUTE_MS)


def _calls_by_switch(copies: pl.DataFrame) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for switch, call in zip(copies["switch"].to_list(), copies["call_id"].to_list(), strict=True):
        found.setdefault(switch, []).append(call)
    return dict(sorted(found.items()))


def _bounds(frame: pl.DataFrame, block: Block) -> npt.NDArray[np.intp]:
    """Where each minute of arrival begins in an ordered frame, and where the last one ends."""
    minute_of = frame["arrival"].to_numpy() // MINUTE_MS if len(frame) else np.zeros(0, np.int64)
    return np.searchsorted(minute_of, np.arange(block.first, block.end + 1))


def _split(frame: pl.DataFrame, block: Block) -> list[pl.DataFrame]:
    """The frame's rows by minute of arrival."""
    bounds = _bounds(frame, block).tolist()
    return [frame[first:last] for first, last in zip(bounds[:-1], bounds[1:], strict=True)]
