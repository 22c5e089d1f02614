"""Terminator failover: first attempts that had to be re-routed to another terminator.

Input: first attempts that were sent to a terminator.
Method: re-routed (not the last attempt of their call) against the terminator's own rate.
Output: `route_failover` on the terminator (and destination), from twenty points above normal (setting); while the calls
are carried by others the customers are still served.
Limits: a switch stops trying a dead gateway after seconds; what then shows is its share gone to its peers and the
probe's state, which `reachability` and `shares` judge.
Source: operator practice.
"""

from __future__ import annotations

from typing import Final

from pipeline.questions import Question, Window
from pipeline.rows import Flags, Rows
from pipeline.settings import GateSettings


def first_attempts(rows: Rows) -> Flags:
    """First attempts at a terminator."""
    return (rows.attempt == 1) & (rows.of("terminator") >= 0) & ~rows.retry


def rerouted(rows: Rows) -> Flags:
    """Not the last attempt of the call."""
    return ~rows.last


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A share of first attempts re-routed above normal."""
    return window.excess >= gates.failover_share


FAILOVER: Final = Question(
    name="failover",
    signal="route_failover",
    metric="re-routed first attempts",
    rises=True,
    counts=first_attempts,
    hit=rerouted,
    gate=worth_it,
    support="records_support",
    families=(("terminator",), ("terminator", "destination")),
    by_hour=False,
    needs=("failures",),
)
