"""The live loop: one thread that takes batches the whole way, waits for brokers that are away, and stops cleanly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from akira.live_clock import Ticker
from pipeline.ports import Batch, Disconnected, RejectSink, Source
from pipeline.run import Due, Journal, Step, Watching, run

WAIT_MOST_S: Final = 30.0


class Watcher(Protocol):
    """Who is told how the loop fares (metrics, health, the terminal)."""

    def away(self, hint: str, wait_s: float) -> None:
        """A source or sink does not answer; the loop waits so long."""
        ...

    def stepped(self, step: Step) -> None:
        """A batch went the whole way."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double up to half a minute, and begin anew after a success."""

    stop: threading.Event
    told: Watcher

    def until(self, attempt: Callable[[], None]) -> bool:
        """Try until it works; False when the loop was stopped before."""
        tries = 0
        while not self.stop.is_set():
            try:
                attempt()
                return True
            except Disconnected as away:
                self.rest(away, tries)
                tries += 1
        return False

    def rest(self, away: Disconnected, tries: int) -> None:
        """Wait for what `away` asks for, longer with each of `tries`, and wake when stopped."""
        wait_s = min(away.wait_s * 2**tries, WAIT_MOST_S)
        self.told.away(away.hint, wait_s)
        self.stop.wait(wait_s)


@dataclass(frozen=True)
class Live:
    """The parts of one live run. `wait` False gives up at the first broker that is away (raises Disconnected)."""

    source: Source
    watch: Watching
    journal: Journal
    deadletters: RejectSink
    told: Watcher
    stop: threading.Event
    tick_after_s: float
    due: Due
    wait: bool = True
    drain: bool = False
    mark: Callable[[Mapping[str, int]], None] = lambda positions: None
    """Told the positions of each checkpoint, for the source's own tools."""

    def run(self, positions: Mapping[str, int]) -> None:
        """Until stopped (or, with `drain`, until the source ends); the last checkpoint is written before it returns."""
        batches = self._kept(self._read(positions))
        if not self.drain:
            batches = self._ticked(batches)
        for step in run(batches, self.watch, self.journal, positions=positions, due=self.due, finish=self.drain):
            if step.kept is not None:
                self.mark(step.kept)
            self.told.stepped(step)
        self.source.close()

    def _read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Batches of the source, which is asked again from where it was when it comes back."""
        backoff, at, tries = Backoff(self.stop, self.told), dict(positions), 0
        while not self.stop.is_set():
            try:
                for batch in self.source.read(at):
                    tries = 0
                    yield batch
                    at.update(batch.positions)
                    if self.stop.is_set():
                        return
                return
            except Disconnected as away:
                if not self.wait:
                    raise
                backoff.rest(away, tries)
                tries += 1

    def _kept(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Batches whose rejects are safe; stopped before they are, the batch is not passed on and comes again."""
        backoff = Backoff(self.stop, self.told)
        for batch in batches:
            if batch.rejects:
                write = partial(self.deadletters.write, batch.rejects)
                if not self.wait:
                    write()
                elif not backoff.until(write):
                    return
            yield batch

    def _ticked(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Idle batches become Ticks once all sources have been silent for long enough."""
        ticker = Ticker(self.tick_after_s, time.monotonic())
        for batch in batches:
            tick = ticker.tick(self.watch.clock_ms, len(batch.frame) > 0, time.monotonic())
            yield batch if tick is None else tick


def every(minutes: int, seconds: float) -> Due:
    """A checkpoint after so many event-minutes, but not more often than every `seconds` of real time."""
    last_s = time.monotonic()

    def due(last_ms: int, now_ms: int) -> bool:
        nonlocal last_s
        if now_ms - last_ms < minutes * 60_000 or time.monotonic() - last_s < seconds:
            return False
        last_s = time.monotonic()
        return True

    return due
