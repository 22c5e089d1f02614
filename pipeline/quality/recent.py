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

    def since(self, minute: int) -> list[Minute]:
        """The minutes from `minute` on."""
        return [m for m in self.minutes if m.minute >= minute]

    def span(self, question: str, since: int, until: int | None = None) -> Span:
        """Counts of a question from minute `since` to `until`, both included."""
        chosen = [m for m in self.minutes if m.minute >= since and (until is None or m.minute <= until)]
        chosen = [m for m in chosen if question in m.counts]
        if not chosen:
            none = np.zeros(0)
            return Span(none.astype(np.int64), none.astype(np.int64), none, none, none)
        return Span(
            minute=np.concatenate([np.full(len(m.leaf), m.minute, np.int64) for m in chosen]),
            leaf=np.concatenate([m.leaf for m in chosen]),
            total=np.concatenate([m.counts[question].total for m in chosen]),
            hits=np.concatenate([m.counts[question].hits for m in chosen]),
            expected=np.concatenate([m.counts[question].expected for m in chosen]),
        )

    def rows(self, since: int, until: int | None = None) -> tuple[Rows, Ints, Floats] | None:
        """Attempts, their leaves and their expected answers from minute `since` on; None when there are none."""
        chosen: Sequence[Minute] = [
            m for m in self.minutes if m.minute >= since and (until is None or m.minute <= until) and len(m.rows)
        ]
        if not chosen:
            return None
        return (
            concat([m.rows for m in chosen]),
            np.concatenate([m.row_leaf for m in chosen]),
            np.concatenate([m.answer for m in chosen]),
        )
