"""Log likelihood ratios of counts against an expectation, and the tilt that moves an expectation to what was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.model import CountModel, Direction

Floats = NDArray[np.float64]
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Counts:
    """Hits, expected hits and total of slices; arrays of one shape, so that slices are compared in one go."""

    hits: Floats
    expected: Floats
    total: Floats

    def at(self, index: int | NDArray[np.int64] | NDArray[np.bool_]) -> Counts:
        """The chosen slices."""
        return Counts(self.hits[index], self.expected[index], self.total[index])

    def sum(self) -> Counts:
        """All slices together, shape (1,)."""
        return Counts(*(np.array([part.sum()]) for part in (self.hits, self.expected, self.total)))


@dataclass(frozen=True, slots=True)
class Law:
    """The law of the counts: binomial (hits out of total) or Poisson, and the direction that counts as wrong.

    The ratio is that of Kulldorff's scan statistic (Commun. Stat. 26:1481, 1997) with the expectation given.
    """

    model: CountModel
    direction: Direction

    def evidence(self, counts: Counts) -> Floats:
        """Nats by which the slice's own rate beats the expected one; 0 in the direction that is not asked for."""
        hits, expected = counts.hits, np.maximum(counts.expected, TINY)
        if self.model == "poisson":
            nats = _xlogy(hits, hits / expected) - (hits - expected)
        else:
            misses = np.maximum(counts.total - hits, 0.0)
            nats = _xlogy(hits, hits / expected) + _xlogy(misses, misses / np.maximum(counts.total - expected, TINY))
        if self.direction == "up":
            nats = np.where(hits > expected, nats, 0.0)
        elif self.direction == "down":
            nats = np.where(hits < expected, nats, 0.0)
        return np.maximum(nats, 0.0)

    def odds(self, counts: Counts) -> Floats:
        """Factor on the odds (binomial) or the rate (Poisson) that takes the expectation to what was seen."""
        hits, expected = counts.hits + TINY, np.maximum(counts.expected, TINY)
        if self.model == "poisson":
            return np.asarray(hits / expected)
        misses = np.maximum(counts.total - counts.hits, 0.0) + TINY
        return np.asarray(hits / expected * np.maximum(counts.total - expected, TINY) / misses)

    def support(self, counts: Counts, odds: float) -> Floats:
        """Nats each slice gives to the claim that its odds are `odds` times the expected ones (may be negative)."""
        if self.model == "poisson":
            return np.asarray(counts.hits * np.log(odds) - counts.expected * (odds - 1.0))
        rate = np.clip(counts.expected / np.maximum(counts.total, TINY), 0.0, 1.0)
        return np.asarray(counts.hits * np.log(odds) - counts.total * np.log1p(rate * (odds - 1.0)))

    def tilt(self, leaves: Counts, seen: float) -> Floats:
        """New expected hits of the leaves, odds shifted alike, so that they add up to `seen`."""
        if self.model == "poisson":
            return np.asarray(leaves.expected * (seen / max(float(leaves.expected.sum()), TINY)))
        rate = np.clip(leaves.expected / np.maximum(leaves.total, TINY), TINY, 1.0 - TINY)
        low, high = -40.0, 40.0
        for _ in range(50):
            middle = (low + high) / 2.0
            tilted = leaves.total * _shift(rate, middle)
            low, high = (middle, high) if exact(tilted).sum() < seen else (low, middle)
        return np.asarray(leaves.total * _shift(rate, (low + high) / 2.0))


def exact(values: Floats) -> Floats:
    """Rounded to 2^-20: sums up to 8e9 are then exact in float64, so they do not depend on the order of the rows."""
    return np.asarray(np.rint(values * 1048576.0) / 1048576.0)


def _shift(rate: Floats, log_odds: float) -> Floats:
    factor = np.exp(log_odds)
    return np.asarray(rate * factor / (1.0 - rate + rate * factor))


def _xlogy(x: Floats, y: Floats) -> Floats:
    return np.asarray(x * np.log(np.where(x > 0, y, 1.0)))
