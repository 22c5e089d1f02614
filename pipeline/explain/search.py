"""The search: take the best slice, widen it to what is hit alike, count it as explained, search the rest again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.grow import Growth
from pipeline.explain.likelihood import Floats
from pipeline.explain.model import Found, Leaves, Settings
from pipeline.explain.scan import Cube, Family, cube, families
from pipeline.explain.weigh import Cause, Scale, Slice, scale

STARTS = 12
"""How many of the best single slices are tried as seeds."""


def search(leaves: Leaves, settings: Settings) -> list[Found]:
    """Causes in the order they were found, each in what the ones before it leave open; none when nothing passes.

    Raises ValueError when a family names an unknown dimension or, in the binomial model, hits exceed the total.
    """
    return list(one_by_one(leaves, settings))


def one_by_one(leaves: Leaves, settings: Settings) -> Iterator[Found]:
    """The causes of `search`, each looked for when it is asked for."""
    table, tables, whole = _prepare(leaves, settings)
    for cause in _causes(tables, whole):
        yield _found(table, cause)


def rank(leaves: Leaves, settings: Settings, top: int) -> list[Found]:
    """The `top` best readings of the change: the cause that explains it best, then the next best by score, be they
    further causes or other readings of the same change; none when nothing passes."""
    table, tables, whole = _prepare(leaves, settings)
    causes = list(_causes(tables, whole))
    readings = {cause.cause: cause for cause in causes}
    for _, seed in _seeds(tables, whole, top + len(causes)):
        readings.setdefault(seed, whole.measure(seed))
    passing = [r for r in readings.values() if r not in causes[:1] and r.score >= settings.min_score]
    rest = sorted(passing, key=lambda r: (-r.score, r.cause))
    return [_found(table, reading) for reading in [*causes[:1], *rest][:top]]


def _prepare(leaves: Leaves, settings: Settings) -> tuple[Cube, list[Family], Scale]:
    if settings.count_model == "binomial" and (leaves.hits > leaves.total).any():
        raise ValueError("hits exceed the total, would be right: hits <= total, or the Poisson model")
    table = cube(leaves)
    tables = families(table, settings.families, settings.depth)
    return table, tables, scale(table, settings, sum(int(family.candidates.sum()) for family in tables))


def _causes(tables: list[Family], whole: Scale) -> Iterator[Slice]:
    left = whole
    for _ in range(whole.settings.max_causes):
        growth = Growth(left, tables)
        best: Slice | None = None
        for _, seed in _seeds(tables, left, STARTS):
            if seed not in growth.passed:
                grown = growth.grow(seed)
                best = grown if best is None or grown.score > best.score else best
        if best is None or best.score < whole.settings.min_score:
            return
        yield best
        left = left.without(best.rows)


def _seeds(tables: list[Family], left: Scale, count: int) -> list[tuple[float, Cause]]:
    """The best slices with one value a dimension: (-score, cause), best first, ties by order of the names."""
    seeds: list[tuple[float, Cause]] = []
    for family in tables:
        scores = left.score(family)
        for index in _largest(scores, count):
            if scores[index] > -np.inf:
                cause = tuple(
                    (dim, (int(value),)) for dim, value in zip(family.dims, family.values[index], strict=True)
                )
                seeds.append((-float(scores[index]), cause))
    return sorted(seeds, key=lambda seed: (seed[0], len(seed[1]), seed[1]))[:count]


def _largest(scores: Floats, count: int) -> NDArray[np.intp]:
    """Places of the `count` largest scores, largest first, equal ones in their order."""
    least = np.partition(scores, -count)[-count] if count < len(scores) else -np.inf
    enough = np.flatnonzero(scores >= least)
    return enough[np.argsort(-scores[enough], kind="stable")][:count]


def _found(table: Cube, found: Slice) -> Found:
    observed, expected, total = (float(c[found.rows].sum()) for c in (table.hits, table.expected, table.total))
    whole = float(table.hits.sum() - table.expected.sum())
    explained = min(max((observed - expected) / whole, 0.0), 1.0) if whole else 0.0
    cause = {table.dims[dim]: tuple(table.names[dim][value] for value in values) for dim, values in found.cause}
    return Found(cause, found.score, observed, expected, total, explained)
