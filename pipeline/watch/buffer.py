"""Open minutes: records wait here, in no order, until the clock passes their minute.

The clock is the arrival timeline less the lateness; it moves only by records and Ticks. Records of a closed minute
join the oldest open one, and are counted as late; those far ahead join the newest, and are counted too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.ports import Batch
from pipeline.records import ARRIVAL, KINDS, MINUTE_MS, Kind, empty
from pipeline.watch.ahead import Ahead

BLOCK_MIN: Final = 1440
NONE_MS: Final = 1 << 60
PLAIN: Final = ("clock_ms", "closed", "late", "ticked_ms", "newest_ms")
ORDER: dict[Kind, list[str]] = {
    "cdr": ["arrival", "call_id", "attempt", "switch", "customer", "ended_at"],
    "sip": ["arrival", "switch", "peer_kind", "peer", "metric", "value"],
    "balance": ["arrival", "customer", "account", "event", "balance_micro"],
}
"""Sort keys that make the content of a minute independent of how it came."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole minutes in order, each kind sorted; `first` and `end` are minutes since the epoch, `end` excluded."""

    first: int
    end: int
    ticked: int
    """Minutes before this one were closed by a Tick."""
    frames: dict[Kind, pl.DataFrame]


class Buffer:
    """Records of open minutes and the clock."""

    def __init__(self, lateness_ms: int) -> None:
        self.lateness_ms = lateness_ms
        self.clock_ms: int | None = None
        self.closed: int | None = None
        """The first minute that is not closed."""
        self.late = 0
        self.ticked_ms = 0
        self.newest_ms = 0
        self.held: dict[Kind, list[pl.DataFrame]] = {kind: [] for kind in KINDS}
        self.ahead: dict[Kind, Ahead] = {kind: Ahead() for kind in KINDS}

    def add(self, batch: Batch) -> None:
        """Take a batch in and let it move the clock."""
        if len(batch.frame):
            frame = batch.frame.with_columns(arrival=pl.col(ARRIVAL[batch.kind]))
            self._hold(batch.kind, self.ahead[batch.kind].sift(frame, self._present_ms()))
            for kind, ahead in self.ahead.items():
                for waited in ahead.overtaken(self._present_ms()):
                    self._hold(kind, waited)
        if batch.settled and self.newest_ms:
            self._move(self.newest_ms - self.lateness_ms)
        if batch.clock_ms is not None:
            self.ticked_ms = max(self.ticked_ms, batch.clock_ms)
            self._move(batch.clock_ms)

    def _present_ms(self) -> int:
        return max(self.newest_ms, self.clock_ms or 0)

    def _hold(self, kind: Kind, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            return
        if self.closed is not None:
            opens = self.closed * MINUTE_MS
            self.late += frame.select((pl.col("arrival") < opens).sum()).item()
            frame = frame.with_columns(arrival=pl.max_horizontal("arrival", opens))
        self.held[kind].append(frame)
        self.newest_ms = max(self.newest_ms, frame.select(pl.col("arrival").max()).item())

    def _move(self, clock_ms: int) -> None:
        self.clock_ms = clock_ms if self.clock_ms is None else max(self.clock_ms, clock_ms)

    def take(self, everything: bool = False) -> Block | None:
        """The minutes that the clock has passed, a day at most; None when there are none (left).

        A gap of more than a day is skipped: to a record that is years wrong nobody walks minute by minute.
        """
        if everything:
            for kind, ahead in self.ahead.items():
                for waited in ahead.ended(self._present_ms()):
                    self._hold(kind, waited)
        first = self._first()
        if first is None or self.clock_ms is None:
            return None
        end = self.clock_ms // MINUTE_MS
        if everything:
            end = max(end, self._last() + 1)
        if end - first > BLOCK_MIN:
            first = max(first, min(self._earliest(), end - BLOCK_MIN))
            end = min(end, first + BLOCK_MIN)
        if end <= first:
            return None
        frames: dict[Kind, pl.DataFrame] = {}
        for kind in KINDS:
            frames[kind], rest = self._split(kind, end * MINUTE_MS)
            self.held[kind] = [rest] if len(rest) else []
        self.closed = end
        return Block(first, end, self.ticked_ms // MINUTE_MS, frames)

    def _split(self, kind: Kind, before_ms: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        if not self.held[kind]:
            bare = empty(kind).with_columns(arrival=pl.lit(None, pl.Int64))
            return bare, bare
        held = pl.concat(self.held[kind])
        ready = held.filter(pl.col("arrival") < before_ms).sort(ORDER[kind])
        return ready, held.filter(pl.col("arrival") >= before_ms)

    def _first(self) -> int | None:
        if self.closed is not None:
            return self.closed
        return self._earliest() if any(self.held.values()) else None

    def _earliest(self) -> int:
        """The minute of the earliest record that waits; far in the future when none does."""
        firsts = [f.select(pl.col("arrival").min()).item() for frames in self.held.values() for f in frames]
        return min(firsts, default=NONE_MS) // MINUTE_MS

    def _last(self) -> int:
        lasts = [f.select(pl.col("arrival").max()).item() for frames in self.held.values() for f in frames]
        return max(lasts) // MINUTE_MS if lasts else -1

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        held = {kind: pl.concat(frames) for kind, frames in self.held.items() if frames}
        plain = {name: getattr(self, name) for name in PLAIN}
        ahead = {kind: (each.waiting, each.count) for kind, each in self.ahead.items()}
        return {**plain, "held": held, "ahead": ahead}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        for name in PLAIN:
            setattr(self, name, state[name])
        held: dict[Kind, pl.DataFrame] = state["held"]  # type: ignore[assignment]
        self.held = {kind: [held[kind]] if kind in held else [] for kind in KINDS}
        waiting: dict[Kind, tuple[list[pl.DataFrame], int]] = state["ahead"]  # type: ignore[assignment]
        for kind, each in self.ahead.items():
            each.waiting, each.count = waiting[kind]
