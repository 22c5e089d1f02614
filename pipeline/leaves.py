"""Leaves and slices. A leaf is one combination of customer, trunk, terminator, destination and switch; a slice is a
leaf seen from further away: one value of a dimension, a pair of values, or everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.distinct import distinct, ranked
from pipeline.names import DIMS

Ints = npt.NDArray[np.int64]
FAMILIES: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("customer",),
    ("trunk",),
    ("terminator",),
    ("destination",),
    ("switch",),
    ("terminator", "destination"),
    ("customer", "destination"),
    ("customer", "terminator"),
)
"""The slices that are watched minute by minute; the cause search looks at combinations of them."""

PACKED: Final = 2.0**26
CELL: Final = [DIMS.index("customer"), DIMS.index("terminator"), DIMS.index("destination")]
MIX: Final = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5, 0x85EBCA6B5851F42D], np.uint64
)


def _hash(codes: npt.NDArray[np.int32], family: int = 0) -> npt.NDArray[np.uint64]:
    """64-bit hashes of code rows; 10^6 rows collide with a chance of 3e-8."""
    seed = (0xD6E8FEB86659FD93 * (family + 1)) % 2**64
    mixed = np.full(len(codes), seed, np.uint64)
    for column in range(codes.shape[1]):
        mixed ^= (codes[:, column].astype(np.int64) + 2).astype(np.uint64) * MIX[column]
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(32))


class _Index:
    """Hash to a dense number, in order of first appearance."""

    def __init__(self) -> None:
        self.keys: npt.NDArray[np.uint64] = np.zeros(0, np.uint64)
        self.values: Ints = np.zeros(0, np.int64)

    def restore(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Number `hashes` 0, 1, 2, …"""
        order = np.argsort(hashes)
        self.keys, self.values = hashes[order], order.astype(np.int64)

    def number(self, hashes: npt.NDArray[np.uint64]) -> tuple[Ints, npt.NDArray[np.intp]]:
        """Numbers of `hashes`, and the positions (first appearances, in order) of those that are new."""
        unique, first, inverse = distinct(hashes)
        at = np.searchsorted(self.keys, unique)
        at_safe = np.minimum(at, max(len(self.keys) - 1, 0))
        old = self.keys[at_safe] == unique if len(self.keys) else np.zeros(len(unique), np.bool_)
        numbers = np.where(old, self.values[at_safe] if len(self.keys) else 0, -1)
        fresh = np.flatnonzero(~old)
        order = fresh[np.argsort(first[fresh])]
        numbers[order] = len(self.values) + np.arange(len(order))
        if len(fresh):
            self.keys = np.insert(self.keys, at[fresh], unique[fresh])
            self.values = np.insert(self.values, at[fresh], numbers[fresh])
        return numbers[inverse], first[order]


@dataclass(frozen=True, slots=True)
class Fan:
    """Leaf rows spread over the slices that they belong to."""

    slices: Ints
    """The distinct slices, ascending."""
    row: npt.NDArray[np.intp]
    index: npt.NDArray[np.intp]

    def sums(self, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """[slices] totals of a weight per leaf row; exact where they are integers or 2^-30 multiples."""
        return np.bincount(self.index, weights[self.row], len(self.slices)).astype(np.float64, copy=False)

    def counts(self, weights: Sequence[npt.NDArray[np.float64]]) -> list[npt.NDArray[np.float64]]:
        """[slices] totals of several whole numbers below 2^26 per leaf row, two in one sum: a double has 53 bits."""
        found = []
        for low, high in zip(weights[::2], weights[1::2], strict=False):
            both = self.sums(low + PACKED * high)
            upper = np.floor(both / PACKED)
            found += [both - PACKED * upper, upper]
        return found + [self.sums(last) for last in weights[len(found) :]]

    def within(self, chosen: npt.NDArray[np.bool_]) -> Fan:
        """The fan of some of its slices, `chosen` [slices]."""
        kept = chosen[self.index]
        return Fan(self.slices[chosen], self.row[kept], (np.cumsum(chosen) - 1)[self.index[kept]])


class Leaves:
    """Every leaf seen, its codes and the slices it belongs to."""

    def __init__(self) -> None:
        self._leaf = _Index()
        self._slice = _Index()
        self.codes: npt.NDArray[np.int32] = np.zeros((0, len(DIMS)), np.int32)
        self.slices: npt.NDArray[np.int64] = np.zeros((0, len(FAMILIES)), np.int64)
        """[leaves, families]: slice number, -1 where the leaf lacks the dimension."""
        self._cell = _Index()
        self.cell: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        """[leaves]: the cell of each leaf: its customer, terminator and destination, which normal depends on."""
        self.cell_leaves: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        """[cells]: how many leaves each has."""
        self.cells: npt.NDArray[np.int64] = np.zeros((0, len(FAMILIES)), np.int64)
        """[cells, families]: slice number, -1 where the cell lacks the dimension (trunk and switch always)."""
        self.cell_destination: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self.slice_family: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self.slice_codes: npt.NDArray[np.int32] = np.zeros((0, 2), np.int32)
        self._room: dict[str, npt.NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self.codes)

    def slice_count(self) -> int:
        """How many slices there are."""
        return len(self.slice_family)

    def number(self, codes: npt.NDArray[np.int32]) -> Ints:
        """Leaf numbers of code rows [rows, 5], learning new leaves in row order."""
        numbers, new = self._leaf.number(_hash(codes))
        if len(new):
            self._add(codes[new])
        return numbers

    def _add(self, codes: npt.NDArray[np.int32]) -> None:
        columns = np.full((len(codes), len(FAMILIES)), -1, np.int64)
        for family, dims in enumerate(FAMILIES):
            at = [DIMS.index(dim) for dim in dims]
            picked = codes[:, at] if at else np.zeros((len(codes), 1), np.int32)
            given = (picked >= 0).all(axis=1)
            numbers, new = self._slice.number(_hash(picked[given], family + 1))
            columns[given, family] = numbers
            fresh = np.full((len(new), 2), -1, np.int32)
            fresh[:, : len(at)] = picked[given][new][:, : len(at)]
            self._append("slice_codes", fresh)
            self._append("slice_family", np.full(len(new), family, np.int8))
        self._append("codes", codes)
        self._append("slices", columns)
        numbers, new = self._cell.number(_hash(codes[:, CELL]))
        more = np.bincount(numbers, minlength=len(self.cell_leaves))
        more[: len(self.cell_leaves)] += self.cell_leaves
        self.cell_leaves = more
        self._append("cell", numbers)
        narrow = columns[new].copy()
        narrow[:, [FAMILIES.index(("trunk",)), FAMILIES.index(("switch",))]] = -1
        self._append("cells", narrow)
        self._append("cell_destination", codes[new][:, DIMS.index("destination")])

    def _append(self, column: str, rows: npt.NDArray[Any]) -> None:
        """Lengthen a column, with room for more: some leaves are new in every minute."""
        held = getattr(self, column)
        size, room = len(held) + len(rows), self._room.get(column)
        if room is None or held.base is not room or len(room) < size:
            room = np.concatenate([held, rows, np.zeros((size // 8, *held.shape[1:]), held.dtype)])
            self._room[column] = room
        room[len(held) : size] = rows
        setattr(self, column, room[:size])

    def fan(self, leaves: Ints) -> Fan:
        """The slices of some leaves, to add weights up in."""
        columns = self.slices[leaves].ravel()
        given = np.flatnonzero(columns >= 0)
        row, number = given // len(FAMILIES), columns[given]
        slices, index = ranked(number, self.slice_count())
        return Fan(slices, row, index)

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {
            "codes": self.codes,
            "slices": self.slices,
            "cell": self.cell,
            "cells": self.cells,
            "cell_destination": self.cell_destination,
            "slice_family": self.slice_family,
            "slice_codes": self.slice_codes,
        }

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        for name in ("codes", "slices", "cell", "cells", "cell_destination", "slice_family", "slice_codes"):
            setattr(self, name, state[name])
        self.cell_leaves = np.bincount(self.cell, minlength=len(self.cells))
        self._leaf.restore(_hash(self.codes))
        hashes = np.zeros(self.slice_count(), np.uint64)
        for family, dims in enumerate(FAMILIES):
            ours = self.slice_family == family
            width = max(len(dims), 1)
            codes = self.slice_codes[ours][:, :width] if dims else np.zeros((int(ours.sum()), 1), np.int32)
            hashes[ours] = _hash(codes, family + 1)
        self._slice.restore(hashes)
        first = np.unique(self.cell, return_index=True)[1]
        self._cell.restore(_hash(self.codes[first][:, CELL]))
