"""Ticket tools: a ticket of ours has one counterpart there, found before it is made, told each event once, moved along.

None of these tools takes an idempotency key, so every step looks first at what is there already.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, Literal

from connectors.outlets.words import happened
from connectors.store.outbox import Outgoing
from pipeline.desk.ticket import Ticket

Phase = Literal["new", "active", "over"]
"""What the many statuses of a tool come to: nobody has looked, work goes on, nothing is left to do."""
_MOVES: Final = frozenset(
    {"acknowledged", "taken", "mitigated", "resolved", "reopened", "closed", "merged", "unmerged"}
)
_RENAMES: Final = frozenset({"severity_changed", "severity_forced", "severity_released"})


class Counterpart(ABC):
    """The part of an outlet that the ticket tools share. `remote` is what the tool calls the counterpart."""

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """Make the counterpart, or tell it of the event; the same message again changes nothing."""
        kind, remote = outgoing.event.kind, outgoing.remote_id or self.find(ticket)
        if remote is None:
            remote = self.make(ticket)
        elif outgoing.remote_id is not None and not self.told(remote, outgoing.key):
            self.tell(remote, outgoing.key, happened(outgoing.event))
        if kind in _RENAMES:
            self.rename(remote, ticket)
        if kind in _MOVES or outgoing.remote_id is None:
            self._move(remote, ticket)
        return remote

    def _move(self, remote: str, ticket: Ticket) -> None:
        """Into the phase of our state; a tool's finer statuses within a phase are left to its people."""
        now, wanted = self.phase(remote), _wanted(ticket)
        if wanted != now and not (ticket.state == "open" and now == "new"):
            self.move(remote, wanted)

    @abstractmethod
    def find(self, ticket: Ticket) -> str | None:
        """The counterpart that carries our key; None when there is none."""

    @abstractmethod
    def make(self, ticket: Ticket) -> str:
        """A counterpart that carries our key."""

    @abstractmethod
    def told(self, remote: str, key: str) -> bool:
        """Whether a comment with `key` is there."""

    @abstractmethod
    def tell(self, remote: str, key: str, text: str) -> None:
        """An internal comment that carries `key`."""

    @abstractmethod
    def rename(self, remote: str, ticket: Ticket) -> None:
        """The title as the ticket now has it."""

    @abstractmethod
    def phase(self, remote: str) -> Phase:
        """The phase it is in."""

    @abstractmethod
    def move(self, remote: str, phase: Phase) -> None:
        """Bring it into another phase."""


def _wanted(ticket: Ticket) -> Phase:
    return "active" if ticket.active else "over"


def change(before: Phase, after: Phase) -> Literal["acknowledged", "resolved", "reopened"] | None:
    """What a person's move from one phase to another says to us; None when it says nothing."""
    if before == after:
        return None
    if after == "over":
        return "resolved"
    if before == "over":
        return "reopened"
    return "acknowledged" if after == "active" else None
