"""Names, leaves and slices: numbered once, summed exactly, the same after a restart; and whom a peer stands for."""

from __future__ import annotations

from typing import get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.directory import Customer, Directory, Terminator
from pipeline.incidents import CAUSE_DIMENSIONS, TYPE_OF_SIGNAL, Signal, TicketType
from pipeline.leaves import FAMILIES, Leaves
from pipeline.names import DIMS, Names
from pipeline.peers import cause_of

code_rows = st.lists(st.tuples(*(st.integers(-1, 3) for _ in DIMS)), min_size=1, max_size=30).map(
    lambda rows: np.array(rows, np.int32)
)
DIRECTORY = Directory(
    customers=(Customer(id="acme", trunks=("in-1",)),),
    terminators=(Terminator(id="term-a", egress_trunks=("out-1", "192.0.2.7")),),
)


@given(codes=code_rows)
def test_equal_rows_are_one_leaf_and_others_are_not(codes: np.ndarray) -> None:
    leaves = Leaves()
    numbers = leaves.number(codes)
    assert (leaves.codes[numbers] == codes).all()
    assert len(leaves) == len(np.unique(codes, axis=0))
    assert (leaves.number(codes) == numbers).all()


@settings(deadline=None)
@given(codes=code_rows, seed=st.integers(0, 99))
def test_a_slices_sum_is_that_of_the_leaves_that_have_its_values(codes: np.ndarray, seed: int) -> None:
    leaves = Leaves()
    numbers = np.unique(leaves.number(codes))
    weights = np.random.default_rng(seed).integers(0, 1000, len(numbers)).astype(np.float64)
    fan = leaves.fan(numbers)
    for number, total in zip(fan.slices.tolist(), fan.sums(weights).tolist(), strict=True):
        dims = FAMILIES[leaves.slice_family[number]]
        inside = np.ones(len(numbers), np.bool_)
        for place, dim in enumerate(dims):
            inside &= leaves.codes[numbers, DIMS.index(dim)] == leaves.slice_codes[number, place]
        assert total == weights[inside].sum()


@settings(deadline=None)
@given(codes=code_rows, columns=st.integers(0, 5))
def test_whole_numbers_are_summed_two_at_a_time(codes: np.ndarray, columns: int) -> None:
    leaves = Leaves()
    fan = leaves.fan(np.unique(leaves.number(codes)))
    weights = np.random.default_rng(columns).integers(0, 2**20, (columns, len(leaves))).astype(np.float64)
    for together, alone in zip(fan.counts(list(weights)), weights, strict=True):
        assert (together == fan.sums(alone)).all()


@given(codes=code_rows)
def test_a_leaf_without_a_dimension_is_in_no_slice_of_it(codes: np.ndarray) -> None:
    leaves = Leaves()
    numbers = leaves.number(codes)
    for family, dims in enumerate(FAMILIES):
        lacks = (codes[:, [DIMS.index(dim) for dim in dims]] < 0).any(axis=1)
        assert ((leaves.slices[numbers, family] < 0) == lacks).all()


@given(first=code_rows, later=code_rows)
def test_a_restart_numbers_on_as_if_there_had_been_none(first: np.ndarray, later: np.ndarray) -> None:
    whole, before, restarted = Leaves(), Leaves(), Leaves()
    whole.number(first)
    before.number(first)
    restarted.load(before.state())
    assert (restarted.number(later) == whole.number(later)).all()
    assert (restarted.slices == whole.slices).all() and (restarted.cells == whole.cells).all()


@given(batches=st.lists(st.lists(st.one_of(st.none(), st.sampled_from("abcdef")), max_size=8), max_size=5))
def test_a_name_keeps_its_code_and_no_name_has_none(batches: list[list[str | None]]) -> None:
    names, loaded = Names(), Names()
    for batch in batches:
        codes = names.encode("customer", pl.Series(batch, dtype=pl.String))
        assert [None if c < 0 else names.name("customer", int(c)) for c in codes] == batch
    seen = list(dict.fromkeys(name for batch in batches for name in batch if name is not None))
    assert names.lists["customer"] == seen and names.count("customer") == len(seen)
    loaded.load(names.lists)
    assert [loaded.code("customer", name) for name in seen] == list(range(len(seen)))
    assert loaded.code("customer", "nobody") == loaded.code("customer", None) == -1


@pytest.mark.parametrize(
    ("kind", "peer", "customer", "cause", "customers"),
    [
        ("terminator", "out-1", "", {"terminator": ("term-a",)}, ()),
        ("terminator", "192.0.2.7", "", {"terminator": ("term-a",)}, ()),
        ("terminator", "unknown", "", {"terminator": ("unknown",)}, ()),
        ("trunk", "in-1", "", {"trunk": ("in-1",)}, ("acme",)),
        ("trunk", "in-1", "other", {"trunk": ("in-1",)}, ("other",)),
        ("trunk", "unknown", "", {"trunk": ("unknown",)}, ()),
        ("switch", "sw-1", "", {"switch": ("sw-1",)}, ()),
    ],
)
def test_whom_a_peer_stands_for(
    kind: str, peer: str, customer: str, cause: dict[str, tuple[str, ...]], customers: tuple[str, ...]
) -> None:
    assert cause_of(DIRECTORY, kind, peer, customer) == (cause, customers)


def test_every_signal_has_its_class_and_every_cause_its_dimension() -> None:
    assert set(TYPE_OF_SIGNAL) == set(get_args(Signal))
    assert set(TYPE_OF_SIGNAL.values()) <= set(get_args(TicketType))
    assert set(CAUSE_DIMENSIONS) == set(DIMS)
