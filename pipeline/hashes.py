"""Sets of 64-bit hashes that only grow: a few sorted runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


def known(runs: list[Hashes], hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Which of `hashes` are in one of the sorted `runs`; ascending ones are found several times as quickly."""
    found = np.zeros(len(hashes), np.bool_)
    for run in filter(len, runs):
        at = np.searchsorted(run, hashes)
        at[at == len(run)] = 0
        found |= run[at] == hashes
    return found


def filed(runs: list[Hashes], fresh: Hashes) -> list[Hashes]:
    """The sorted `runs` with one more, merged so that each is more than twice as long as the next: few to search, and
    a hash is moved only so often as its run doubles."""
    runs = [*runs, fresh] if len(fresh) else runs
    while len(runs) > 1 and len(runs[-2]) <= 2 * len(runs[-1]):
        last = runs.pop()
        runs[-1] = np.sort(np.concatenate([runs[-1], last]), kind="stable")
    return runs
