"""Tilting: what a known cause explains is taken out of the expectation, so that only the rest raises an alarm."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.baseline.model import expit, logit

Floats = npt.NDArray[np.float64]
BLOCK_MIN = 5


def tilt(
    total: Floats, hits: Floats, expected: Floats, within: npt.NDArray[np.bool_], block: npt.NDArray[np.int64]
) -> Floats:
    """Expected hits with the rows `within` shifted, block by block, to what was observed in them together."""
    if not within.any():
        return expected
    tilted = expected.copy()
    numbers, index = np.unique(block[within], return_inverse=True)
    size = len(numbers)
    n = np.bincount(index, total[within], size)
    y = np.bincount(index, hits[within], size)
    e = np.bincount(index, expected[within], size)
    shift = logit((y + 0.25) / (n + 0.5)) - logit((e + 0.25) / (n + 0.5))
    p = expit(logit(expected[within] / np.maximum(total[within], 1e-9)) + shift[index])
    moved = total[within] * p
    scale = y / np.maximum(np.bincount(index, moved, size), 1e-9)
    tilted[within] = np.minimum(moved * scale[index], total[within])
    return tilted
