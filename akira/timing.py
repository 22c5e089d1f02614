"""The watch with a stopwatch: how long minutes take to close, told to the metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from akira.metrics import Metrics
from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.watch import Watch
from pipeline.watch.feeds import Feed


class Timed:
    """`pipeline.run.Watching` around the product's watch."""

    def __init__(self, watch: Watch, metrics: Metrics) -> None:
        self._watch, self._metrics = watch, metrics

    @property
    def clock_ms(self) -> int | None:
        """The watch's own."""
        return self._watch.clock_ms

    def feed(self, batch: Batch) -> list[Incident]:
        """Feed, and tell the time of each minute that this closed."""
        return self._clocked(lambda: self._watch.feed(batch))

    def finish(self) -> list[Incident]:
        """Finish, and tell the time of each minute that this closed."""
        return self._clocked(self._watch.finish)

    def snapshot(self) -> bytes:
        """The watch's own."""
        return self._watch.snapshot()

    def stats(self) -> Mapping[str, int | float]:
        """The watch's own."""
        return self._watch.stats()

    def feeds(self) -> Sequence[Feed]:
        """The watch's own."""
        return self._watch.feeds()

    def _clocked(self, work: Callable[[], list[Incident]]) -> list[Incident]:
        before, start_s = self._watch.minutes, time.perf_counter()
        incidents = work()
        closed = self._watch.minutes - before
        for _ in range(closed):
            self._metrics.minute_closed((time.perf_counter() - start_s) / closed, {})
        return incidents
