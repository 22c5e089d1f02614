"""The candidates: leaves in canonical order, and every slice over one combination of dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.distinct import distinct
from pipeline.explain.likelihood import Floats, exact
from pipeline.explain.model import Leaves

Ints = NDArray[np.int64]
_WIDEST = 2**40
"""Mixed-radix keys are packed before they grow beyond this."""


@dataclass(frozen=True, slots=True)
class Cube:
    """Leaves, one row each, in the order of their dimensions' and values' names: results depend neither on the order
    of the rows nor on that of the codes."""

    dims: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    codes: tuple[Ints, ...]
    """One array a dimension, -1 when absent."""
    hits: Floats
    expected: Floats
    total: Floats
    sizes: tuple[int, ...]
    """How many values of each dimension occur."""


@dataclass(frozen=True, slots=True)
class Family:
    """All slices over one combination of dimensions: `values` [slices, dims], `slot` the slice of each leaf
    (len(values) when the leaf belongs to none)."""

    dims: tuple[int, ...]
    values: Ints
    slot: Ints

    def sums(self, column: Floats, leaves: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Sum of a column of some leaves (of all) over every slice."""
        return np.asarray(np.bincount(self.slot[leaves], column, len(self.values) + 1)[:-1])


def cube(leaves: Leaves) -> Cube:
    """Put the leaves into canonical form."""
    by_name = sorted(range(len(leaves.dims)), key=leaves.dims.__getitem__)
    codes, names = [], []
    for dim in by_name:
        labels = leaves.names[dim]
        order = sorted(range(len(labels)), key=labels.__getitem__)
        place = np.full(len(labels) + 1, -1, np.int64)
        place[order] = np.arange(len(labels))
        codes.append(place[leaves.codes[:, dim]])
        names.append(tuple(labels[index] for index in order))
    rows = len(leaves.total)
    keys, width = np.zeros(rows, np.int64), 1
    for column, labels in zip(codes, names, strict=True):
        if width * (len(labels) + 1) > _WIDEST:
            present, keys = np.unique(keys, return_inverse=True)
            width = len(present)
        keys, width = keys * (len(labels) + 1) + column + 1, width * (len(labels) + 1)
    _, first, leaf = distinct(keys)
    hits, expected, total = (
        np.asarray(np.bincount(leaf, exact(column), len(first)), float)
        for column in (leaves.hits, leaves.expected, leaves.total)
    )
    kept = tuple(column[first] for column in codes)
    sizes = tuple(int(np.count_nonzero(np.bincount(column + 1, minlength=1)[1:])) for column in kept)
    return Cube(tuple(leaves.dims[dim] for dim in by_name), tuple(names), kept, hits, expected, total, sizes)


def families(table: Cube, wanted: tuple[tuple[str, ...], ...] | None, depth: int) -> list[Family]:
    """Every family asked for, "everything" first, narrower ones later.

    Raises ValueError for a family that names a dimension the leaves do not have.
    """
    if wanted is None:
        every = range(len(table.dims))
        chosen = [combo for size in range(1, depth + 1) for combo in combinations(every, size)]
    else:
        chosen = sorted({_places(table, dims) for dims in wanted if dims}, key=lambda dims: (len(dims), dims))
    return [_family(table, dims) for dims in [(), *chosen]]


def _places(table: Cube, dims: tuple[str, ...]) -> tuple[int, ...]:
    for dim in dims:
        if dim not in table.dims:
            raise ValueError(f"family {dims} names {dim}, would be right: some of {table.dims}")
    return tuple(sorted({table.dims.index(dim) for dim in dims}))


def _family(table: Cube, dims: tuple[int, ...]) -> Family:
    rows = len(table.total)
    keys, span = np.zeros(rows, np.int64), 1
    absent = np.zeros(rows, bool)
    for dim in dims:
        keys, span = keys * len(table.names[dim]) + table.codes[dim], span * len(table.names[dim])
        absent |= table.codes[dim] < 0
    first, slot = _compress(keys, absent, span)
    values = np.empty((len(first), len(dims)), np.int64)
    for place, dim in enumerate(dims):
        values[:, place] = table.codes[dim][first]
    return Family(dims, values, slot)


def _compress(keys: Ints, absent: NDArray[np.bool_], span: int) -> tuple[Ints, Ints]:
    """For ascending keys a row that has it, and the place of each row's key (their number when it is absent)."""
    rows = np.flatnonzero(~absent)
    if span > 8 * len(keys) + 4096:
        _, first, places = distinct(keys[rows])
        slot = np.full(len(keys), len(first), np.int64)
        slot[rows] = places
        return rows[first], slot
    example = np.full(span, -1, np.int64)
    example[keys[rows]] = rows
    present = np.flatnonzero(example >= 0)
    lookup = np.full(span + 1, len(present), np.int64)
    lookup[present] = np.arange(len(present))
    return example[present], lookup[np.where(absent, span, keys)]
