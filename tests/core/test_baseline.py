"""What is expected: of the seen and the unseen, by hour, after a change, and with how much doubt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.asr import ASR
from pipeline.baseline.expectation import doubt, expected, side_by_side
from pipeline.baseline.history import BINS, HOURS, SHORTEST_MS, History, bins, hour_of, middle_ms
from pipeline.baseline.model import Fit, fit, logit
from pipeline.leaves import FAMILIES, Leaves

CELLS = np.array([[c, -1, t, d, 0] for c in range(3) for t in range(2) for d in range(2)], np.int32)
"""Customer, trunk, terminator, destination, switch."""


def known(shares: np.ndarray, calls: float) -> tuple[Leaves, History, Fit]:
    """A fit to `calls` answered by `shares` in each cell; nothing where the share is nan."""
    leaves = Leaves()
    leaves.number(CELLS)
    history = History((ASR,), 14.0)
    history.grow(len(leaves.cells), 2)
    seen = np.where(np.isnan(shares), 0.0, calls)
    history.total["asr"][leaves.cell] = seen
    history.hits["asr"][leaves.cell] = np.round(np.nan_to_num(shares) * seen)
    return leaves, history, fitted(leaves, history)


def fitted(leaves: Leaves, history: History, before: Fit | None = None) -> Fit:
    """The next fit."""
    return fit(ASR, history, leaves, {of: np.zeros((2, BINS)) for of in SHORTEST_MS}, before or Fit())


def told(leaves: Leaves, model: Fit, hour: int | None = None) -> np.ndarray:
    """The expectation of every cell."""
    return expected([model], side_by_side([model]), leaves, leaves.number(CELLS), [hour])[0]


def additive() -> np.ndarray:
    """Shares that follow the model: destination, terminator and customer each have their part."""
    _, _, terminator, destination, _ = CELLS.T
    return 1 / (1 + np.exp(-(0.2 + 0.8 * destination - 0.5 * terminator + 0.4 * CELLS[:, 0])))


def test_it_finds_what_each_mix_gives() -> None:
    leaves, _, model = known(additive(), 20_000)
    assert model.ready
    np.testing.assert_allclose(told(leaves, model), additive(), atol=0.015)


def test_a_leaf_never_seen_gets_what_its_parents_say() -> None:
    shares = additive()
    unseen = shares.copy()
    unseen[-1] = np.nan
    leaves, _, model = known(unseen, 20_000)
    assert abs(told(leaves, model)[-1] - shares[-1]) < 0.06


def test_a_few_calls_tell_nothing() -> None:
    leaves, _, model = known(additive(), 4)
    assert not model.ready


@pytest.mark.parametrize("calls", [50.0, 500.0, 5000.0])
def test_doubt_shrinks_with_the_calls_behind_it_and_a_short_baseline_is_tested_at_its_lower_bound(calls: float) -> None:
    leaves, _, short = known(additive(), calls)
    _, _, long = known(additive(), 10 * calls)
    own = FAMILIES.index(("customer", "destination"))
    slices = leaves.slice_family == own
    assert (doubt(long, leaves)[slices] < doubt(short, leaves)[slices]).all()
    lower = logit(additive()).min() - 2 * doubt(short, leaves)[slices].max()
    assert lower < logit(additive()).min()


def test_a_slice_never_seen_is_doubted_most() -> None:
    leaves, _, model = known(additive(), 5000)
    before = doubt(model, leaves)
    leaves.number(np.array([[9, -1, 1, 1, 0]], np.int32))
    fresh = doubt(model, leaves)[len(before) :]
    assert fresh.min() > before[leaves.slice_family[: len(before)] > 0].max()


def test_an_hour_that_is_always_poor_is_expected_to_be_and_the_others_are_not() -> None:
    leaves, history, _ = known(np.full(len(CELLS), 0.6), 20_000)
    for hour in range(HOURS):
        rate = 0.3 if hour == 3 else 0.6
        history.learn_hours("asr", np.arange(2), hour, np.array([[4000.0, 4000.0 * rate]] * 2))
    model = fitted(leaves, history)
    assert told(leaves, model, 3).max() < 0.4 and told(leaves, model, 4).min() > 0.57


def test_a_change_that_stays_becomes_normal_as_the_old_is_forgotten() -> None:
    leaves, history, model = known(np.full(len(CELLS), 0.6), 1000)
    rates = []
    for _ in range(40):
        history.forget(1440)
        history.total["asr"] += 50
        history.hits["asr"] += 50 * 0.4
        model = fitted(leaves, history, model)
        rates.append(float(told(leaves, model)[0]))
    assert 0.55 < rates[0] < 0.6 and rates == sorted(rates, reverse=True) and rates[-1] < 0.45


def test_half_of_what_was_learnt_is_forgotten_in_the_half_life() -> None:
    _, history, _ = known(np.full(len(CELLS), 0.5), 800)
    history.forget(14 * 1440)
    np.testing.assert_allclose(history.total["asr"], 400.0)
    np.testing.assert_allclose(history.hits["asr"], 200.0)


@given(order=st.permutations(range(len(CELLS))))
def test_sums_of_expectations_do_not_depend_on_the_order(order: list[int]) -> None:
    leaves, _, model = known(additive(), 300)
    p = told(leaves, model)
    assert sum(p[list(order)].tolist()) == sum(p.tolist())


def test_an_old_fit_gives_new_leaves_their_parents_expectation() -> None:
    leaves, _, model = known(additive(), 20_000)
    new = leaves.number(np.array([[7, -1, 0, 1, 0]], np.int32))
    alike = additive()[(CELLS[:, 2] == 0) & (CELLS[:, 3] == 1)]
    assert alike.min() - 0.1 < expected([model], side_by_side([model]), leaves, new, [None])[0, 0] < alike.max() + 0.1


@given(ms=st.integers(0, 10**8), of=st.sampled_from(["pdd", "talk"]))
def test_durations_fall_in_half_octaves(ms: int, of: str) -> None:
    [place] = bins(np.array([ms]), of).tolist()
    assert 0 <= place < BINS
    if SHORTEST_MS[of] <= ms < middle_ms(BINS, of):
        assert middle_ms(place, of) <= ms * (1 + 1e-9) and ms <= middle_ms(place + 1, of) * (1 + 1e-9)


def test_a_missing_duration_has_no_bin() -> None:
    assert bins(np.array([-1, 0]), "pdd").tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("day", "hour", "expected_bin"), [(0, 0, 0), (0, 23, 23), (1, 5, 5), (2, 0, 24), (3, 23, 47), (4, 0, 0)]
)
def test_hours_of_working_days_and_of_weekends(day: int, hour: int, expected_bin: int) -> None:
    """Day 0 of the epoch was a Thursday."""
    assert hour_of((day * 24 + hour) * 60) == hour_of((day * 24 + hour) * 60 + 59) == expected_bin
