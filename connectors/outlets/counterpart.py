"""Ticket tools: a ticket of ours has one counterpart there, found before it is made, told each event once, moved along.

None of these tools takes an idempotency key, so every step looks first at what is there already.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Final, Literal

from connectors.errors import ConnectorError
from connectors.outlets.port import Throttled
from connectors.outlets.words import description, happened, headline
from connectors.store.outgoing import Outgoing
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected

Phase = Literal["new", "active", "over"]
"""What the many statuses of a tool come to: nobody has looked, work goes on, nothing is left to do."""
_MOVES: Final = frozenset(
    {"acknowledged", "taken", "mitigated", "resolved", "reopened", "closed", "merged", "unmerged"}
)
_RENAMES: Final = frozenset({"severity_changed", "severity_forced", "severity_released"})
_DOUBTS_MOST: Final = 10_000


class Counterpart(ABC):
    """The part of an outlet that the ticket tools share. `remote` is what the tool calls the counterpart, `mark` the
    text by which its search finds it; `settle_s` how long its search may miss what was just made."""

    def __init__(self, name: str, console: str, settle_s: float = 0.0) -> None:
        self.name, self.console, self._settle_s = name, console, settle_s
        self._started_s = now_s()
        self._doubts: dict[str, float] = {}
        """Tickets whose making got no answer, and when."""

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """Make the counterpart, or tell it of the event; the same message again changes nothing."""
        kind, remote = outgoing.event.kind, outgoing.remote_id
        if remote is None:
            remote = self._found_or_made(outgoing, ticket)
        elif not self.told(remote, outgoing.key):
            self.tell(remote, outgoing.key, happened(outgoing.event))
        if kind in _RENAMES:
            self.rename(remote, self.mark(ticket.id), headline(ticket))
        if kind in _MOVES or outgoing.remote_id is None:
            self._move(remote, ticket)
        return remote

    def test(self, text: str) -> str:
        """A counterpart of nothing, that is found again and ended."""
        mark = self.mark(f"test-{round(now_s() * 1000)}")
        remote = self.create(mark, text, text)
        found = self.find(mark)
        self.move(remote, "over")
        if found is None and not self._settle_s:
            raise ConnectorError(
                f"outlet {self.name}: {remote} was made and ended, but is not found by its mark {mark}",
                "may its user see and search what it makes?",
            )
        return f"{remote} was made, {'found again' if found else 'not yet found by search'}, and ended"

    def _found_or_made(self, outgoing: Outgoing, ticket: Ticket) -> str:
        mark = self.mark(ticket.id)
        remote = self.find(mark)
        if remote is None:
            self._settled(outgoing)
            try:
                remote = self.create(mark, headline(ticket), description(ticket, self.console))
            except Disconnected as away:
                if not isinstance(away, Throttled) and len(self._doubts) < _DOUBTS_MOST:
                    self._doubts[ticket.id] = now_s()
                raise
        self._doubts.pop(ticket.id, None)
        return remote

    def _settled(self, outgoing: Outgoing) -> None:
        """Disconnected while an attempt of ours, or of the process before us, may have made what search misses."""
        older = outgoing.event.at_ms < self._started_s * 1000
        since_s = max(self._doubts.get(outgoing.event.ticket_id, 0.0), self._started_s if older else 0.0)
        left_s = since_s + self._settle_s - now_s()
        if left_s > 0:
            why = "an earlier attempt may have made it, which its search shows only later"
            raise Disconnected(f"outlet {self.name}: {why}; {left_s:.0f} s left", left_s)

    def _move(self, remote: str, ticket: Ticket) -> None:
        """Into the phase of our state; a tool's finer statuses within a phase are left to its people."""
        now, wanted = self.phase(remote), _wanted(ticket)
        if wanted != now and not (ticket.state == "open" and now == "new"):
            self.move(remote, wanted)

    @abstractmethod
    def mark(self, ticket_id: str) -> str:
        """The mark of a ticket's counterpart."""

    @abstractmethod
    def find(self, mark: str) -> str | None:
        """The counterpart with the mark, the oldest if there are several; None when there is none."""

    @abstractmethod
    def create(self, mark: str, title: str, text: str) -> str:
        """A new counterpart with the mark."""

    @abstractmethod
    def told(self, remote: str, key: str) -> bool:
        """Whether a comment with `key` is there."""

    @abstractmethod
    def tell(self, remote: str, key: str, text: str) -> None:
        """An internal comment that carries `key`."""

    @abstractmethod
    def rename(self, remote: str, mark: str, title: str) -> None:
        """Give it another title, in which the mark stays if that is its place."""

    @abstractmethod
    def phase(self, remote: str) -> Phase:
        """The phase it is in."""

    @abstractmethod
    def move(self, remote: str, phase: Phase) -> None:
        """Bring it into another phase; Refused when the tool does not take it there."""


def _wanted(ticket: Ticket) -> Phase:
    return "active" if ticket.active else "over"


def now_s() -> float:
    """Epoch seconds."""
    return time.time()


def change(before: Phase, after: Phase) -> Literal["acknowledged", "resolved", "reopened"] | None:
    """What a person's move from one phase to another says to us; None when it says nothing."""
    if before == after:
        return None
    if after == "over":
        return "resolved"
    if before == "over":
        return "reopened"
    return "acknowledged" if after == "active" else None
