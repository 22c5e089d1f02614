"""Talk times of calls that were all given the same time to end: what a jump of traffic, or the end of an outage, cannot
bend.

After such a jump only short calls can have ended, and every figure of ended calls looks shorter. So only calls are
taken that were answered so long ago that each of them would be known by now if it had talked as long as three in four
of its destination usually do, and of these only those that talked no longer. The share of short ones among them is the
same whatever traffic did.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import bins, middle_ms
from pipeline.rows import Rows

Floats = npt.NDArray[np.float64]
HORIZON: Final = 0.75
"""Quantile of the normal talk time that calls are given to end in."""
LEAST: Final = 10
"""Calls of one age that say anything."""


def excess_sd(rows: Rows, reference: Floats, cuts: npt.NDArray[np.int64], since_ms: int, now_ms: int) -> float:
    """Standard deviations by which short calls (talk in the bin `cuts[destination]` or below) are more than normal,
    among the answered `rows` of one age answered from `since_ms` on; nan for fewer than LEAST.

    `reference` [destinations, bins] histograms of normal talk times.
    """
    destination = rows.of("destination").astype(np.int64)
    whole = np.concatenate([reference, reference.sum(axis=0, keepdims=True)])
    place = np.where((destination >= 0) & (destination < len(reference)), destination, len(reference))
    place = np.where(whole[place].sum(axis=1) > 0, place, len(reference))
    below = whole.cumsum(axis=1) / np.maximum(whole.sum(axis=1, keepdims=True), 1e-9)
    fallback = int(np.median(cuts)) if len(cuts) else 0
    cut = np.append(cuts, np.full(len(whole) - len(cuts), fallback))
    horizon = np.maximum((below < HORIZON).sum(axis=1), cut + 1).clip(max=whole.shape[1] - 1)
    normal = below[np.arange(len(whole)), cut] / np.maximum(below[np.arange(len(whole)), horizon], 1e-9)
    longest_ms = np.array([middle_ms(at + 1, "talk") for at in range(whole.shape[1])])
    talked = bins(rows.talk_ms, "talk")
    answered_at = rows.ended_at - rows.talk_ms
    same_age = (talked >= 0) & (answered_at >= since_ms) & (now_ms - answered_at >= longest_ms[horizon[place]])
    same_age &= talked <= horizon[place]
    if same_age.sum() < LEAST:
        return float("nan")
    p = np.clip(normal[place[same_age]], 0.01, 0.99)
    short = (talked <= cut[place])[same_age]
    return float((short.sum() - p.sum()) / np.sqrt((p * (1 - p)).sum()))
