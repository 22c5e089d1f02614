"""From one slice to the list that is hit alike, to its parent when the rest of the parent is hit as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.likelihood import Counts
from pipeline.explain.scan import Cube
from pipeline.explain.score import Score

Cause = tuple[tuple[int, tuple[int, ...]], ...]
"""(dimension, ascending values) by dimension."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A cause, its score and the rows it covers (bool [rows])."""

    cause: Cause
    score: float
    rows: NDArray[np.bool_]


def grow(table: Cube, seed: Cause, score: Score, tried: set[Cause]) -> Slice:
    """The best slice that is reached from the seed by widening one dimension after another, or dropping it.

    Coordinate ascent over dimensions (multidimensional subset scan, Neill et al., Statist. Med. 32:2185, 2013); for a
    given shift of the odds each value's evidence adds up by itself, so the best list needs no trying of subsets
    (penalised fast subset scan, Speakman et al., J. Comput. Graph. Stat. 25:382, 2016).
    """
    best = _measure(table, seed, score)
    tried.add(seed)
    while True:
        steps = [step for dim, _ in best.cause for step in _steps(table, best, dim, score)]
        better = max(steps, key=lambda step: step.score, default=best)
        if better.score <= best.score:
            return best
        best = better
        tried.add(best.cause)


def _steps(table: Cube, current: Slice, dim: int, score: Score) -> list[Slice]:
    others = tuple(part for part in current.cause if part[0] != dim)
    parent = _measure(table, others, score)
    codes = table.codes[dim]
    slot = np.where(parent.rows & (codes >= 0), codes, len(table.names[dim]))
    width = len(table.names[dim])
    sums = [
        np.bincount(slot, part, width + 1)[:width]
        for part in (table.counts.hits, table.counts.expected, table.counts.total)
    ]
    values = _alike(Counts(*sums), dict(current.cause)[dim], score, dim)
    if not values:
        return [parent]
    listed = _measure(table, tuple(sorted((*others, (dim, values)))), score)
    return [parent, listed]


def _alike(counts: Counts, seed: tuple[int, ...], score: Score, dim: int) -> tuple[int, ...]:
    """Values whose own evidence for the seed's shift pays for naming them, and whose effect is similar."""
    chosen = np.zeros(len(counts.hits), bool)
    chosen[list(seed)] = True
    for _ in range(8):
        together = counts.at(chosen).sum()
        odds = float(score.law.odds(together)[0])
        pays = score.law.support(counts, odds) / score.settings.dispersion > score.per_value(dim)
        similar = _similar(counts, together)
        widened = pays & similar
        if not widened.any() or (widened == chosen).all():
            break
        chosen = widened
    return tuple(int(value) for value in np.flatnonzero(chosen))


def _similar(counts: Counts, together: Counts) -> NDArray[np.bool_]:
    """Relative excess between half and twice that of the list, allowing two standard deviations."""
    expected = np.maximum(counts.expected, 1e-9)
    effect = float((together.hits[0] - together.expected[0]) / max(together.expected[0], 1e-9))
    own = (counts.hits - counts.expected) / expected
    doubt = 2.0 * np.sqrt(np.maximum(counts.hits, 1.0)) / expected
    toward = np.sign(effect)
    return np.asarray((toward * own + doubt >= abs(effect) / 2.0) & (toward * own - doubt <= abs(effect) * 2.0))


def _measure(table: Cube, cause: Cause, score: Score) -> Slice:
    rows = np.ones(len(table.counts.total), bool)
    for dim, values in cause:
        wanted = np.zeros(len(table.names[dim]) + 1, bool)
        wanted[list(values)] = True
        rows &= wanted[table.codes[dim]]
    shape = tuple((dim, len(values)) for dim, values in cause)
    return Slice(cause, float(score.of(table.counts.at(rows).sum(), shape)[0]), rows)
