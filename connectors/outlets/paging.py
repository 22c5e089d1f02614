"""What a pager is told: that something needs a person, that one has it, that it is over. Nothing else wakes."""

from __future__ import annotations

from typing import Final, Literal

from connectors.store.outgoing import Outgoing
from pipeline.desk.ticket import Ticket

Step = Literal["trigger", "acknowledge", "resolve"]
REGRADES: Final = frozenset({"severity_changed", "severity_forced", "severity_released"})
_TRIGGERS: Final = frozenset({"opened", "reopened", "unmerged", "unsilenced"}) | REGRADES
_ACKNOWLEDGES: Final = frozenset({"acknowledged", "taken"})
_RESOLVES: Final = frozenset({"resolved", "closed", "merged"})
WANTS: Final = _TRIGGERS | _ACKNOWLEDGES | _RESOLVES


def steps(outgoing: Outgoing, ticket: Ticket) -> tuple[Step, ...]:
    """In order. Who hears of a ticket for the first time is told what it missed."""
    kind, first = outgoing.event.kind, outgoing.remote_id is None
    wanted: list[Step] = []
    if ticket.active and (first or kind in _TRIGGERS):
        wanted.append("trigger")
    if kind in _ACKNOWLEDGES or (first and ticket.state == "acknowledged"):
        wanted.append("acknowledge")
    if kind in _RESOLVES:
        wanted.append("resolve")
    return tuple(wanted)
