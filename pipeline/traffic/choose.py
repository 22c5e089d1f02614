"""Of the slices whose traffic is gone, those that explain the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.leaves import FAMILIES, Leaves
from pipeline.names import DIMS
from pipeline.quality.cause import Codes, inside
from pipeline.quality.recent import Recent

LOOK_BACK_MIN: Final = 60
EXPLAINED: Final = 0.5
PREFERENCE: Final = ("", "switch", "customer", "trunk", "destination", "terminator")
"""Of slices that lost the same calls, the first in this list names the cause."""
SWITCH_CALLS: Final = 10.0
SWITCH_LEFT: Final = 0.15
ON_TIME_MS: Final = 60_000.0


@dataclass(frozen=True, slots=True)
class Gone:
    """A slice whose traffic is gone: row in the levels, cause, since when, seen and usual calls."""

    at: int
    family: int
    cause: Codes
    since: int
    seen: float
    usual: float
    per_minute: float

    @property
    def missing(self) -> float:
        """Calls that did not come."""
        return self.usual - self.seen


def chosen(gone: Sequence[Gone], leaves: Leaves, recent: Recent) -> list[Gone]:
    """The causes, those with most calls missing first."""
    if not gone:
        return []
    onset = min(g.since for g in gone)
    before = _per_leaf(leaves, recent, onset - LOOK_BACK_MIN, onset - 1)
    taken: list[Gone] = []
    explained = np.zeros(len(leaves), np.bool_)
    for candidate in sorted(gone, key=_rank):
        within = inside(candidate.cause, leaves.codes)
        usual = before[within].sum()
        if usual and before[within & explained].sum() >= EXPLAINED * usual:
            continue
        taken.append(candidate)
        if FAMILIES[candidate.family] != ("terminator",):
            explained |= within
    return taken


def _rank(gone: Gone) -> tuple[float, int, int]:
    family = "".join(FAMILIES[gone.family])
    # slices that lost the same calls to within a tenth are ranked by preference alone
    return (-round(np.log(max(gone.missing, 1.0)) * 10), PREFERENCE.index(family), gone.at)


def _per_leaf(
    leaves: Leaves, recent: Recent, since: int, until: int, lag_most_ms: float = np.inf
) -> np.typing.NDArray[np.float64]:
    counts = np.zeros(len(leaves))
    for closed in recent.minutes:
        if since <= closed.minute <= until:
            counted = (closed.rows.attempt == 1) & (closed.rows.lag_ms <= lag_most_ms)
            counts += np.bincount(closed.row_leaf[counted], minlength=len(leaves))
    return counts


def switch_silent(gone: Sequence[Gone], leaves: Leaves, recent: Recent, idle: frozenset[int]) -> bool:
    """A switch that counts calls writes hardly a record in time: then silence or delay judges, not traffic.

    `idle` switches count no calls.
    """
    if not gone:
        return False
    onset = min(g.since for g in gone)
    switch = leaves.codes[:, DIMS.index("switch")].astype(np.int64)
    usual = np.bincount(switch, _per_leaf(leaves, recent, onset - LOOK_BACK_MIN, onset - 1))
    now = np.bincount(switch, _per_leaf(leaves, recent, onset, onset + LOOK_BACK_MIN, ON_TIME_MS))
    minutes = max(recent.minutes[-1].minute - onset + 1, 1)
    silent = np.flatnonzero((usual >= SWITCH_CALLS) & (now < SWITCH_LEFT * usual / LOOK_BACK_MIN * minutes))
    return bool(set(silent.tolist()) - idle)
