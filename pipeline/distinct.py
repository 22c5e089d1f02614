"""The distinct values of a column, where each came first, and which row has which."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Key = TypeVar("Key", np.int64, np.uint64)


def ranked(numbers: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The distinct of some numbers below `size`, ascending, and for each its place among them: without a sort."""
    place = np.zeros(size, np.intp)
    place[numbers] = 1
    present = np.flatnonzero(place)
    place[present] = np.arange(len(present))
    return present, place[numbers]


def distinct(keys: npt.NDArray[Key]) -> tuple[npt.NDArray[Key], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The distinct `keys` ascending, the position of the first of each, and for every key its place among them.

    It is `np.unique` with index and inverse, whose stable sort takes three times as long: the first of equal keys is
    looked for among them instead.
    """
    order = np.argsort(keys)
    ascending = keys[order]
    new = np.ones(len(keys), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    place = np.empty(len(keys), np.intp)
    place[order] = np.cumsum(new) - 1
    first = np.minimum.reduceat(order, starts) if len(starts) else starts
    return ascending[starts], first, place
