"""The search: take the slice with the best score, widen it to the list that is hit alike, explain it away, repeat."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np

from pipeline.explain.grow import Slice, grow
from pipeline.explain.likelihood import Counts, Law, exact
from pipeline.explain.model import Found, Leaves, Settings
from pipeline.explain.scan import Cube, Family, cube, families
from pipeline.explain.score import Score

STARTS = 12
"""Best single slices that are tried as the seed of a list."""


def search(leaves: Leaves, settings: Settings) -> list[Found]:
    """Causes in the order they were found, each on top of those before it; none when nothing is significant."""
    table, tables, score = _prepare(leaves, settings)
    first = table.counts
    chosen: list[Found] = []
    while len(chosen) < settings.max_causes:
        best = _best(table, tables, score)
        if best is None:
            break
        chosen.append(_found(table, first, best, score.law))
        table = _explained_away(table, best, score.law)
    return chosen


def rank(leaves: Leaves, settings: Settings, top: int) -> list[Found]:
    """The `top` best readings of the change: the causes of `search`, then the best other slices."""
    return search(leaves, settings)[:top]


def _prepare(leaves: Leaves, settings: Settings) -> tuple[Cube, list[Family], Score]:
    table = cube(leaves)
    tables = families(table, settings.families, settings.depth)
    law = Law(settings.count_model, settings.direction)
    return table, tables, Score(law, settings, table.sizes, log(len(tables)))


def _best(table: Cube, tables: list[Family], score: Score) -> Slice | None:
    starts: list[tuple[float, int, int]] = []
    for place, family in enumerate(tables):
        counts = family.counts(table.counts.expected)
        if not len(family.values):
            continue
        nats = score.of(counts, tuple((dim, 1) for dim in family.dims))
        for index in np.argsort(-nats, kind="stable")[:STARTS]:
            starts.append((-float(nats[index]), place, int(index)))
    starts.sort()
    best: Slice | None = None
    tried: set[tuple[tuple[int, tuple[int, ...]], ...]] = set()
    for negative, place, index in starts[:STARTS]:
        if negative == np.inf:
            break
        family = tables[place]
        seed = tuple((dim, (int(value),)) for dim, value in zip(family.dims, family.values[index], strict=True))
        if seed in tried:
            continue
        grown = grow(table, seed, score, tried)
        if best is None or grown.score > best.score:
            best = grown
    return best if best is not None and best.score >= score.settings.min_score else None


def _found(table: Cube, first: Counts, best: Slice, law: Law) -> Found:
    inside = first.at(best.rows).sum()
    observed, expected = float(inside.hits[0]), float(inside.expected[0])
    whole = float(first.hits.sum() - first.expected.sum())
    excess = observed - expected
    explained = min(max(excess / whole, 0.0), 1.0) if whole else 0.0
    cause = {
        table.dims[dim]: tuple(table.names[dim][value] for value in values)
        for dim, values in sorted(best.cause, key=lambda part: table.dims[part[0]])
    }
    return Found(cause, best.score, observed, expected, float(inside.total[0]), explained)


def _explained_away(table: Cube, best: Slice, law: Law) -> Cube:
    inside = table.counts.at(best.rows)
    expected = table.counts.expected.copy()
    expected[best.rows] = exact(law.tilt(inside, float(inside.hits.sum())))
    return replace(table, counts=replace(table.counts, expected=expected))
