"""Records seen before, and calls tried again: two memories of 64-bit hashes, bounded in event time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.distinct import distinct
from pipeline.hashes import Hashes, filed, known

HOUR_MS = 3_600_000


class Seen:
    """Identities (`call_id`, `attempt`, `switch`), filed by the hour of the call's set-up: a second delivery carries
    the same set-up time, so one hour is searched and a whole hour is forgotten at once."""

    def __init__(self, window_h: int) -> None:
        self.window_h = window_h
        self.hours: dict[int, list[Hashes]] = {}

    def duplicates(self, frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """True where the row's identity came before, in this frame or in the window. A call set up longer before its
        `arrival` than the window is never taken for a copy."""
        if not len(frame):
            return np.zeros(0, np.bool_)
        hashes = frame.select(pl.struct("call_id", "attempt", "switch").hash(11)).to_series().to_numpy()
        unique, first, _ = distinct(hashes)
        again = np.ones(len(hashes), np.bool_)
        again[first] = False
        hour_of = frame["setup_at"].to_numpy() // HOUR_MS
        old = hour_of < frame["arrival"].to_numpy() // HOUR_MS - self.window_h
        again[old] = False
        first, unique = first[~old[first]], unique[~old[first]]
        hours = hour_of[first]
        for hour in np.unique(hours).tolist():
            inside = hours == hour
            runs = self.hours.setdefault(hour, [])
            copies = known(runs, unique[inside])
            again[first[inside][copies]] = True
            self.hours[hour] = filed(runs, unique[inside][~copies])
        return again

    def forget(self, now_ms: int) -> None:
        """Drop the hours that left the window."""
        oldest = now_ms // HOUR_MS - self.window_h
        self.hours = {hour: runs for hour, runs in self.hours.items() if hour >= oldest}


class Retries:
    """Calls from the same A to the same B: a second one within `fold_ms` of the first belongs to the same intent."""

    def __init__(self, fold_ms: int) -> None:
        self.fold_ms = fold_ms
        self.pairs: Hashes = np.zeros(0, np.uint64)
        self.calls: Hashes = np.zeros(0, np.uint64)
        self.setup_at: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def mark(self, frame: pl.DataFrame, bounds: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """True where the row's call is a re-attempt; rows without A or B number never are. Rows `bounds[i]` to
        `bounds[i + 1]` of the ordered frame arrived in one minute and know only of those before them."""
        if not len(frame) or self.fold_ms == 0:
            return np.zeros(len(frame), np.bool_)
        numbered = (frame["cli"].is_not_null() & frame["dialed"].is_not_null()).to_numpy()
        pair = frame.select(pl.struct("customer", "cli", "dialed").hash(13)).to_series().to_numpy()
        call = frame["call_id"].hash(7).to_numpy()
        setup = frame["setup_at"].to_numpy()
        marked = np.zeros(len(frame), np.bool_)
        for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            at = np.arange(start, end)[numbered[start:end]]
            if len(at):
                marked[at] = self._minute(pair[at], call[at], setup[at])
        return marked

    def _minute(self, pair: Hashes, call: Hashes, setup: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        pairs, calls = np.concatenate([self.pairs, pair]), np.concatenate([self.calls, call])
        setups = np.concatenate([self.setup_at, setup])
        order = several_in_order(pairs, setups, calls)
        again = np.zeros(len(order), np.bool_)
        p, c, s = pairs[order], calls[order], setups[order]
        near = (p[1:] == p[:-1]) & (s[1:] - s[:-1] <= self.fold_ms)
        other = c[1:] != c[:-1]
        again[1:] = near & other
        # the later attempts of one re-tried call are as much a re-attempt as its first
        for _ in range(3):
            again[1:] |= near & ~other & again[:-1]
        marked = np.zeros(len(pairs), np.bool_)
        marked[order] = again
        keep = setups >= setups.max() - 2 * self.fold_ms
        self.pairs, self.calls, self.setup_at = pairs[keep], calls[keep], setups[keep]
        found: npt.NDArray[np.bool_] = marked[len(marked) - len(pair) :]
        return found


def several_in_order(pairs: Hashes, setups: npt.NDArray[np.int64], calls: Hashes) -> npt.NDArray[np.intp]:
    """The positions whose pair occurs more than once, by pair, set-up and call: one sort by a number that holds pair
    and set-up, and one more of the few that are equal in both."""
    order = np.argsort(pairs)
    new = np.ones(len(order), np.bool_)
    new[1:] = pairs[order][1:] != pairs[order][:-1]
    repeated = ~(new & np.append(new[1:], True))
    order, rank = order[repeated], np.cumsum(new)[repeated]
    since = setups[order] - setups.min(initial=0)
    key = rank * (int(since.max(initial=0)) + 1) + since
    inner = np.argsort(key)
    order, key = order[inner], key[inner]
    same = key[1:] == key[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    order[tied] = order[tied][np.lexsort((order[tied], calls[order[tied]], key[tied]))]
    return order
