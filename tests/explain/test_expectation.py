"""Expectations from earlier minutes: own history where there is much, the margins where there is little."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.explain.expectation import expected_counts, expected_hits

CODES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int32)


def test_a_busy_leaf_expects_its_own_rate() -> None:
    hits, total = np.array([9e4, 1e4, 1e4, 1e4]), np.full(4, 1e5)
    assert expected_hits(CODES, hits, total, np.full(4, 100.0)) == pytest.approx([90, 10, 10, 10], rel=0.01)


def test_an_unseen_leaf_expects_what_its_margins_say() -> None:
    hits, total = np.array([100.0, 400.0, 400.0, 0.0]), np.array([1000.0, 1000.0, 1000.0, 0.0])
    expected = expected_hits(CODES, hits, total, np.full(4, 100.0))
    assert expected[3] > 45
    assert expected[0] == pytest.approx(10, rel=0.2)


def test_earlier_hits_come_out_in_sum() -> None:
    draw = np.random.default_rng(1)
    total = draw.integers(0, 40, 4).astype(float)
    hits = draw.binomial(total.astype(int), 0.3).astype(float)
    assert expected_hits(CODES, hits, total, total).sum() == pytest.approx(hits.sum(), rel=0.05)


def test_no_hit_at_all_before_still_gives_a_rate() -> None:
    expected = expected_hits(CODES, np.zeros(4), np.full(4, 10.0), np.full(4, 10.0))
    assert (expected > 0).all() and (expected < 1).all()


def test_counts_are_those_of_one_period() -> None:
    before = np.array([400.0, 200.0, 200.0, 100.0])
    assert expected_counts(CODES, before, 4) == pytest.approx(before / 4, rel=0.05)


def test_absent_dimensions_add_nothing() -> None:
    codes = np.full((4, 2), -1, np.int32)
    expected = expected_hits(codes, np.full(4, 2.0), np.full(4, 10.0), np.full(4, 10.0))
    assert expected == pytest.approx(2.0, rel=0.01)
