"""The candidates: leaves summed up once for every combination of dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.likelihood import Counts, Floats, exact
from pipeline.explain.model import Leaves

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cube:
    """Leaves with codes in the order of their names and an expectation whose sums are exact: results then depend
    neither on the order of the rows nor on that of the names."""

    dims: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    codes: tuple[NDArray[np.int32], ...]
    """One array a dimension."""
    counts: Counts
    sizes: tuple[int, ...]
    """How many values of each dimension occur."""


@dataclass(frozen=True, slots=True)
class Family:
    """All slices over one combination of dimensions: `values` int64 [slices, dims], `slot` the slice of each row
    (len(values) when the row belongs to none)."""

    dims: tuple[int, ...]
    values: Ints
    slot: Ints
    hits: Floats
    total: Floats

    def counts(self, expected: Floats) -> Counts:
        """Counts of every slice under the expectation of the rows."""
        summed = np.bincount(self.slot, expected, len(self.values) + 1)[:-1]
        return Counts(self.hits, summed, self.total)


def cube(leaves: Leaves) -> Cube:
    """Put the leaves into canonical form."""
    codes, names, sizes = [], [], []
    for column, labels in zip(leaves.codes.T, leaves.names, strict=True):
        order = sorted(range(len(labels)), key=labels.__getitem__)
        place = np.full(len(labels) + 1, -1, np.int32)
        place[order] = np.arange(len(labels), dtype=np.int32)
        codes.append(place[column])
        names.append(tuple(labels[index] for index in order))
        sizes.append(int(np.count_nonzero(np.bincount(codes[-1] + 1, minlength=1)[1:])))
    counts = Counts(leaves.hits.astype(float), exact(leaves.expected), leaves.total.astype(float))
    return Cube(leaves.dims, tuple(names), tuple(codes), counts, tuple(sizes))


def families(table: Cube, wanted: tuple[tuple[str, ...], ...] | None, depth: int) -> list[Family]:
    """Every family asked for, "everything" first, narrower ones later; ties fall to the order of the names.

    Raises ValueError for a family that names a dimension the leaves do not have.
    """
    by_name = sorted(range(len(table.dims)), key=table.dims.__getitem__)
    if wanted is None:
        chosen = [combo for size in range(1, depth + 1) for combo in combinations(by_name, size)]
    else:
        chosen = [tuple(sorted(_places(table, dims), key=by_name.index)) for dims in wanted if dims]
    chosen.sort(key=lambda dims: (len(dims), [table.dims[dim] for dim in dims]))
    return [_family(table, dims) for dims in [(), *dict.fromkeys(chosen)]]


def _places(table: Cube, dims: tuple[str, ...]) -> list[int]:
    for dim in dims:
        if dim not in table.dims:
            raise ValueError(f"family {dims} names {dim}, would be right: some of {table.dims}")
    return [table.dims.index(dim) for dim in dict.fromkeys(dims)]


def _family(table: Cube, dims: tuple[int, ...]) -> Family:
    rows = len(table.counts.total)
    keys = np.zeros(rows, np.int64)
    absent = np.zeros(rows, bool)
    for dim in dims:
        keys = keys * len(table.names[dim]) + table.codes[dim]
        absent |= table.codes[dim] < 0
    present, slot = _compress(keys, absent, int(np.prod([len(table.names[dim]) for dim in dims], dtype=float)))
    values = np.empty((len(present), len(dims)), np.int64)
    for place in range(len(dims) - 1, -1, -1):
        present, values[:, place] = np.divmod(present, max(len(table.names[dims[place]]), 1))
    hits, total = (np.bincount(slot, part, len(values) + 1)[:-1] for part in (table.counts.hits, table.counts.total))
    return Family(dims, values, slot, hits, total)


def _compress(keys: Ints, absent: NDArray[np.bool_], span: int) -> tuple[Ints, Ints]:
    """Keys that occur, ascending, and the place of each row's key among them (their number when it is absent)."""
    if span > 8 * len(keys) + 4096:
        present, places = np.unique(keys[~absent], return_inverse=True)
        slot = np.full(len(keys), len(present), np.int64)
        slot[~absent] = places
        return present, slot
    seen = np.bincount(np.where(absent, span, keys), minlength=span + 1)[:span] > 0
    present = np.flatnonzero(seen)
    lookup = np.append(np.cumsum(seen) - 1, len(present))
    return present, lookup[np.where(absent, span, keys)]
