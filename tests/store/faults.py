"""Incidents and commands for the tests of the store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.desk.commands import Open, Scope
from pipeline.desk.ticket import Intake
from pipeline.incidents import Impact, Incident

MINUTE = 60_000


def incident(revision: int = 1, key: str = "i-1", **changes: Any) -> Incident:
    """term-05 fails for two customers; `revision` minutes after the onset."""
    made = Incident(
        id=key,
        revision=revision,
        at_ms=(revision + 1) * MINUTE,
        opened_at_ms=2 * MINUTE,
        onset_ms=MINUTE,
        ended_ms=None,
        recovered_at_ms=None,
        ticket_type="sip_quality",
        signals=("asr_drop",),
        lead="asr_drop",
        cause={"terminator": ("term-05",)},
        customers=(Impact("acme", False, 100, 90, 40.0, 0.5), Impact("bell", False, 50, 45, 20.0, 0.2)),
        severity="SEV2",
        why="because 2 customers are affected while their other traffic works",
        summary="term-05 rejects calls to Germany-Mobile",
    )
    return replace(made, **changes)


def recovered(revision: int, **changes: Any) -> Incident:
    """The same, over."""
    at_ms = (revision + 1) * MINUTE
    return incident(revision, recovered_at_ms=at_ms, ended_ms=at_ms - 5 * MINUTE, **changes)


def report(customer: str = "acme", **changes: Any) -> Open:
    """A customer calls in."""
    made = Open("sip_quality", f"{customer}: calls to Germany fail", Intake(customer=customer), Scope(), "api")
    return replace(made, **changes)
