"""Number failures of a terminator: numbers that its peers complete and it calls unknown.

Input: attempts at a terminator.
Method: 404, 410, 484 (Q.850 1, 22, 28) against the own rate of terminator and destination.
Output: `asr_drop` on the terminator, from twenty points above normal (setting). A customer's own list of bad numbers
raises nothing: its failures follow the customer over all terminators.
Limits: needs more than one customer on the terminator to tell the two apart.
Source: operator practice; RFC 3398 cause map.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.questions import Question, Window
from pipeline.rows import Flags, Rows
from pipeline.settings import GateSettings

ONE_CUSTOMER: Final = 0.7


def at_terminators(rows: Rows) -> Flags:
    """Attempts at a terminator, re-attempts apart."""
    return (rows.of("terminator") >= 0) & ~rows.retry


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A share of failures above normal."""
    return window.excess >= gates.numbers_share


def one_list(window: Window) -> bool:
    """Most of the failures are one customer's: its list of numbers is bad, and the terminator says so rightly."""
    failed = window.rows.of("customer")[window.rows.bad_number]
    most = np.bincount(failed + 1).max(initial=0)
    return bool(most >= ONE_CUSTOMER * len(failed))


NUMBERS: Final = Question(
    name="numbers",
    signal="asr_drop",
    metric="number failures",
    rises=True,
    counts=at_terminators,
    hit=lambda rows: rows.bad_number,
    gate=worth_it,
    support="asr_support",
    excuse=one_list,
    families=(("terminator",), ("terminator", "destination")),
    by_hour=False,
    needs=("failures",),
)
