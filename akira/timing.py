"""The watch with a stopwatch: how long minutes take to close, and each detector in them, told to the metrics."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from akira.metrics import Metrics
from akira.watching import new_watch
from pipeline.directory import Directory
from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.settings import WatchSettings
from pipeline.watch.feeds import Feed


class Stopwatch:
    """Seconds by (stage, part), a `pipeline.ports.Timing`. What an inner part takes is not the outer one's."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._inner: list[float] = [0.0]
        self.spent: defaultdict[tuple[str, str], float] = defaultdict(float)

    @contextmanager
    def __call__(self, stage: str, part: str = "") -> Iterator[None]:
        """Time what is done inside."""
        start = self._clock()
        self._inner.append(0.0)
        try:
            yield
        finally:
            whole = self._clock() - start
            self.spent[stage, part] += whole - self._inner.pop()
            self._inner[-1] += whole

    def parts(self) -> dict[str, float]:
        """Seconds by part over all stages since the last asking; the stopwatch begins anew."""
        parts: defaultdict[str, float] = defaultdict(float)
        for (_, part), seconds in self.spent.items():
            if part:
                parts[part] += seconds
        self.spent.clear()
        return dict(parts)


class Timed:
    """`pipeline.run.Watching` around the product's watch, fresh or from a snapshot (raises SnapshotError)."""

    def __init__(self, directory: Directory, settings: WatchSettings, snapshot: bytes | None, metrics: Metrics) -> None:
        self._stopwatch, self._metrics = Stopwatch(), metrics
        self._watch = new_watch(directory, settings, snapshot, self._stopwatch)

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
        spent_s, closed = time.perf_counter() - start_s, self._watch.minutes - before
        by_detector = self._stopwatch.parts()
        for _ in range(closed):
            each = {detector: seconds / closed for detector, seconds in by_detector.items()}
            self._metrics.minute_closed(spent_s / closed, each)
        return incidents
