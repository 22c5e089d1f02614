"""What routes call: the desk and its store with the clock, refusals turned into problems."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

from akira.web import queries
from akira.web.feeds import FeedLine, FeedRows, lines
from akira.web.live import Happening
from akira.web.problems import Problem, of_refusal
from akira.web.wanted import Wanted
from connectors.errors import ConnectorError
from connectors.store.append import FanOut, nobody
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.outbox import Outbox
from connectors.store.outgoing import Outgoing
from connectors.store.silences import Silences
from connectors.store.tickets import Page, Tickets
from pipeline.desk.commands import Command, Open, Refusal, Unsilence
from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.intake import Advice
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.silences import Quiet
from pipeline.desk.ticket import TICKET_JSON, Intake, Ticket
from pipeline.directory import Directory
from pipeline.incidents import TicketType

HOUR_MS: Final = 3_600_000
KIN_SHOWN: Final = 50
LATEST_MS: Final = 4_102_444_800_000
"""The year 2100: a time after it is a mistake of units."""


class Office:
    """The desk over one store."""

    def __init__(
        self,
        store: Store,
        policy: DeskPolicy,
        directory: Directory,
        feeds: FeedRows,
        clock: Callable[[], int],
        fan_out: FanOut = nobody,
    ) -> None:
        self.policy, self.directory, self.store = policy, directory, store
        self._feeds, self._clock = feeds, clock
        self._desk = Desk(store, policy, directory, fan_out)
        self._tickets, self._silences, self._outbox = Tickets(store), Silences(store, policy), Outbox(store)

    def ticket(self, ticket_id: str) -> Ticket:
        """The ticket; Problem 404 when there is none."""
        found = self._tickets.get(ticket_id)
        if found is None:
            raise Problem(404, "not_found", f"There is no ticket {ticket_id[:80]}", hint="look it up in the list")
        return found

    def log(self, ticket_id: str) -> list[TicketEvent]:
        """Its events; Problem 404 when there is no such ticket."""
        events = self._tickets.events(ticket_id)
        if not events:
            self.ticket(ticket_id)
        return events

    def verify(self, ticket_id: str) -> str | None:
        """None when its log is whole and the stored ticket is its fold."""
        self.ticket(ticket_id)
        return self._tickets.verify(ticket_id)

    def do(
        self, ticket_id: str, command: Command, actor: str, *, if_version: int | None = None, key: str | None = None
    ) -> Ticket:
        """The ticket after `command`; Problem when it is refused or (412) changed since `if_version`."""
        _sane_times(command)
        done = self._desk.do(ticket_id, command, self._clock(), actor, if_version=if_version, once=key)
        if isinstance(done, Refusal):
            raise self._refused(ticket_id, done, if_version)
        return done.ticket

    def open(self, command: Open, actor: str, *, key: str | None = None) -> tuple[Ticket, bool]:
        """The ticket of an intake, and whether it is new: a key seen before, or an open incident, gives the old one."""
        _sane_times(command)
        done = self._desk.do("", command, self._clock(), actor, once=key)
        if isinstance(done, Refusal):
            raise of_refusal(done)
        return done.ticket, not done.known

    def advise(self, ticket_type: TicketType, intake: Intake) -> Advice:
        """What an intake lacks and what it may be part of."""
        return self._desk.advise(ticket_type, intake, self._clock())

    def listing(self, wanted: Wanted, *, cursor: str | None, limit: int) -> Page:
        """A page of tickets; Problem 422 for a bad filter or cursor."""
        try:
            return self._tickets.page(wanted.filter(self._clock()), limit, cursor)
        except ConnectorError as wrong:
            raise Problem(422, "invalid", wrong.message, hint=wrong.hint) from wrong

    def folds(self, wanted: Wanted) -> Iterator[Ticket]:
        """Every whole ticket that matches, oldest first."""
        return self._tickets.folds(wanted.filter(self._clock()))

    def around(self, ticket: Ticket) -> Sequence[Ticket]:
        """Tickets that opened about the onset of this one, where what came before it is looked for."""
        if ticket.impact_from_ms is None:
            return ()
        onset = ticket.impact_from_ms
        return queries.opened_between(self.store, onset - HOUR_MS, onset + HOUR_MS)

    def kin(self, ticket: Ticket) -> list[Ticket]:
        """The tickets it is bound to, in no more than `KIN_SHOWN`."""
        bound = (
            ticket.parent,
            ticket.split_from,
            *ticket.children,
            *ticket.absorbed,
            *ticket.split_into,
            *ticket.related,
        )
        ids = list(dict.fromkeys(other for other in bound if other))[:KIN_SHOWN]
        return [found for found in map(self._tickets.get, ids) if found is not None]

    def tally(self) -> queries.Tally:
        """Open tickets counted."""
        return queries.tally(self.store, self._clock())

    def feeds(self) -> list[FeedLine]:
        """The health of the feeds in words."""
        return lines(self._feeds())

    def silences(self) -> list[Quiet]:
        """Silences and maintenances, the latest to end first."""
        return self._silences.all()

    def hush(
        self, kind: str, match: Mapping[str, tuple[str, ...]], starts: int | None, ends: int, why: str, by: str
    ) -> Quiet:
        """A new silence; Problem when it lacks something."""
        if kind not in ("silence", "maintenance"):
            raise Problem(422, "invalid", "Choose silence or maintenance", missing=["kind"])
        now = self._clock()
        quiet = Quiet(f"Q-{secrets.token_hex(5)}", kind, match, now if starts is None else starts, ends, why[:2000], by)  # type: ignore[arg-type]
        _sane_times(quiet)
        refusal = self._silences.add(quiet, now)
        if refusal is not None:
            raise of_refusal(refusal)
        return quiet

    def unhush(self, quiet_id: str, by: str) -> None:
        """End a silence now, also on the tickets that it hides; Problem 404 when none of that name runs."""
        now = self._clock()
        if not self._silences.end(quiet_id, now, by):
            raise Problem(404, "not_found", "No silence of that name runs")
        for ticket in self._desk.open_tickets():
            if ticket.silenced_by == quiet_id:
                self._desk.do(ticket.id, Unsilence(), now, by)

    def outbox(self) -> tuple[list[Outgoing], int]:
        """Dead letters, and how many messages wait."""
        waiting = sum(count for (_, state), count in self._outbox.counts().items() if state == "pending")
        return self._outbox.rows("dead"), waiting

    def resend(self, row_id: int, by: str) -> None:
        """Raise a dead letter; Problem 404 when there is none of that number."""
        if not self._outbox.resend(row_id, self._clock(), by):
            raise Problem(404, "not_found", f"There is no dead letter {row_id}")

    def drop(self, row_id: int, by: str) -> None:
        """Give up a dead letter for good; Problem 404 when there is none of that number."""
        if not self._outbox.drop(row_id, self._clock(), by):
            raise Problem(404, "not_found", f"There is no dead letter {row_id}")

    def happenings(self, after: int, limit: int) -> list[Happening]:
        """Events of all tickets after a position, for the live stream."""
        return [
            Happening(position, event.ticket_id, event.seq, event.kind, event.at_ms, event.actor)
            for position, event in self._tickets.after(after, limit)
        ]

    def head(self) -> int:
        """The position of the newest event."""
        return self._tickets.head()

    def _refused(self, ticket_id: str, refusal: Refusal, if_version: int | None) -> Problem:
        if refusal.code != "stale" or if_version is None:
            return of_refusal(refusal)
        seen = self._tickets.events(ticket_id)[:if_version]
        yours = TICKET_JSON.dump_python(fold(seen), mode="json") if seen else None
        current = TICKET_JSON.dump_python(self.ticket(ticket_id), mode="json")
        return Problem(412, "stale", refusal.message, hint=refusal.hint, yours=yours, current=current)


def _sane_times(value: Any, place: str = "") -> None:
    """Problem 422 for a time before 1970 or after 2100: no calendar, chart or database would take it further."""
    if not is_dataclass(value):
        return
    for field in fields(value):
        part, name = getattr(value, field.name), f"{place}{field.name}"
        if field.name.endswith("_ms") and part is not None and not 0 <= part <= LATEST_MS:
            line = f"{name}: epoch milliseconds between 1970 and 2100"
            raise Problem(422, "invalid", "A time is out of all reason", missing=[line])
        _sane_times(part, f"{name}.")
