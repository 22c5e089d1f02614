"""Traffic that moved to a cause shortly before the fault: changes of route, read off first attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.incidents import Moved
from pipeline.names import Names
from pipeline.quality.cause import Codes
from pipeline.quality.recent import Minute
from pipeline.records import MINUTE_MS

BEFORE_MIN: Final = 60
LEAST: Final = 30
"""First attempts on each side of a change."""
RISE: Final = 0.25
"""Of the share: less than this is the daily wandering of a routing table."""
NATS: Final = 20.0
SHOWN: Final = 3
DESTINATIONS_MOST: Final = 50
Counts = npt.NDArray[np.float64]


class _Firsts(NamedTuple):
    """First attempts: minute of setup since the first, terminator, destination."""

    minute: npt.NDArray[np.int64]
    terminator: npt.NDArray[np.int32]
    destination: npt.NDArray[np.int32]


def moves(cause: Codes, onset: int, minutes: Sequence[Minute], names: Names) -> tuple[Moved, ...]:
    """The changes of route onto the terminators of `cause` (of a destination: onto any) in the hour before minute
    `onset`, oldest first; empty for causes that are no matter of routes."""
    if "terminator" not in cause and "destination" not in cause:
        return ()
    start = onset - BEFORE_MIN
    firsts = _firsts([m for m in minutes if m.minute >= start], start, onset, cause.get("destination"))
    total = _table(firsts, np.ones(len(firsts.minute), np.bool_), names.count("destination"))
    found = []
    for terminator in cause.get("terminator") or np.unique(firsts.terminator[firsts.terminator >= 0]).tolist():
        onto = _table(firsts, firsts.terminator == terminator, names.count("destination"))
        for destination in _busiest(onto.sum(axis=1)):
            change = _change(onto[destination], total[destination])
            if change is not None:
                score, at, shares = change
                words = _words(names, terminator, destination, shares)
                found.append((score, Moved((start + at) * MINUTE_MS, words)))
    best = sorted(found, key=lambda one: (-one[0], one[1].at_ms, one[1].words))[:SHOWN]
    return tuple(moved for _, moved in sorted(best, key=lambda one: (one[1].at_ms, one[1].words)))


def _firsts(minutes: Sequence[Minute], start: int, onset: int, destinations: tuple[int, ...] | None) -> _Firsts:
    parts = []
    for closed in minutes:
        rows = closed.rows
        at, to = rows.setup_at // MINUTE_MS - start, rows.of("destination")
        chosen = (rows.attempt == 1) & ~rows.retry & (at >= 0) & (at <= onset - start)
        chosen &= to >= 0 if destinations is None else np.isin(to, destinations)
        parts.append((at[chosen], rows.of("terminator")[chosen], to[chosen]))
    if not parts:
        none = np.zeros(0, np.int32)
        return _Firsts(none.astype(np.int64), none, none)
    return _Firsts(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _table(firsts: _Firsts, chosen: npt.NDArray[np.bool_], destinations: int) -> Counts:
    """[destinations, minutes] first attempts among the chosen."""
    width = BEFORE_MIN + 1
    place = firsts.destination[chosen].astype(np.int64) * width + firsts.minute[chosen]
    return np.bincount(place, minlength=destinations * width).reshape(destinations, width).astype(np.float64)


def _busiest(calls: Counts) -> list[int]:
    """The destinations with enough calls for a change to show, most first."""
    order = np.argsort(-calls, kind="stable")[:DESTINATIONS_MOST]
    chosen: list[int] = order[calls[order] >= LEAST * RISE].tolist()
    return chosen


def _change(onto: Counts, total: Counts) -> tuple[float, int, tuple[float, float]] | None:
    """Score, minute and shares before and after, where two shares explain the minutes best; None: no such change.
    Source: the likelihood ratio of a binomial change point."""
    n_before, k_before = np.cumsum(total)[:-1], np.cumsum(onto)[:-1]
    n_after, k_after = total.sum() - n_before, onto.sum() - k_before
    with np.errstate(divide="ignore", invalid="ignore"):
        before, after = k_before / n_before, k_after / n_after
    held = _log_likelihood(onto.sum(keepdims=True), total.sum(keepdims=True))[0]
    score = _log_likelihood(k_before, n_before) + _log_likelihood(k_after, n_after) - held
    enough = (n_before >= LEAST) & (n_after >= LEAST) & (np.nan_to_num(after - before) >= RISE) & (score >= NATS)
    if not enough.any():
        return None
    at = int(np.where(enough, score, -np.inf).argmax())
    return float(score[at]), at + 1, (float(before[at]), float(after[at]))


def _log_likelihood(hits: Counts, total: Counts) -> Counts:
    """Of `hits` of `total` at their own rate, in nats."""
    missed = total - hits
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.where(part > 0, part * np.log(part / total), 0.0) for part in (hits, missed)]
    return terms[0] + terms[1]


def _words(names: Names, terminator: int, destination: int, shares: tuple[float, float]) -> str:
    where, to = names.name("destination", destination), names.name("terminator", terminator)
    return f"{where} moved to {to}: {shares[0]:.0%}, then {shares[1]:.0%} of its first attempts"
