"""From one slice to the list of values that is hit alike, or to its parent when the rest of the parent is hit too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.likelihood import Floats
from pipeline.explain.weigh import Cause, Scale, Slice

OUTER_SHARE = 0.9
"""A list of one dimension alone that bears more than this share of everything expected is everything."""
REST_EFFECT = 0.1
"""The rest of the parent is hit as well when its relative excess at least this part of the list's."""
ALIKE_NATS = 5.0
"""A value may lose this much by sharing the list's shift instead of having one of its own."""


def grow(seed: Cause, scale: Scale, tried: set[Cause]) -> Slice:
    """The best slice that is reached from the seed by widening one dimension after another, or dropping it.

    Coordinate ascent over dimensions (multidimensional subset scan: Neill et al., Statistics in Medicine 32, 2013);
    for a given shift the evidence of values adds up, so the best list needs no trying of subsets (penalised fast
    subset scan: Speakman et al., Journal of Computational and Graphical Statistics 25, 2016). `tried` collects the
    slices passed on the way.
    """
    best = scale.measure(seed)
    while True:
        tried.add(best.cause)
        steps = [step for dim, _ in best.cause for step in _steps(best, dim, scale)]
        better = max(steps, key=lambda step: step.score, default=best)
        if better.score <= best.score:
            return best
        best = better


def _steps(current: Slice, dim: int, scale: Scale) -> list[Slice]:
    others = tuple(part for part in current.cause if part[0] != dim)
    parent = scale.measure(others)
    rows = np.flatnonzero(parent.rows & (scale.table.codes[dim] >= 0))
    codes, width = scale.table.codes[dim][rows], len(scale.table.names[dim])
    nats = np.array([np.bincount(codes, row[rows], width) for row in scale.nats])
    hits, expected = (np.bincount(codes, column[rows], width) for column in (scale.hits, scale.expected))
    lists = sorted({_alike(nats, place, hits, expected, scale.per_value(dim)) for place in range(len(nats))})
    share = scale.settings.list_share if others else OUTER_SHARE
    narrow = [values for values in lists if _narrower(values, hits, expected, share)]
    return [parent, *(scale.measure(tuple(sorted((*others, (dim, values))))) for values in narrow)]


def _alike(nats: Floats, place: int, hits: Floats, expected: Floats, price: float) -> tuple[int, ...]:
    """Values whose evidence for this shift pays for naming them and whose own effect is similar to the list's."""
    pays = nats[place] > price
    if not pays.any():
        return ()
    alike = (nats.max(axis=0) - nats[place] <= ALIKE_NATS) | _similar(hits, expected, pays)
    return tuple(int(value) for value in np.flatnonzero(pays & alike))


def _similar(hits: Floats, expected: Floats, pays: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Relative excess between half and twice that of the list, allowing two standard deviations."""
    normal = np.maximum(expected, 1e-6)
    own = (hits - expected) / normal
    together = float((hits[pays].sum() - expected[pays].sum()) / normal[pays].sum())
    doubt = 2.0 * np.sqrt(np.maximum(hits, 1.0)) / normal
    toward = np.sign(together)
    return np.asarray((toward * own + doubt >= abs(together) / 2) & (toward * own - doubt <= abs(together) * 2))


def _narrower(values: tuple[int, ...], hits: Floats, expected: Floats, share: float) -> bool:
    """Whether a list is truly less than its parent: the rest counts for something and is not hit as well."""
    if len(values) < 2:
        return bool(values)
    inside = np.zeros(len(hits), bool)
    inside[list(values)] = True
    normal, other = float(expected[inside].sum()), float(expected[~inside].sum())
    effect = (float(hits[inside].sum()) - normal) / max(normal, 1e-6)
    rest = (float(hits[~inside].sum()) - other) / max(other, 1e-6)
    return normal <= share * (normal + other) and rest * np.sign(effect) < REST_EFFECT * abs(effect)
