"""Distinct keys, with and without a sort: what numpy's own, slower way gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.distinct import distinct, ranked

numbers = st.lists(st.integers(0, 20), max_size=60).map(lambda found: np.array(found, np.int64))


@given(keys=numbers)
def test_distinct_keys_come_with_their_first_place_and_everybodys_rank(keys: np.ndarray) -> None:
    for column in (keys, keys.astype(np.uint64) << np.uint64(60)):
        for ours, theirs in zip(
            distinct(column), np.unique(column, return_index=True, return_inverse=True), strict=True
        ):
            assert (ours == theirs).all()


@given(keys=numbers)
def test_small_numbers_are_ranked_alike(keys: np.ndarray) -> None:
    for ours, theirs in zip(ranked(keys, 21), np.unique(keys, return_inverse=True), strict=True):
        assert (ours == theirs).all()
