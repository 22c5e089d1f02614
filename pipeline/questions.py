"""The form of a question put to every attempt: which rows count, what is a hit, and when a change is worth a ticket.

The engine answers all questions alike; a detector only writes one of these down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pipeline.leaves import FAMILIES
from pipeline.rows import Flags, Rows
from pipeline.settings import GateSettings

Family = tuple[str, ...]
Need = Literal["failures", "ringing", "media"]
NEEDS: Final[tuple[Need, ...]] = ("failures", "ringing", "media")
ALL_FAMILIES: Final = FAMILIES


@dataclass(frozen=True, slots=True)
class Pace:
    """Hits and misses a minute inside a cause, the last five minutes against the hour before its onset; nan where
    that is too short."""

    hits_now: float = np.nan
    misses_now: float = np.nan
    misses_before: float = np.nan
    hits_usual: float = np.nan
    """Median of the minutes before; their mean (few calls) or the median of the last ten (a morning's rise) if more."""
    total_just_before: float = np.nan
    """Attempts a minute in the five minutes before the onset."""
    age_min: int = 0
    """Minutes since the onset."""


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen inside a cause since its onset, against what was expected."""

    total: float
    hits: float
    expected: float
    rows: Rows
    """The attempts inside, those that count."""
    median_ms: float = np.nan
    """Median of the scale's values inside (PDD or talk time)."""
    normal_ms: float = np.nan
    """The same median in normal times for this mix of destinations."""
    pace: Pace = Pace()
    cohort_sd: float = np.nan
    """How many standard deviations the short calls are more than normal, among calls that had the same time to end."""
    one_customer: bool = False
    """The cause names a customer or a trunk: its own dialling may be behind the change."""

    @property
    def rate(self) -> float:
        """Hits per attempt."""
        return self.hits / self.total if self.total else np.nan

    @property
    def normal(self) -> float:
        """Expected hits per attempt."""
        return self.expected / self.total if self.total else np.nan

    @property
    def excess(self) -> float:
        """Rate less expectation."""
        return self.rate - self.normal

    @property
    def fall(self) -> float:
        """Relative fall of the rate, 0-1."""
        return 1 - self.hits / self.expected if self.expected > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Scale:
    """A duration whose distribution is watched: hits lie beyond a quantile of the destination's own reference."""

    of: Literal["pdd", "talk"]
    quantile: float
    """Share of normal values on the bad side: above for `pdd`, below for `talk`."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `rises` is true when more hits are worse."""

    name: str
    signal: str
    metric: str
    """The figure people read: ASR, NER, PDD …"""
    rises: bool
    counts: Callable[[Rows], Flags]
    gate: Callable[[Window, GateSettings], bool]
    """Whether what was seen is worth a ticket; asked when there is support."""
    support: str
    """The setting of [watch.gates] that says how many attempts a ticket needs."""
    hit: Callable[[Rows], Flags] | None = None
    scale: Scale | None = None
    families: tuple[Family, ...] = ALL_FAMILIES
    excuse: Callable[[Window], bool] | None = None
    """A change that passes the gate and is no fault all the same: it is followed, so that it hides nothing else, and
    raises no ticket."""
    by_hour: bool = True
    """The expectation follows the hour of day and the weekend."""
    needs: tuple[Need, ...] = ()
    """Meaningless for a switch whose records show none of it (`pipeline.watch.disabled`)."""

    def least(self, gates: GateSettings) -> int:
        """Attempts that a ticket needs."""
        return int(getattr(gates, self.support))
