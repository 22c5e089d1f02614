"""The evidence engine on any series of numbers: each value against its level and hour, in both directions.

The engine knows counts. A value is therefore read as a count with a mean of `COUNT`: so many standard deviations above
what is expected of the series, so many square roots of `COUNT` above it. From there on everything is the product's: the
log likelihood ratios of a grid of shifts, what one step may add, and their Shiryaev-Roberts sums. What the promise of
false tickets does for counts, whose noise is known, the past of the series does here: the score of a row is its
evidence against the most evidence of late. All series go forward together; a row sees nothing of what follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.evidence import States, poisson_ratio
from pipeline.settings import EvidenceSettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
COUNT: Final = 60.0
LEVEL_ROWS: Final = 4.0
SPREAD_ROWS: Final = 500.0
HOUR_ROWS: Final = 200.0
HOUR_LEVEL_ROWS: Final = 1000.0
LEAST_SPREAD: Final = 0.02
"""Of the range of the series, which NAB lets every detector know."""
FORGET_ROWS: Final = 350.0
USUAL_NATS: Final = 8.0
"""Evidence that is nothing unusual in any series."""
LEARN_ROWS: Final = 50
YOUNG_ROWS: Final = 20
HOUR_KNOWN: Final = 6
CLIP_SD: Final = 8.0
_MOST_NATS: Final = 300.0


def anomaly_scores(series: Sequence[Floats], at_s: Sequence[Ints]) -> list[Floats]:
    """For each series and the epoch seconds of its rows: a score in [0, 1) for each of its values."""
    rows = max(len(values) for values in series)
    table, hours = np.full((rows, len(series)), np.nan), np.zeros((rows, len(series)), dtype=np.int64)
    for column, (values, at) in enumerate(zip(series, at_s, strict=True)):
        weekend = (at // 86_400 + 3) % 7 >= 5
        table[: len(values), column] = values
        hours[: len(values), column] = at // 3_600 % 24 + 24 * weekend
    found = _scores(table, hours)
    return [found[: len(values), column] for column, values in enumerate(series)]


class _Normal:
    """[series] what is expected of each: a recent level, the hour of day and weekend, and a spread."""

    def __init__(self, first: Floats, least_spread: Floats) -> None:
        self.level, self.slow, self._least = first.copy(), first.copy(), least_spread
        self._variance = np.zeros(len(first))
        self._hour, self._seen = np.zeros((48, len(first))), np.zeros((48, len(first)))
        self._column = np.arange(len(first))

    def expected(self, hour: Ints) -> Floats:
        """The level, moved by what the hour usually is away from the mean."""
        known = self._seen[hour, self._column] >= HOUR_KNOWN
        moved: Floats = self.level + np.where(known, self._hour[hour, self._column], 0.0)
        return moved

    @property
    def spread(self) -> Floats:
        """Standard deviation of late."""
        return np.maximum(np.sqrt(self._variance), self._least)

    def learn(self, row: int, hour: Ints, values: Floats, away: Floats) -> None:
        """Take a row in; `away` from what was expected, 0 where there is no value."""
        if row >= YOUNG_ROWS:
            away = np.clip(away, -CLIP_SD * self.spread, CLIP_SD * self.spread)
        self._variance += (away**2 - self._variance) / min(row + 1, SPREAD_ROWS)
        self.level += away / min(row + 1, LEVEL_ROWS)
        here = ~np.isnan(values)
        self.slow += np.where(here, values - self.slow, 0.0) / min(row + 1, HOUR_LEVEL_ROWS)
        place = (hour[here], self._column[here])
        self._seen[place] += 1
        pace = np.maximum(1 / self._seen[place], 1 / HOUR_ROWS)
        self._hour[place] += pace * (values[here] - self.slow[here] - self._hour[place])


def _scores(table: Floats, hours: Ints) -> Floats:
    """[rows, series] scores of [rows, series] values (nan behind the end of a series) and hours of the week's half."""
    number = table.shape[1]
    least = LEAST_SPREAD * (np.nanmax(table, 0) - np.nanmin(table, 0))
    normal = _Normal(table[0], np.where(least > 0, least, 1.0))
    states, most, scores = States(EvidenceSettings()), np.zeros(number), np.zeros(table.shape)
    states.grow(2 * number)
    rise, fall = np.arange(number), number + np.arange(number)
    usual, one = np.full(number, COUNT), np.ones(number)
    for row, (values, hour) in enumerate(zip(table, hours, strict=True)):
        here = ~np.isnan(values)
        away = np.where(here, values - normal.expected(hour), 0.0)
        count = np.maximum(COUNT + away / normal.spread * np.sqrt(COUNT), 0.0)
        states.add(rise, poisson_ratio(count, usual, one, 1.0), _MOST_NATS)
        states.add(fall, poisson_ratio(count, usual, one, -1.0), _MOST_NATS)
        evidence = states.peak[: 2 * number].reshape(2, number).max(axis=0)
        evidence = np.where(here & (row >= LEARN_ROWS), np.maximum(evidence, 0.0), 0.0)
        scores[row] = evidence / (evidence + np.maximum(most, USUAL_NATS))
        most = np.maximum(most * (1 - 1 / FORGET_ROWS), evidence)
        normal.learn(row, hour, values, away)
    return scores
