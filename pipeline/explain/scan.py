"""The candidates: leaves in canonical order, and every slice over one combination of dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.distinct import distinct, ranked
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
    """All slices over one combination of dimensions: `values` [slices, dims], -1 where the leaves have none.

    `slot` is the slice of each leaf, or of each slice of the narrower family `under`, which is quicker to add up."""

    dims: tuple[int, ...]
    values: Ints
    slot: Ints
    under: Family | None
    candidates: NDArray[np.bool_]
    """[slices] those that name a value of every dimension."""

    def sums(self, column: Floats, rows: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Sum of a column of some rows (of all) of `slot` over every slice."""
        return np.asarray(np.bincount(self.slot[rows], column, len(self.values)))


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
    built: list[Family] = []
    for dims in [*reversed(chosen), ()]:
        narrower = [family for family in built if set(dims) < set(family.dims)]
        built.append(_family(table, dims, min(narrower, key=lambda family: len(family.values), default=None)))
    return built[::-1]


def _places(table: Cube, dims: tuple[str, ...]) -> tuple[int, ...]:
    for dim in dims:
        if dim not in table.dims:
            raise ValueError(f"family {dims} names {dim}, would be right: some of {table.dims}")
    return tuple(sorted({table.dims.index(dim) for dim in dims}))


def _family(table: Cube, dims: tuple[int, ...], under: Family | None) -> Family:
    if under is None:
        columns = [table.codes[dim] for dim in dims]
        rows = len(table.total)
    else:
        columns = [under.values[:, under.dims.index(dim)] for dim in dims]
        rows = len(under.values)
    keys, span = np.zeros(rows, np.int64), 1
    for dim, column in zip(dims, columns, strict=True):
        keys, span = keys * (len(table.names[dim]) + 1) + column + 1, span * (len(table.names[dim]) + 1)
    first, slot = _compress(keys, span)
    values = np.empty((len(first), len(dims)), np.int64)
    for place, column in enumerate(columns):
        values[:, place] = column[first]
    return Family(dims, values, slot, under, np.asarray((values >= 0).all(axis=1)))


def _compress(keys: Ints, span: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For ascending keys a row that has it, and the place of each row's key."""
    if span > 8 * len(keys) + 4096:
        _, first, place = distinct(keys)
        return first, place
    present, place = ranked(keys, span)
    example = np.empty(len(present), np.intp)
    example[place] = np.arange(len(keys))
    return example, place
