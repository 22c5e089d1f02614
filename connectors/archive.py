"""Archives as a source: files of all kinds, in any order, on one arrival timeline, given out minute by minute."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

from connectors.archive_files import Files, found
from connectors.archive_shelf import Shelf
from pipeline.directory import Directory
from pipeline.intake import resolve, strangers
from pipeline.ports import Batch, Reject
from pipeline.records import ARRIVAL, KINDS, MINUTE_MS, Kind, empty

HOLD_BYTES: Final = 3 << 30
"""Records held in memory, all kinds together; beyond it they wait in temporary files."""
BATCH_ROWS: Final = 100_000
POSITION: Final = "archive"
Progress = Callable[[Literal["reading", "watching"], int, int], None]
"""`progress(stage, done, of)`: bytes of files read, then records given out."""


@dataclass(frozen=True, slots=True)
class Input:
    """Files of one format: names, patterns or directories."""

    files: Files
    paths: Sequence[str | Path]


class ArchiveSource:
    """Reads all of `inputs` in their order, then yields their records in order of arrival, in whole minutes.

    While reading, each refused record goes out in a batch of no rows. The kinds of the same minutes follow each other,
    and only the last is settled, so that the clock never passes records that are still to come. Positions: the time
    (epoch ms) up to which everything was given out.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        directory: Directory,
        progress: Progress | None = None,
        hold_bytes: int = HOLD_BYTES,
    ) -> None:
        self._inputs = [(given.files, found(given.paths)) for given in inputs]
        self._directory = directory
        self._progress = progress or (lambda stage, done, of: None)
        self._hold = hold_bytes
        self.records: Counter[Kind] = Counter()
        """Records taken, by kind."""
        self.strangers: dict[str, Counter[str]] = {}
        """Records by what they name and the directory lacks, by dimension."""
        self._disabled: dict[str, Mapping[str, str]] = {}

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Batches of everything that arrived at or after `positions`."""
        with tempfile.TemporaryDirectory(prefix="akira-") as folder:
            shelves = {kind: Shelf(kind, Path(folder), self._hold // 2) for kind in KINDS}
            yield from self._fill(shelves)
            total = sum(shelf.rows for shelf in shelves.values())
            done = 0
            for slot in sorted(set().union(*(shelf.slots() for shelf in shelves.values()))):
                frames = {kind: shelf.take(slot) for kind, shelf in shelves.items()}
                done += sum(frame.height for frame in frames.values())
                for batch in _after(_minutes(frames), positions.get(POSITION, 0)):
                    yield replace(batch, disabled=self._disabled)
                self._progress("watching", done, total)

    def close(self) -> None:
        """Files are open only while they are read."""

    def _fill(self, shelves: Mapping[Kind, Shelf]) -> Iterator[Batch]:
        sizes = {path: path.stat().st_size for _, paths in self._inputs for path in paths}
        done, total = 0, sum(sizes.values())
        for files, paths in self._inputs:
            for path in paths:
                seen = 0
                for batch in files.read(path):
                    seen += batch.frame.height + len(batch.rejects)
                    yield from self._shelve(batch, shelves)
                if not seen:
                    nothing = Reject(str(path), None, None, "empty_file", "at least one record", "")
                    yield Batch(files.kind, empty(files.kind), (nothing,))
                done += sizes[path]
                self._progress("reading", done, total)
            yield from self._shelve(files.finish(), shelves)

    def _shelve(self, batch: Batch, shelves: Mapping[Kind, Shelf]) -> Iterator[Batch]:
        frame = batch.frame
        self._disabled.update(batch.disabled)
        if batch.kind == "cdr" and not frame.is_empty():
            frame = resolve(frame, self._directory)
            for dimension, counts in strangers(frame, self._directory).items():
                self.strangers.setdefault(dimension, Counter()).update(counts)
        shelves[batch.kind].put(frame)
        self.records[batch.kind] += frame.height
        if batch.rejects:
            yield Batch(batch.kind, empty(batch.kind), batch.rejects)


def _minutes(frames: Mapping[Kind, pl.DataFrame]) -> Iterator[Batch]:
    """One slot's records in batches of whole minutes and about BATCH_ROWS rows, every kind in turn: the clock waits
    for the last kind."""
    minute_of = {kind: frame[ARRIVAL[kind]].to_numpy() // MINUTE_MS for kind, frame in frames.items() if frame.height}
    if not minute_of:
        return
    edges = np.unique(np.concatenate(list(minute_of.values())))
    counts = sum(np.searchsorted(minutes, edges, side="right") for minutes in minute_of.values())
    # The last minute of each run of at most BATCH_ROWS rows; a minute is never cut.
    edges = edges[np.append(np.diff(counts // BATCH_ROWS) > 0, True)]
    starts = dict.fromkeys(minute_of, 0)
    for last in edges.tolist():
        batches = []
        for kind, minutes in minute_of.items():
            end = int(np.searchsorted(minutes, last, side="right"))
            if end > starts[kind]:
                batches.append(Batch(kind, frames[kind][starts[kind] : end], settled=False))
                starts[kind] = end
        yield from batches[:-1]
        # Only the last batch says that its minutes were given out.
        yield replace(batches[-1], positions={POSITION: (last + 1) * MINUTE_MS}, settled=True)


def _after(batches: Iterator[Batch], since_ms: int) -> Iterator[Batch]:
    """The batches without what arrived before `since_ms`."""
    for batch in batches:
        kept = batch.frame.filter(pl.col(ARRIVAL[batch.kind]) >= since_ms) if since_ms else batch.frame
        if kept.height or batch.settled:
            yield replace(batch, frame=kept)
