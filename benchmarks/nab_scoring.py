"""The scoring of the Numenta Anomaly Benchmark, written anew from its definition.

A window is worth what its earliest detection is worth: near 1 at its left edge, 0 at its right edge; a window without
a detection costs its weight. A detection outside costs more the further behind the last window it is. The first
15 % of a series (750 rows at most) count for nothing. 0 is no detection at all, 100 the perfect detector.
Source: Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", ICMLA 2015 (arXiv 1510.03336).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_PROBATION: Final = 0.15
_PROBATION_OF_MOST: Final = 5_000
_STEEP: Final = 5.0
_FAR: Final = 3.0
"""Window widths behind a window from which a false detection costs all of its weight."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Costs of an application: of a false detection and of a missed window, where a found one is worth 1."""

    false: float
    missed: float


PROFILES: Final[Mapping[str, Profile]] = {
    "standard": Profile(false=0.11, missed=1.0),
    "reward_low_FP_rate": Profile(false=0.22, missed=1.0),
    "reward_low_FN_rate": Profile(false=0.11, missed=2.0),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One file: rows, and its windows as first and last row, ascending."""

    rows: int
    windows: Sequence[tuple[int, int]]

    def window_of(self) -> Ints:
        """[rows] number of the window that a row lies in, -1 outside."""
        inside = np.full(self.rows, -1, dtype=np.int64)
        for number, (first, last) in enumerate(self.windows):
            inside[first : last + 1] = number
        return inside

    def worth(self) -> Floats:
        """[rows] worth of a detection there: up to 1 inside a window, down to -1 outside."""
        at = np.full(self.rows, np.inf)
        for first, last in self.windows:
            width = last - first + 1
            at[first : last + 1] = (np.arange(first, last + 1) - last - 1) / width
            behind = np.arange(last + 1, self.rows)
            at[last + 1 :] = (behind - last) / max(width - 1, 1)
        worth = _sigmoid(np.minimum(at, _FAR))
        worth[at > _FAR] = -1.0
        return np.where(self.window_of() >= 0, worth / _sigmoid(np.array(-1.0)), worth)

    def judged(self) -> npt.NDArray[np.bool_]:
        """[rows] which count."""
        start = min(int(_PROBATION * self.rows), _PROBATION * _PROBATION_OF_MOST)
        counted: npt.NDArray[np.bool_] = np.arange(self.rows) >= start
        return counted


def score(series: Sequence[Series], scores: Sequence[Floats], profile: Profile) -> tuple[float, float]:
    """The score of a corpus (100 is perfect) and the threshold of the anomaly scores that gives it.

    As published, the threshold is the best one for the corpus: for every detector alike, by looking at the labels.
    """
    anomaly, worth, window = _rows(series, scores)
    order = np.argsort(-anomaly, kind="stable")
    anomaly, worth, window = anomaly[order], worth[order], window[order]
    gain = np.where(window < 0, profile.false * worth, 0.0)
    for number in range(int(window.max()) + 1):
        place = np.flatnonzero(window == number)
        if len(place):
            best = np.maximum.accumulate(worth[place])
            gain[place] = np.diff(best, prepend=-profile.missed)
    total = np.cumsum(gain)
    last = np.flatnonzero(np.append(np.diff(anomaly) != 0, True))
    best_at = last[int(np.argmax(total[last]))]
    judged = len(np.unique(window[window >= 0]))
    every = sum(len(one.windows) for one in series)
    null = -profile.missed * judged
    reached = max(total[best_at] + null, null)
    return 100 * (reached - null) / (every - null), float(anomaly[best_at])


def _rows(series: Sequence[Series], scores: Sequence[Floats]) -> tuple[Floats, Floats, Ints]:
    """Judged rows of all files: anomaly score, worth, window (numbered over the corpus, -1 outside)."""
    parts, windows = [], 0
    for one, anomaly in zip(series, scores, strict=True):
        judged, inside = one.judged(), one.window_of()
        inside = np.where(inside >= 0, inside + windows, -1)
        parts.append((anomaly[judged], one.worth()[judged], inside[judged]))
        windows += len(one.windows)
    anomaly, worth, window = (np.concatenate(column) for column in zip(*parts, strict=True))
    return anomaly, worth, window


def _sigmoid(at: Floats) -> Floats:
    found: Floats = 2.0 / (1.0 + np.exp(_STEEP * at)) - 1.0
    return found
