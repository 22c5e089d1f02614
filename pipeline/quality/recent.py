"""The last hour: attempts in columns, and per minute the counts of every question per leaf."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.rows import Picked, Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals, hits and expected hits of one question, a row per leaf of `Minute.leaf`."""

    total: Floats
    hits: Floats
    expected: Floats


@dataclass(frozen=True, slots=True)
class Minute:
    """One closed minute."""

    minute: int
    rows: Rows
    row_leaf: Ints
    leaf: Ints
    """The distinct leaves of the minute."""
    answer: Floats
    """[rows] expected probability of an answer."""
    counts: Mapping[str, Counts]


@dataclass(frozen=True, slots=True)
class Span:
    """Counts of one question over several minutes: a row per (minute, leaf)."""

    minute: Ints
    leaf: Ints
    total: Floats
    hits: Floats
    expected: Floats


class Recent:
    """The closed minutes that are kept in memory, oldest first."""

    def __init__(self, minutes_most: int) -> None:
        self.minutes: deque[Minute] = deque(maxlen=minutes_most)
        self._spans: dict[tuple[str, int, int | None], Span] = {}
        """Counts in one piece, as asked for since the last minute was added."""

    def add(self, closed: Minute) -> None:
        """Take the next minute; the oldest makes room."""
        self.minutes.append(closed)
        self._spans.clear()

    def since(self, minute: int) -> list[Minute]:
        """The minutes from `minute` on."""
        return [m for m in self.minutes if m.minute >= minute]

    def span(self, question: str, since: int = 0, until: int | None = None) -> Span:
        """Counts of a question from minute `since` to `until`, both included."""
        asked = (question, since, until)
        if asked not in self._spans:
            chosen = (m for m in self.minutes if m.minute >= since and (until is None or m.minute <= until))
            self._spans[asked] = _joined([m for m in chosen if question in m.counts], question)
        return self._spans[asked]

    def rows(self, since: int, until: int, within: npt.NDArray[np.bool_]) -> Rows | None:
        """Attempts of the leaves `within` [leaves] from minute `since` to `until`; None when no minute has any."""
        chosen = [m for m in self.minutes if since <= m.minute <= until and len(m.rows)]
        if not chosen:
            return None
        return Picked([(m.rows, np.flatnonzero(within[m.row_leaf])) for m in chosen])


def _joined(minutes: Sequence[Minute], question: str) -> Span:
    if not minutes:
        none = np.zeros(0)
        return Span(none.astype(np.int64), none.astype(np.int64), none, none, none)
    counts = [m.counts[question] for m in minutes]
    return Span(
        minute=np.repeat([m.minute for m in minutes], [len(m.leaf) for m in minutes]),
        leaf=np.concatenate([m.leaf for m in minutes]),
        total=np.concatenate([c.total for c in counts]),
        hits=np.concatenate([c.hits for c in counts]),
        expected=np.concatenate([c.expected for c in counts]),
    )


def by_minute(span: Span, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """[minutes with any of the chosen rows, 4]: minute, total, hits, expected."""
    if not chosen.any():
        return np.zeros((0, 4))
    first = int(span.minute[0])
    index = span.minute[chosen] - first
    seen = np.flatnonzero(np.bincount(index))
    sums = [np.bincount(index, column[chosen])[seen] for column in (span.total, span.hits, span.expected)]
    return np.column_stack([seen + first, *sums])
