"""The life of one cause under one question: minute by minute against normal, until traffic shows that it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.model import logit
from pipeline.quality.cause import Codes

Floats = npt.NDArray[np.float64]
RECOVERY_NATS: Final = 6.0
SERIES_MOST: Final = 1440


@dataclass(slots=True)
class Track:
    """Counts inside the cause since its onset. `series` rows are (minute, total, hits, expected)."""

    key: str
    question: str
    cause: dict[str, tuple[int, ...]]
    onset: int
    opened: int
    score: float
    series: list[tuple[int, float, float, float]] = field(default_factory=list)
    good_since: int | None = None
    good_nats: float = 0.0
    ended: int | None = None
    """First minute of the recovery, once it is shown."""
    excused: bool = False
    """Followed, but no fault: it raises no ticket."""
    pending: Codes | None = None
    """A wider or narrower cause seen once; it is taken when seen twice running."""
    explained: float = 0.0
    """Its share of the whole's excess over normal when the cause was last searched, 0-1."""

    @property
    def active(self) -> bool:
        """The fault is not over."""
        return self.ended is None

    @property
    def own_doing(self) -> bool:
        """A customer has brought it about itself: whatever else its calls show meanwhile is no fault either."""
        return self.excused and ("customer" in self.cause or "trunk" in self.cause)

    def add(self, minute: int, total: float, hits: float, expected: float) -> None:
        """Add one minute."""
        if self.series and self.series[-1][0] >= minute:
            return
        self.series.append((minute, total, hits, expected))
        del self.series[:-SERIES_MOST]

    def sums(self, since: int | None = None) -> tuple[float, float, float]:
        """Total, hits and expected hits since a minute (default: the onset)."""
        start = self.onset if since is None else since
        chosen = [row for row in self.series if row[0] >= start]
        if not chosen:
            return 0.0, 0.0, 0.0
        table = np.array(chosen)
        return float(table[:, 1].sum()), float(table[:, 2].sum()), float(table[:, 3].sum())

    def judge_recovery(self, soak_min: int, rho: float) -> None:
        """Move the test of normal against faulty by the last minute; ends the track when normal wins for the soak."""
        minute, total, hits, expected = self.series[-1]
        if total == 0:
            return
        n, y, e = self._faulty()
        normal = float(np.clip(expected / total, 1e-4, 1 - 1e-4))
        # what hardly ever is, but was of late, stands far from normal: one call without it says much
        shift = float(np.clip(logit(np.array((y + 0.5) / (n + 1))) - logit(np.array((e + 0.5) / (n + 1))), -5, 10))
        odds = normal / (1 - normal) * np.exp(shift)
        faulty = float(odds / (1 + odds))
        gain = hits * np.log(normal / faulty) + (total - hits) * np.log((1 - normal) / (1 - faulty))
        gain = float(np.clip(gain / (1 + max(total - 1, 0) * rho), -8, 8))
        if self.good_nats + gain <= 0:
            self.good_since, self.good_nats = None, 0.0
            return
        if self.good_since is None:
            self.good_since = minute
        self.good_nats = min(self.good_nats + gain, 3 * RECOVERY_NATS)
        if self.good_nats >= RECOVERY_NATS and minute - self.good_since + 1 >= soak_min:
            self.ended = self.good_since

    def _faulty(self) -> tuple[float, float, float]:
        """Counts of the faulty minutes so far."""
        until = self.good_since if self.good_since is not None else self.series[-1][0] + 1
        rows = [row for row in self.series if self.onset <= row[0] < until]
        table = np.array(rows) if rows else np.array(self.series[:1])
        return float(table[:, 1].sum()), float(table[:, 2].sum()), float(table[:, 3].sum())


def onset_of(minute: npt.NDArray[np.int64], ratios: Floats) -> int:
    """The start that explains the series best: where the sum of log likelihood ratios to its end is largest.

    `minute` [minutes] ascending, one row a minute; `ratios` [shifts, minutes] nats of each. Source: Page's maximum
    likelihood change point.
    """
    tails = ratios[:, ::-1].cumsum(axis=1)[:, ::-1]
    return int(minute[int(tails.max(axis=0).argmax())])
