"""Slices with not enough calls: too quiet to be judged by themselves; what they belong to speaks for them."""

from __future__ import annotations

import numpy as np

from pipeline.leaves import Leaves
from pipeline.quality.recent import Recent

HOUR_MIN = 60


def thin(recent: Recent, leaves: Leaves, support: int) -> int:
    """How many of all slices had fewer than `support` attempts in the last hour."""
    calls = np.zeros(len(leaves))
    for closed in list(recent.minutes)[-HOUR_MIN:]:
        calls += np.bincount(closed.row_leaf, minlength=len(leaves))
    used = np.flatnonzero(calls)
    return leaves.slice_count() - int((leaves.fan(used).sums(calls[used]) >= support).sum())
