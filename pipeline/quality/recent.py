"""The last hour: attempts in columns, and per minute the counts of every question per leaf."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.rows import Rows, concat

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
        self._spans: dict[str, Span] = {}
        """The counts of all minutes in one piece, made when a question is asked for them and good for this minute."""

    def add(self, closed: Minute) -> None:
        """Take the next minute; the oldest makes room."""
        self.minutes.append(closed)
        self._spans.clear()

    def since(self, minute: int) -> list[Minute]:
        """The minutes from `minute` on."""
        return [m for m in self.minutes if m.minute >= minute]

    def span(self, question: str, since: int = 0, until: int | None = None) -> Span:
        """Counts of a question from minute `since` to `until`, both included."""
        if question not in self._spans:
            self._spans[question] = _joined([m for m in self.minutes if question in m.counts], question)
        whole = self._spans[question]
        first = int(np.searchsorted(whole.minute, since))
        last = len(whole.minute) if until is None else int(np.searchsorted(whole.minute, until, side="right"))
        part = slice(first, last)
        return Span(whole.minute[part], whole.leaf[part], whole.total[part], whole.hits[part], whole.expected[part])

    def rows(self, since: int, until: int, within: npt.NDArray[np.bool_]) -> Rows | None:
        """Attempts of the leaves `within` [leaves] from minute `since` to `until`; None when no minute has any."""
        chosen = [m for m in self.minutes if since <= m.minute <= until and len(m.rows)]
        if not chosen:
            return None
        picked = [(m.rows, np.flatnonzero(within[m.row_leaf])) for m in chosen]
        return concat([rows.take(at) for rows, at in picked if len(at)] or [chosen[0].rows.take(slice(0, 0))])


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
