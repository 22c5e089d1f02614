"""The scale: what a slice has left after its naming is paid, over the leaves no earlier cause explains."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from math import log

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.likelihood import Floats, evidence
from pipeline.explain.model import Settings
from pipeline.explain.scan import Cube, Family

Cause = tuple[tuple[int, tuple[int, ...]], ...]
"""(dimension, ascending values) by dimension; () is everything."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A cause, its score in nats and the leaves it covers (bool [leaves])."""

    cause: Cause
    score: float
    rows: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scale:
    """Evidence [shifts, leaves] and counts of the leaves that are still open; explained leaves weigh nothing."""

    table: Cube
    settings: Settings
    log_candidates: float
    nats: Floats
    hits: Floats
    expected: Floats
    total: Floats

    before: tuple[Scale, NDArray[np.intp]] | None = None
    """The scale that this one leaves open, and the leaves that were explained."""
    _sums: dict[tuple[int, ...], Floats] = field(default_factory=dict)

    def score(self, family: Family) -> Floats:
        """Score of every slice of a family."""
        *nats, hits, expected, total = self.sums(family)
        best = reduce(np.maximum, nats) - (self.log_candidates + self.settings.penalty_per_dimension * len(family.dims))
        return np.where(self._passes(hits, expected, total) & family.candidates, best, -np.inf)

    def sums(self, family: Family) -> Floats:
        """[shifts and three, slices] nats, hits, expected and total of every slice of a family."""
        if family.dims not in self._sums:
            if family.under is not None:
                found = np.stack([family.sums(column) for column in self.sums(family.under)])
            elif self.before is None:
                found = np.stack([family.sums(column) for column in self._columns()])
            else:
                whole, gone = self.before  # all are multiples of 2^-20, so that differences are exact
                found = whole.sums(family) - np.stack([family.sums(column[gone], gone) for column in whole._columns()])
            self._sums[family.dims] = found
        return self._sums[family.dims]

    def _columns(self) -> list[Floats]:
        return [*self.nats, self.hits, self.expected, self.total]

    def measure(self, cause: Cause) -> Slice:
        """One slice, whose dimensions may list several values."""
        rows = self.covered(cause)
        at = np.flatnonzero(rows)
        best = float(self.nats.take(at, axis=1).sum(axis=1).max(initial=0.0))
        sums = (np.array([column[at].sum()]) for column in (self.hits, self.expected, self.total))
        passes = bool(self._passes(*sums)[0])
        return Slice(cause, best - self.cost(cause) if passes else -np.inf, rows)

    def cost(self, cause: Cause) -> float:
        """Nats to name a slice; each further value of a list costs log(values of the dimension)."""
        further = sum((len(values) - 1) * self.per_value(dim) for dim, values in cause)
        return self.log_candidates + self.settings.penalty_per_dimension * len(cause) + further

    def per_value(self, dim: int) -> float:
        """Nats to name one value of a dimension."""
        return log(max(self.table.sizes[dim], 1))

    def covered(self, cause: Cause) -> NDArray[np.bool_]:
        """Leaves of a slice."""
        rows = np.ones(len(self.table.total), bool)
        for dim, values in cause:
            wanted = np.zeros(len(self.table.names[dim]) + 1, bool)
            wanted[list(values)] = True
            rows &= wanted[self.table.codes[dim]]
        return rows

    def without(self, rows: NDArray[np.bool_]) -> Scale:
        """The scale with these leaves explained."""
        left = ~rows
        return Scale(
            self.table,
            self.settings,
            self.log_candidates,
            self.nats * left,
            self.hits * left,
            self.expected * left,
            self.total * left,
            (self, np.flatnonzero(rows)),
        )

    def _passes(self, hits: Floats, expected: Floats, total: Floats) -> NDArray[np.bool_]:
        effect = hits - expected
        if self.settings.direction == "both":
            effect = np.abs(effect)
        elif self.settings.direction == "down":
            effect = -effect
        return (effect > 0) & (effect >= self.settings.min_effect * expected) & (total >= self.settings.min_total)


def scale(table: Cube, settings: Settings, slices: int) -> Scale:
    """A scale over all leaves; `slices` is the number of candidates."""
    nats = evidence(table.hits, table.expected, table.total, settings)
    return Scale(table, settings, log(max(slices, 1)), nats, table.hits, table.expected, table.total)
