"""A cause in codes: for each dimension named, the values; no dimension at all means everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pipeline.names import DIMS, Names

Codes: TypeAlias = Mapping[str, tuple[int, ...]]


def inside(cause: Codes, codes: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which code rows [rows, 5] lie within the cause."""
    found = np.ones(len(codes), np.bool_)
    for dim, values in cause.items():
        column = codes[:, DIMS.index(dim)]
        found &= column == values[0] if len(values) == 1 else np.isin(column, values)
    return found


def contains(outer: Codes, inner: Codes) -> bool:
    """Everything within `inner` is within `outer`."""
    return all(dim in inner and set(inner[dim]) <= set(values) for dim, values in outer.items())


def overlaps(one: Codes, other: Codes) -> bool:
    """The two can hold the same attempt, and say so in a common dimension or in one holding the other."""
    if contains(one, other) or contains(other, one):
        return True
    common = set(one) & set(other)
    return bool(common) and all(set(one[dim]) & set(other[dim]) for dim in common)


def named(cause: Codes, names: Names) -> dict[str, tuple[str, ...]]:
    """The cause in names, sorted."""
    return {dim: tuple(sorted(names.name(dim, value) for value in values)) for dim, values in sorted(cause.items())}


def coded(cause: Mapping[str, tuple[str, ...]], names: Names) -> dict[str, tuple[int, ...]]:
    """The cause in codes; a name never seen gets a code that matches nothing."""
    return {dim: tuple(sorted(names.code(dim, value) for value in values)) for dim, values in cause.items()}
