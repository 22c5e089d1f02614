"""Evidence: sums add up, no bet wins on average while nothing is wrong, and the promise of false tickets is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from pipeline.evidence import SHIFTS, Overdispersion, States, dispersion, poisson_ratio, ratio, threshold
from pipeline.settings import EvidenceSettings

EVIDENCE = EvidenceSettings()
share = st.floats(0.02, 0.98)
sign = st.sampled_from([1.0, -1.0])
minutes = st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=8)


def of(hits: object, total: object, p: object, side: float, rho: float = 0.0, moved: float = 0.0) -> np.ndarray:
    """[rows, shifts] ratios of counts with expected share `p`."""
    y, n, share = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, np.float64)) for x in (hits, total, p)))
    return ratio(y, n, n * share, np.full(len(n), moved), side, rho).T


@given(seen=minutes, p=share, side=sign)
def test_the_ratio_of_a_span_is_the_sum_of_its_minutes(seen: list[tuple[int, float]], p: float, side: float) -> None:
    total = np.array([float(n) for n, _ in seen])
    hits = np.round([n * part for n, part in seen])
    np.testing.assert_allclose(of(hits, total, p, side).sum(axis=0), of(hits.sum(), total.sum(), p, side)[0], atol=1e-9)


@given(
    counts=st.lists(st.tuples(st.integers(1, 40), share, st.floats(0, 1)), min_size=1, max_size=6),
    side=sign,
)
def test_the_mean_expectation_in_place_of_each_never_adds_evidence(
    counts: list[tuple[int, float, float]], side: float
) -> None:
    n, p, part = (np.array(column) for column in zip(*counts, strict=True))
    y = np.round(n * part)
    exact = of(y, n, p, side).sum(axis=0)
    mean = of(y.sum(), n.sum(), (n * p).sum() / n.sum(), side)[0]
    assert (mean <= exact + 1e-9).all()


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (30, 0.1), (30, 0.9), (200, 0.58)])
@pytest.mark.parametrize("rho", [0.0, 0.01])
def test_betting_on_a_fault_wins_nothing_on_average_while_there_is_none(
    side: float, n: int, p: float, rho: float
) -> None:
    hits = np.arange(n + 1)
    wealth = (binom.pmf(hits, n, p)[:, None] * np.exp(of(hits, n, p, side, rho))).sum(axis=0)
    assert (wealth <= 1 + 1e-9).all()
    if not rho:
        np.testing.assert_allclose(wealth, 1.0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_same_holds_for_counts(side: float) -> None:
    counts, mean = np.arange(400.0), 6.0
    ratios = poisson_ratio(counts, np.full(400, mean), np.ones(400), side).T
    wealth = poisson.pmf(counts, mean) @ np.exp(np.minimum(ratios, 500))
    np.testing.assert_allclose(wealth[SHIFTS < 3], 1.0, rtol=1e-6)


@given(hits=st.integers(0, 50), p=share, side=sign, sd=st.floats(0, 2))
def test_doubt_about_the_expectation_never_adds_evidence(hits: int, p: float, side: float, sd: float) -> None:
    assert (of(hits, 50, p, side, moved=side * sd) <= of(hits, 50, p, side) + 1e-9).all()


@given(total=st.integers(0, 10**6), rho=st.floats(0, 0.2))
def test_a_minute_of_many_calls_is_never_surer_than_its_dispersion_allows(total: int, rho: float) -> None:
    assert dispersion(np.array([float(total)]), rho)[0] == pytest.approx(1 + max(total - 1, 0) * rho)


@given(adds=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_states_stay_within_their_bounds_and_one_minute_adds_no_more_than_the_cap(adds: list[float]) -> None:
    states, at, limit = States(EVIDENCE), np.array([0]), 15.0
    states.grow(1)
    for nats in adds:
        before = states.log[:, 0].copy()
        states.add(at, np.full((len(SHIFTS), 1), nats), limit)
        assert (states.log[:, 0] <= np.logaddexp(0, before) + EVIDENCE.minute_cap_nats + 1e-9).all()
        assert (states.log[:, 0] >= -5).all() and (states.log[:, 0] <= limit + EVIDENCE.state_cap_nats).all()
        assert states.peak[0] == states.log[:, 0].max()


def watched(p: float, per_day: float, days: int, slices: int = 200, calls: int = 6) -> tuple[int, int]:
    """Alarms of slices with a true share `p` where .5 is expected, silenced as they ring, and minutes to the first."""
    rng = np.random.default_rng(11)
    promise = EvidenceSettings(false_tickets_per_day=per_day)
    states, limit, at = States(promise), threshold(slices, promise), np.arange(slices)
    states.grow(slices)
    total, expected = np.full(slices, float(calls)), np.full(slices, calls / 2)
    alarms, first = 0, 0
    for minute in range(1, days * 1440 + 1):
        hits = rng.binomial(calls, p, slices).astype(np.float64)
        peak = states.add(at, ratio(hits, total, expected, np.zeros(slices), -1.0, 0.0), limit)
        over = np.flatnonzero(peak >= limit)
        states.silence(over)
        alarms += len(over)
        first = first or (minute if len(over) else 0)
    return alarms, first


def test_alarms_without_a_fault_follow_the_promise() -> None:
    """Before any gate. Each shift keeps the promise by itself; the loudest of five rings less than twice as often."""
    alarms = {per_day: watched(0.5, per_day, days=2)[0] for per_day in (4, 40)}
    for per_day, rang in alarms.items():
        assert rang <= 2 * per_day * 2
    assert 0 < alarms[4] < alarms[40]


def test_a_fault_that_is_there_rings_within_minutes_and_a_stricter_promise_rings_later() -> None:
    loose, strict = (watched(0.1, per_day, days=1, slices=10)[1] for per_day in (40, 0.01))
    assert 1 <= loose < strict <= 30


def test_the_threshold_follows_from_the_promise_alone() -> None:
    for tests in (10, 10_000):
        assert threshold(tests, EvidenceSettings(false_tickets_per_day=1)) == pytest.approx(np.log(tests * 1440))


@pytest.mark.parametrize(("true_rho", "low", "high"), [(0.0, 0.002, 0.004), (0.03, 0.025, 0.05), (0.3, 0.05, 0.05)])
def test_overdispersion_is_learnt_floored_and_bounded(true_rho: float, low: float, high: float) -> None:
    rng, n = np.random.default_rng(3), 40
    spread, family = Overdispersion(2, EVIDENCE), np.zeros(100, np.int64)
    for _ in range(300):
        p = rng.beta(0.5 * (1 / true_rho - 1), 0.5 * (1 / true_rho - 1), 100) if true_rho else np.full(100, 0.5)
        spread.learn(family, rng.binomial(n, p).astype(np.float64), np.full(100, float(n)), np.full(100, n / 2))
    learnt, untouched = spread.of(np.array([0, 1]))
    assert low <= learnt <= high and untouched == pytest.approx(1.25 * EVIDENCE.overdispersion)


@settings(max_examples=30)
@given(start=st.floats(0.001, 0.2))
def test_the_floor_follows_the_setting(start: float) -> None:
    spread = Overdispersion(1, EvidenceSettings(overdispersion=start))
    for _ in range(50):
        spread.learn(np.zeros(1, np.int64), np.array([5e4]), np.array([1e5]), np.array([5e4]))
    assert spread.of(np.array([0]))[0] >= start / 5 - 1e-12
