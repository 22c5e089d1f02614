"""Partitions, topics and files side by side: records wait until every one has got as far, so that none comes too late.

Each lane is in order within the lateness by itself; two lanes are not in order to each other. All give their longest
prefix that is not ahead of the slowest, so that the watch sees them as one ordered stream, and the position of a lane
is exact: what was given is never read again, what waits is.

They give in steps that end `lateness` after a minute, just before the watch would close it: within a step the order of
the lanes does not matter, since no minute closes before the last of them has given its share of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.ports import Batch, Reject
from pipeline.records import ARRIVAL, MINUTE_MS, Kind, empty

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows as they lie in the source: their offsets, and for each the latest arrival up to it."""

    frame: pl.DataFrame
    offsets: Ints
    tops: Ints
    rejects: tuple[Reject, ...]
    next_offset: int

    def split(self, rows: int) -> tuple[_Chunk, _Chunk]:
        """The first `rows` rows and the rest; a reject goes with the row before it."""
        cut = int(self.offsets[rows])
        before = tuple(r for r in self.rejects if (r.line or 0) < cut)
        after = tuple(r for r in self.rejects if (r.line or 0) >= cut)
        head = _Chunk(self.frame[:rows], self.offsets[:rows], self.tops[:rows], before, cut)
        return head, _Chunk(self.frame[rows:], self.offsets[rows:], self.tops[rows:], after, self.next_offset)


class Lane:
    """One partition or file. A lane that `holds` keeps the others from going ahead of its latest record."""

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self.kind = kind
        self.holds = True
        self.clock_ms: int | None = None
        """The latest arrival read from it, None before the first record."""
        self.waiting = 0
        """Rows that were read and not given yet."""
        self._chunks: deque[_Chunk] = deque()

    def push(self, frame: pl.DataFrame, offsets: Ints, rejects: Sequence[Reject], next_offset: int) -> None:
        """Take in what was read up to `next_offset`; `offsets` are those of the rows of `frame`, `Reject.line` too."""
        tops = np.zeros(0, np.int64)
        if len(frame):
            arrivals = frame[ARRIVAL[self.kind]].to_numpy()
            floor = arrivals[0] if self.clock_ms is None else self.clock_ms
            tops = np.maximum(np.maximum.accumulate(arrivals), floor)
            self.clock_ms = int(tops[-1])
        self._chunks.append(_Chunk(frame, offsets, tops, tuple(rejects), next_offset))
        self.waiting += len(frame)

    def give(self, bound_ms: int) -> Batch | None:
        """All that is not later than `bound_ms`, as one batch with the position after it; None when that is nothing."""
        given: list[_Chunk] = []
        while self._chunks:
            chunk = self._chunks[0]
            ready = int(np.searchsorted(chunk.tops, bound_ms, side="right"))
            if ready == len(chunk.frame):
                given.append(self._chunks.popleft())
                continue
            if ready:
                head, self._chunks[0] = chunk.split(ready)
                given.append(head)
            break
        if not given:
            return None
        frame = pl.concat([empty(self.kind), *(chunk.frame for chunk in given)])
        self.waiting -= len(frame)
        rejects = tuple(reject for chunk in given for reject in chunk.rejects)
        return Batch(self.kind, frame, rejects, {self.name: given[-1].next_offset})

    def first_ms(self) -> int | None:
        """The latest arrival up to the first waiting row; None when no row waits."""
        return next((int(chunk.tops[0]) for chunk in self._chunks if len(chunk.tops)), None)


def give(lanes: Sequence[Lane], lateness_ms: int) -> Iterator[Batch]:
    """Every batch that may go now, in steps. Nothing while a lane that holds has shown no record yet."""
    while True:
        ahead = [lane for lane in lanes if lane.holds or lane.waiting]
        clocks = [lane.clock_ms for lane in ahead if lane.clock_ms is not None]
        if len(clocks) < len(ahead):
            return
        firsts = [first for lane in lanes if (first := lane.first_ms()) is not None]
        most = min(clocks, default=0)
        bound = min(most, _step_end(min(firsts, default=most), lateness_ms))
        batches = [batch for lane in lanes if (batch := lane.give(bound)) is not None]
        if not batches:
            return
        yield from batches


def _step_end(at_ms: int, lateness_ms: int) -> int:
    """The last moment of the step that `at_ms` is in: the next minute's end plus the lateness."""
    return ((at_ms - lateness_ms) // MINUTE_MS + 1) * MINUTE_MS + lateness_ms - 1
