"""Rating failure: answered calls that could not be priced.

Input: answered calls whose record says how rating went.
Method: `failed` or `unrated` against the own rate.
Output: `rating_failure`, from five points above normal (setting).
Limits: a source that never rates has a rate of its own of 1 and is silent; records that say nothing do not count.
Source: operator practice.
"""

from __future__ import annotations

from typing import Final

from pipeline.questions import Question, Window
from pipeline.rows import Flags, Rows
from pipeline.settings import GateSettings


def rated_calls(rows: Rows) -> Flags:
    """Answered calls that carry a rating state."""
    return rows.answered & (rows.rating > 0)


def unrated(rows: Rows) -> Flags:
    """`unrated` or `failed`."""
    return rows.rating >= 2


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A share of unrated answers above normal."""
    return window.excess >= gates.rating_share


RATING: Final = Question(
    name="rating",
    signal="rating_failure",
    metric="unrated answers",
    rises=True,
    counts=rated_calls,
    hit=unrated,
    gate=worth_it,
    support="records_support",
    by_hour=False,
)
