"""The search names the slice that was really hit: parent or child, lists, two faults, everything, nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from pipeline.explain import Found, Leaves, Settings, rank, search
from pipeline.explain.scan import cube, families
from pipeline.explain.weigh import scale

DOWN = Settings(direction="down")
DIMS = ("customer", "destination", "terminator")
SIZES = (30, 20, 6)
NAMES = tuple(tuple(f"{dim[0]}{value:02}" for value in range(size)) for dim, size in zip(DIMS, SIZES, strict=True))
Factor = Callable[[np.ndarray], np.ndarray]


def calls(factor: Factor, seed: int = 7, rows: int = 6_000, rate: float = 0.5) -> Leaves:
    """A carrier's answers: every leaf answers `rate`, times the factor of its codes [rows, dims]."""
    draw = np.random.default_rng(seed)
    codes = np.stack([draw.integers(0, size, rows) for size in SIZES], axis=1).astype(np.int32)
    total = draw.poisson(12, rows) + 1
    hits = draw.binomial(total, rate * factor(codes))
    return Leaves(DIMS, codes, NAMES, total.astype(float), hits.astype(float), total * rate)


def hit(where: Callable[[np.ndarray], np.ndarray], to: float = 0.4) -> Factor:
    """Leaves where the condition holds answer `to` times as often."""
    return lambda codes: np.where(where(codes), to, 1.0)


def test_a_whole_terminator_is_the_parent_and_not_its_busiest_destination() -> None:
    found = search(calls(hit(lambda c: c[:, 2] == 3)), DOWN)
    assert [one.cause for one in found] == [{"terminator": ("t03",)}]
    assert found[0].explained > 0.9
    assert found[0].observed < 0.5 * found[0].expected


def test_a_terminator_hit_unequally_on_all_destinations_is_still_the_parent() -> None:
    def unequal(codes: np.ndarray) -> np.ndarray:
        return np.where(codes[:, 2] == 3, np.where(codes[:, 1] < 6, 0.1, 0.6), 1.0)

    assert search(calls(unequal), DOWN)[0].cause == {"terminator": ("t03",)}


def test_one_destination_of_a_terminator_is_the_child_when_the_rest_of_both_is_well() -> None:
    found = search(calls(hit(lambda c: (c[:, 2] == 3) & (c[:, 1] == 4), to=0.1)), DOWN)
    assert [one.cause for one in found] == [{"destination": ("d04",), "terminator": ("t03",)}]


def test_a_terminator_on_three_destinations_is_one_cause_with_a_list() -> None:
    found = search(calls(hit(lambda c: (c[:, 2] == 3) & np.isin(c[:, 1], [4, 7, 9]), to=0.1)), DOWN)
    assert [one.cause for one in found] == [{"destination": ("d04", "d07", "d09"), "terminator": ("t03",)}]


def test_nine_customers_are_one_cause() -> None:
    found = search(calls(hit(lambda c: c[:, 0] < 9, to=0.0)), DOWN)
    assert [one.cause for one in found] == [{"customer": NAMES[0][:9]}]


def test_values_hit_very_unequally_are_two_causes() -> None:
    def factor(codes: np.ndarray) -> np.ndarray:
        return np.where(codes[:, 2] == 3, 0.05, np.where(codes[:, 2] == 1, 0.75, 1.0))

    found = search(calls(factor, rows=20_000), DOWN)
    assert [one.cause for one in found] == [{"terminator": ("t03",)}, {"terminator": ("t01",)}]


def test_two_overlapping_causes_are_both_whole() -> None:
    found = search(calls(hit(lambda c: (c[:, 2] == 3) | (c[:, 0] == 5), to=0.2)), DOWN)
    assert [one.cause for one in found] == [{"terminator": ("t03",)}, {"customer": ("c05",)}]


def test_a_uniform_drop_is_everything() -> None:
    found = search(calls(hit(lambda c: c[:, 0] >= 0)), DOWN)
    assert [(one.cause, one.explained) for one in found] == [({}, 1.0)]


@pytest.mark.parametrize("seed", range(8))
def test_noise_gives_nothing(seed: int) -> None:
    assert search(calls(lambda c: np.ones(len(c)), seed=seed), Settings()) == []


def test_overdispersed_noise_gives_nothing_at_its_rho() -> None:
    draw = np.random.default_rng(3)
    quiet = calls(lambda c: np.ones(len(c)))
    rates = draw.beta(0.5 * 49, 0.5 * 49, len(quiet.total))
    hits = draw.binomial(quiet.total.astype(int), rates).astype(float)
    noisy = Leaves(DIMS, quiet.codes, NAMES, quiet.total, hits, quiet.expected)
    assert search(noisy, Settings(rho=0.02)) == []


def test_only_the_asked_direction_counts() -> None:
    rise = calls(hit(lambda c: c[:, 2] == 3, to=1.8))
    assert search(rise, DOWN) == []
    assert search(rise, Settings(direction="up"))[0].cause == {"terminator": ("t03",)}
    assert search(rise, Settings(direction="both"))[0].cause == {"terminator": ("t03",)}


def test_pure_counts_by_the_poisson_model() -> None:
    draw = np.random.default_rng(5)
    codes = np.stack([draw.integers(0, size, 3_000) for size in SIZES], axis=1).astype(np.int32)
    expected = np.full(3_000, 8.0)
    hits = draw.poisson(np.where(codes[:, 1] == 11, 20.0, 8.0)).astype(float)
    table = Leaves(DIMS, codes, NAMES, np.zeros(3_000), hits, expected)
    found = search(table, Settings(count_model="poisson", direction="up"))
    assert [one.cause for one in found] == [{"destination": ("d11",)}]


def test_absent_values_belong_to_no_slice_of_their_dimension() -> None:
    table = calls(hit(lambda c: c[:, 2] == 3))
    codes = table.codes.copy()
    codes[codes[:, 2] == 3, 2] = -1
    found = search(Leaves(DIMS, codes, NAMES, table.total, table.hits, table.expected), DOWN)
    assert all("terminator" not in one.cause or "t03" not in one.cause["terminator"] for one in found)


def test_gates_of_effect_and_support() -> None:
    table = calls(hit(lambda c: c[:, 2] == 3, to=0.8), rows=20_000)
    assert search(table, DOWN)[0].cause == {"terminator": ("t03",)}
    assert search(table, Settings(direction="down", min_effect=0.3)) == []
    assert search(table, Settings(direction="down", min_total=1e9)) == []


def test_only_the_families_asked_for_are_tried() -> None:
    table = calls(hit(lambda c: c[:, 2] == 3))
    found = search(table, Settings(direction="down", families=(("customer",), ("destination",)), max_causes=1))
    assert all(set(one.cause) <= {"customer", "destination"} for one in found)
    with pytest.raises(ValueError, match="route"):
        search(table, Settings(families=(("route",),)))


def test_the_ranking_starts_with_the_cause_and_goes_on_by_score() -> None:
    table = calls(hit(lambda c: (c[:, 2] == 3) & (c[:, 1] == 4), to=0.1))
    ranked = rank(table, DOWN, 3)
    assert ranked[0].cause == {"destination": ("d04",), "terminator": ("t03",)}
    assert len(ranked) == 3
    assert ranked[1].score >= ranked[2].score
    assert rank(calls(lambda c: np.ones(len(c))), DOWN, 3) == []


@effort(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_neither_the_order_of_the_rows_nor_that_of_the_names_matters(seed: int) -> None:
    table = calls(hit(lambda c: (c[:, 2] == 3) & np.isin(c[:, 1], [4, 7]), to=0.3), rows=1_500)
    draw = np.random.default_rng(seed)
    assert rank(shuffled(table, draw), DOWN, 5) == rank(table, DOWN, 5)


def shuffled(table: Leaves, draw: np.random.Generator) -> Leaves:
    """The same table with rows, names and dimensions in another order, and rows split in two."""
    rows = draw.permutation(np.repeat(np.arange(len(table.total)), 2))
    half = np.concatenate([np.floor(table.hits / 2), np.ceil(table.hits / 2)])
    order = np.argsort(rows, kind="stable")
    hits = np.empty(len(rows))
    hits[order[0::2]], hits[order[1::2]] = half[: len(table.hits)], half[len(table.hits) :]
    codes, names = np.empty_like(table.codes[rows]), []
    for dim, labels in enumerate(table.names):
        place = draw.permutation(len(labels))
        codes[:, dim] = place[table.codes[rows, dim]]
        names.append(tuple(labels[old] for old in np.argsort(place)))
    turn = draw.permutation(len(table.dims))
    return Leaves(
        tuple(table.dims[dim] for dim in turn),
        codes[:, turn],
        tuple(names[dim] for dim in turn),
        table.total[rows] / 2,
        hits,
        table.expected[rows] / 2,
    )


def test_counts_that_do_not_fit_are_refused() -> None:
    table = calls(lambda c: np.ones(len(c)), rows=10)
    with pytest.raises(ValueError, match="hits exceed the total"):
        search(Leaves(DIMS, table.codes, NAMES, table.total, table.total + 1, table.expected), DOWN)
    with pytest.raises(ValueError, match="codes of customer"):
        Leaves(DIMS, table.codes + 100, NAMES, table.total, table.hits, table.expected)
    with pytest.raises(ValueError, match="expected must be finite"):
        Leaves(DIMS, table.codes, NAMES, table.total, table.hits, table.expected * np.nan)
    with pytest.raises(ValueError, match="rows like total"):
        Leaves(DIMS, table.codes, NAMES, table.total, table.hits[:5], table.expected)


def test_no_rows_give_no_cause() -> None:
    empty = np.zeros(0)
    found: list[Found] = search(Leaves(DIMS, np.zeros((0, 3), np.int32), NAMES, empty, empty, empty), Settings())
    assert found == []


@effort(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), absent=st.floats(0, 0.5))
def test_a_wide_slice_is_the_sum_of_its_leaves_also_where_some_lack_a_dimension(seed: int, absent: float) -> None:
    draw = np.random.default_rng(seed)
    codes = np.stack([draw.integers(0, size, 200) for size in (3, 4, 2)], axis=1).astype(np.int32)
    codes[draw.random(codes.shape) < absent] = -1
    table = cube(
        Leaves(DIMS, codes, NAMES, np.full(200, 9.0), draw.integers(0, 9, 200).astype(float), np.full(200, 4.5))
    )
    whole = scale(table, DOWN, 1)
    for left in (whole, whole.without(draw.random(len(table.total)) < 0.3)):
        for family in families(table, None, 3):
            sums = left.sums(family)
            for place, values in enumerate(family.values):
                rows = np.ones(len(table.total), bool)
                for dim, value in zip(family.dims, values, strict=True):
                    rows &= table.codes[dim] == value
                assert (
                    sums[-1, place] == left.total[rows].sum()
                    and (sums[:-3, place] == left.nats[:, rows].sum(axis=1)).all()
                )
                assert family.candidates[place] == (values >= 0).all()
