"""When normal is learnt and fitted: at declared boundaries of the clock, never from what is being ticketed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipeline.baseline.history import SHORTEST_MS, History, hour_of
from pipeline.baseline.model import by_destination, fit
from pipeline.names import DIMS
from pipeline.quality.cause import Codes, inside
from pipeline.quality.engine import Engine
from pipeline.quality.recent import Minute
from pipeline.settings import WatchSettings

EARLY_MIN: Final = (1.0, 1.5, 2.0, 3.0, 4.5, 6.0)
"""Cold start: fits at these multiples of the first one, then every full hour."""
LAG_EARLY_MIN: Final = 3
LAG_MIN: Final = 15
"""Minutes that are too young to be learnt: an alarm may still claim them."""

Spared = tuple[int, int | None, Codes]
"""From minute, to minute (None: still), cause: attempts that are not learnt from."""


class Learning:
    """Feeds the history from the engine's last hour and refits its expectations."""

    def __init__(self, engine: Engine, settings: WatchSettings) -> None:
        self.engine = engine
        self.history = History(engine.questions, settings.evidence.half_life_days)
        self.first_fit_min = settings.time.first_fit_min
        self.begun: int | None = None
        self.learnt_until: int | None = None

    def boundary(self, minute: int) -> bool:
        """Whether normal is fitted anew when `minute` has closed."""
        if self.begun is None:
            self.begun = minute
        age = minute - self.begun + 1
        early = {int(self.first_fit_min * share) for share in EARLY_MIN}
        return age in early or ((minute + 1) % 60 == 0 and age > max(early))

    def learn(self, minute: int, spared: Sequence[Spared]) -> None:
        """Learn the minutes that are old enough and fit every question."""
        assert self.begun is not None
        early = minute - self.begun < self.first_fit_min * EARLY_MIN[-1]
        lag = 0 if self.learnt_until is None else LAG_EARLY_MIN if early else LAG_MIN
        done = self.learnt_until if self.learnt_until is not None else self.begun - 1
        until = minute - lag
        self.history.grow(len(self.engine.leaves.cells), self.engine.names.count("destination"))
        self.history.forget(max(until - done, 0))
        for closed in self.engine.recent.minutes:
            if done < closed.minute <= until and len(closed.rows):
                self._learn_minute(closed, spared)
        self.learnt_until = max(until, done)
        self._fit()

    def _learn_minute(self, closed: Minute, spared: Sequence[Spared]) -> None:
        keep = np.ones(len(closed.leaf), np.bool_)
        for since, until, cause in spared:
            if since <= closed.minute and (until is None or closed.minute < until):
                keep &= ~inside(cause, self.engine.leaves.codes[closed.leaf])
        rows, row_leaf = closed.rows, closed.row_leaf
        if not keep.all():
            kept = keep[np.searchsorted(closed.leaf, row_leaf)]
            rows, row_leaf = rows.take(kept), row_leaf[kept]
        self.history.learn(rows, self.engine.leaves.cell[row_leaf])
        hour = hour_of(closed.minute)
        leaf = closed.leaf[keep]
        destination = self.engine.leaves.codes[leaf, DIMS.index("destination")].astype(np.int64)
        given = destination >= 0
        for question in self.engine.questions:
            counts = closed.counts.get(question.name)
            if counts is None or not question.by_hour:
                continue
            sums = np.stack([counts.total[keep], counts.hits[keep]], axis=1)
            self.history.learn_hours(question.name, destination[given], hour, sums[given])

    def _fit(self) -> None:
        engine = self.engine
        count = engine.names.count("destination")
        destination = engine.leaves.cell_destination
        references = {of: by_destination(self.history.scales[of], destination, count) for of in SHORTEST_MS}
        engine.refit(
            {q.name: fit(q, self.history, engine.leaves, references, engine.fits[q.name]) for q in engine.questions},
            references,
        )
