"""Files of records into Kafka, in the order and at the pace in which they once arrived."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import polars as pl

from connectors.codec import encode, read_file
from pipeline.lanes import Lane, give
from pipeline.ports import Batch
from pipeline.records import ARRIVAL, Kind

KEYS: Final[dict[Kind, str]] = {"cdr": "call_id", "sip": "switch", "balance": "customer"}
"""The column that chooses the partition: what belongs together stays in order."""
PIECE_S: Final = 0.25
"""Records are sent in pieces of so much real time."""
PIECE_ROWS: Final = 5_000


class Sink(Protocol):
    """Where messages go (`connectors.kafka.sinks.KafkaSink`)."""

    def send(self, messages: Sequence[tuple[str, bytes]]) -> None: ...


@dataclass
class Pace:
    """Event time against real time: `speed` 60 sends an hour in a minute; None sends as fast as it goes."""

    speed: float | None
    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _start: tuple[int, float] | None = field(default=None)

    def wait(self, at_ms: int) -> None:
        """Return when event time `at_ms` is due; the first one is due at once."""
        if self.speed is None:
            return
        if self._start is None:
            self._start = (at_ms, self.now_s())
        due_s = self._start[1] + (at_ms - self._start[0]) / 1000 / self.speed
        if (rest_s := due_s - self.now_s()) > 0:
            self.sleep(rest_s)


def feed(files: Mapping[Kind, Sequence[Path]], sinks: Mapping[Kind, Sink], pace: Pace) -> Iterator[Counter[str]]:
    """Send all; after each piece the counts so far: by kind what was sent, `refused` what was no record."""
    counts: Counter[str] = Counter()
    for batches in _together(files):
        counts["refused"] += sum(len(batch.rejects) for batch in batches)
        pieces = [(batch.kind, piece) for batch in batches for piece in _pieces(batch, pace.speed)]
        for until_ms, kind, piece in sorted(((_last_ms(*piece), *piece) for piece in pieces), key=lambda each: each[0]):
            pace.wait(until_ms)
            keys = piece[KEYS[kind]].fill_null("").to_list()
            sinks[kind].send(list(zip(keys, encode(kind, piece).splitlines(), strict=True)))
            counts[kind] += len(piece)
            yield counts


def _together(files: Mapping[Kind, Sequence[Path]]) -> Iterator[list[Batch]]:
    """Batches of all files side by side, none ahead of the slowest; each file is in order by itself."""
    readers = {Lane(str(path), kind): read_file(kind, path) for kind, paths in files.items() for path in paths}
    lanes = list(readers)
    while any(lane.holds for lane in lanes):
        behind = min((lane for lane in lanes if lane.holds), key=lambda lane: lane.clock_ms or 0)
        batch = next(readers[behind], None)
        if batch is None:
            behind.holds = False
        else:
            _push(behind, batch)
        yield list(give(lanes, 0))


def _last_ms(kind: Kind, piece: pl.DataFrame) -> int:
    return int(piece[ARRIVAL[kind]].to_numpy().max())


def _push(lane: Lane, batch: Batch) -> None:
    offsets = np.arange(len(batch.frame), dtype=np.int64)
    lane.push(batch.frame, offsets, batch.rejects, len(batch.frame))


def _pieces(batch: Batch, speed: float | None) -> list[pl.DataFrame]:
    """The batch in its order, in pieces of one grid of `PIECE_S` at this speed and of at most `PIECE_ROWS`."""
    rows = len(batch.frame)
    cuts = {*range(0, rows, PIECE_ROWS), rows}
    if speed is not None:
        grid = np.maximum.accumulate(batch.frame[ARRIVAL[batch.kind]].to_numpy()) // (PIECE_S * 1000 * speed)
        cuts |= {int(cut) + 1 for cut in np.flatnonzero(np.diff(grid))}
    edges = sorted(cuts)
    return [batch.frame[start:end] for start, end in zip(edges, edges[1:], strict=False)]
