"""From one slice to the list of values that is hit alike, or to its parent when the rest of the parent is hit too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.likelihood import Floats
from pipeline.explain.scan import Family
from pipeline.explain.weigh import Cause, Scale, Slice

OUTER_SHARE = 0.9
"""A list of one dimension alone that bears more than this share of everything expected is everything."""
REST_EFFECT = 0.1
"""The rest of the parent is hit as well when its relative excess at least this part of the list's."""
ALIKE_NATS = 5.0
"""A value may lose this much by sharing the list's shift instead of having one of its own."""


class Growth:
    """Widening over one scale; what was widened once is remembered, since many seeds lead to the same slices."""

    def __init__(self, scale: Scale, tables: Sequence[Family]) -> None:
        self.scale = scale
        self._families = {family.dims: family for family in tables}
        self.passed: set[Cause] = set()
        self._steps: dict[tuple[Cause, int], list[Slice]] = {}

    def grow(self, seed: Cause) -> Slice:
        """The best slice that is reached from the seed by widening one dimension after another, or dropping it.

        Coordinate ascent over dimensions (multidimensional subset scan: Neill et al., Statistics in Medicine 32,
        2013); for a given shift the evidence of values adds up, so the best list needs no trying of subsets
        (penalised fast subset scan: Speakman et al., Journal of Computational and Graphical Statistics 25, 2016).
        """
        best = self.scale.measure(seed)
        while best.cause not in self.passed:
            self.passed.add(best.cause)
            steps = [step for part in best.cause for step in self._widened(best.cause, part)]
            better = max(steps, key=lambda step: step.score, default=best)
            if better.score <= best.score:
                break
            best = better
        return best

    def _widened(self, cause: Cause, part: tuple[int, tuple[int, ...]]) -> list[Slice]:
        key = (tuple(other for other in cause if other != part), part[0])
        if key not in self._steps:
            self._steps[key] = self._lists(*key)
        return self._steps[key]

    def _lists(self, others: Cause, dim: int) -> list[Slice]:
        """Everything below `others`, and the best list of values of a dimension there."""
        scale = self.scale
        parent = scale.measure(others)
        *nats, hits, expected = self._sums(parent, dim)
        values = _alike(np.stack(nats), hits, expected, scale.per_value(dim))
        share = scale.settings.list_share if others else OUTER_SHARE
        if not _narrower(values, hits, expected, share):
            return [parent]
        return [parent, scale.measure(tuple(sorted((*others, (dim, values)))))]

    def _sums(self, parent: Slice, dim: int) -> Floats:
        """[shifts and two, values] nats, hits and expected of each value of a dimension within a slice."""
        scale, width = self.scale, len(self.scale.table.names[dim])
        family = self._families.get((dim,))
        if not parent.cause and family is not None:  # added up once, for the seeds
            found = np.zeros((len(scale.nats) + 2, width))
            found[:, family.values[family.candidates, 0]] = scale.sums(family)[:-1, family.candidates]
            return found
        rows = np.flatnonzero(parent.rows & (scale.table.codes[dim] >= 0))
        codes = scale.table.codes[dim][rows]
        return np.stack(
            [np.bincount(codes, column[rows], width) for column in (*scale.nats, scale.hits, scale.expected)]
        )


def _alike(nats: Floats, hits: Floats, expected: Floats, price: float) -> tuple[int, ...]:
    """Under the shift that explains most: the values whose evidence pays for naming them, hit similarly."""
    shift = int(np.maximum(nats - price, 0.0).sum(axis=1).argmax())
    pays = nats[shift] > price
    if not pays.any():
        return ()
    alike = (nats.max(axis=0) - nats[shift] <= ALIKE_NATS) | _similar(hits, expected, pays)
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
