"""Records seen before, against a plain set of identities."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipeline.hashes import filed
from pipeline.watch.identity import HOUR_MS, Retries, Seen, several_in_order


def _frame(calls: list[int], hour: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "call_id": [f"c{call}" for call in calls],
            "attempt": [1] * len(calls),
            "switch": ["sw"] * len(calls),
            "setup_at": [(hour + call % 2) * HOUR_MS for call in calls],
            "arrival": [(hour + 2) * HOUR_MS] * len(calls),
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_as_a_set_of_identities_would_tell(seed: int) -> None:
    chance = np.random.default_rng(seed)
    seen, known = Seen(48), set[int]()
    for _ in range(40):
        calls = chance.integers(0, 400, chance.integers(0, 60)).tolist()
        wanted = [calls[at] in known or calls[at] in calls[:at] for at in range(len(calls))]
        assert seen.duplicates(_frame(calls, 5)).tolist() == wanted
        known |= set(calls)


def test_a_batch_that_holds_nothing_new_leaves_no_empty_run() -> None:
    seen = Seen(48)
    for _ in range(3):
        again = seen.duplicates(_frame([1, 3], 5))
    assert again.all()
    assert all(len(run) for runs in seen.hours.values() for run in runs)


def test_few_runs_are_searched() -> None:
    runs: list[np.typing.NDArray[np.uint64]] = []
    for start in range(0, 64_000, 1000):
        runs = filed(runs, np.arange(start, start + 1000, dtype=np.uint64))
    assert len(runs) <= 7
    assert sum(map(len, runs)) == 64_000


def test_an_hour_out_of_the_window_is_forgotten() -> None:
    seen = Seen(2)
    seen.duplicates(_frame([2], 5))
    seen.forget(8 * HOUR_MS)
    assert not seen.duplicates(_frame([2], 5)).any()


def test_a_call_older_than_the_window_is_no_copy_however_the_records_were_cut() -> None:
    seen = Seen(1)
    assert not seen.duplicates(_frame([2, 2], 5)).any()
    assert seen.duplicates(_frame([3, 3], 5)).tolist() == [False, True]


def test_a_second_call_to_the_same_number_is_a_retry_and_so_are_its_attempts() -> None:
    frame = pl.DataFrame(
        {
            "customer": ["a"] * 5,
            "cli": ["1", "1", "1", "1", None],
            "dialed": ["9", "9", "9", "8", "9"],
            "call_id": ["x", "y", "y", "z", "w"],
            "setup_at": [0, 20_000, 25_000, 26_000, 27_000],
        }
    )
    assert Retries(30_000).mark(frame, np.array([0, 2, 5])).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("seed", range(20))
def test_pairs_seen_several_times_come_by_pair_set_up_and_call_whatever_is_equal(seed: int) -> None:
    chance = np.random.default_rng(seed)
    size = int(chance.integers(0, 60))
    pairs, calls = (chance.integers(0, most, size).astype(np.uint64) for most in (12, 6))
    setups = 10**12 + chance.integers(0, 4, size)
    order = several_in_order(pairs, setups, calls)
    often = np.flatnonzero(np.bincount(pairs.astype(np.int64), minlength=1)[pairs.astype(np.int64)] > 1)
    assert order.tolist() == sorted(often.tolist(), key=lambda at: (pairs[at], setups[at], calls[at], at))
