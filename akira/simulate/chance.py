"""Chance that depends on names of things rather than on order: the same minute of a route always rolls the same."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


def uniform(seed: int, *keys: Ints) -> Floats:
    """Numbers in (0, 1), one per row of `keys`, by splitmix64 (Steele, Lea, Flood 2014)."""
    state = np.full(np.broadcast(*keys).shape, np.uint64(seed & 0xFFFFFFFF))
    for key in keys:
        state = _mixed(state ^ (key.astype(np.uint64) * _STEP + _MIX_1))
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(seed: int, *keys: Ints) -> Floats:
    """Standard normal numbers, one per row of `keys`."""
    numbers: Floats = ndtri(uniform(seed, *keys))
    return numbers


def frailty(seed: int, variance: float, *keys: Ints) -> Floats:
    """Gamma numbers of mean 1 and the given variance, one per row of `keys`."""
    shape = 1.0 / variance
    numbers: Floats = gammaincinv(shape, uniform(seed, *keys)) / shape
    return numbers


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        state = state + _STEP
        state = (state ^ (state >> np.uint64(30))) * _MIX_1
        state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))
