"""The door of the desk for people, mail and alerts: load, decide by the rules, append, all in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update

from connectors.store import schema as s
from connectors.store.append import FanOut, InTransaction, append, nobody
from connectors.store.engine import Store
from connectors.store.rows import ticket_of
from pipeline.desk import commands as c
from pipeline.desk.commands import Refusal
from pipeline.desk.context import Around
from pipeline.desk.desk import act
from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.ids import of_request
from pipeline.desk.intake import Advice, advise
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.relations import other_of
from pipeline.desk.rota import due
from pipeline.desk.ticket import ACTIVE, HOLDS_KEY, Intake, Ticket
from pipeline.directory import Directory
from pipeline.incidents import TicketType

TIMER: Final = "akira/timer"
_DAY_MS: Final = 86_400_000
Also = Callable[[Connection, str], None]
"""Told the id of the ticket within the transaction that changed it; what it raises undoes the change."""


@dataclass(frozen=True, slots=True)
class Done:
    """The ticket after the command and the new events; `known` when it had been done before (idempotency, join)."""

    ticket: Ticket
    events: tuple[TicketEvent, ...]
    known: bool = False


class Desk:
    """Commands against the store."""

    def __init__(
        self,
        store: Store,
        policy: DeskPolicy,
        directory: Directory = Directory(),  # noqa: B008 - frozen and empty
        fan_out: FanOut = nobody,
    ) -> None:
        self._store, self._policy, self._directory, self._fan_out = store, policy, directory, fan_out

    def do(
        self,
        ticket_id: str,
        command: c.Command,
        at_ms: int,
        actor: str,
        *,
        if_version: int | None = None,
        once: str | None = None,
        also: Also | None = None,
    ) -> Done | Refusal:
        """Do `command` on a ticket (`Open`: the id is given by the store, `ticket_id` is not read).

        `if_version` is the version the caller saw: another one is refused as `stale`. `once` is an idempotency key of
        the actor: a repeated request gives the first one's ticket, another request under the same key is refused.
        `also` is called when it is done.
        """
        with self._store.writing() as connection:
            tickets = InTransaction(connection)
            if once is not None:
                before = self._before(connection, tickets, actor, once, f"{ticket_id} {command!r}", at_ms)
                if before is not None:
                    return before
            done = self._do(connection, tickets, ticket_id, command, at_ms, actor, if_version)
            if once is not None and isinstance(done, Done):
                values = dict(actor=actor, key=once, ticket_id=done.ticket.id, at_ms=at_ms)
                request = _digest(f"{ticket_id} {command!r}")
                connection.execute(insert(s.ONCE).values(**values, request=request))
            if also is not None and isinstance(done, Done):
                also(connection, done.ticket.id)
            return done

    def open(self, command: c.Open, at_ms: int, actor: str) -> str | Refusal:
        """Open a ticket, or join the one that holds its incident key; its id."""
        done = self.do("", command, at_ms, actor)
        return done if isinstance(done, Refusal) else done.ticket.id

    def act(self, ticket_id: str, command: c.Command, at_ms: int, actor: str) -> Refusal | None:
        """Do a command; None when it is done."""
        done = self.do(ticket_id, command, at_ms, actor)
        return done if isinstance(done, Refusal) else None

    def ticket(self, ticket_id: str) -> Ticket | None:
        """The ticket as it is now."""
        with self._store.reading() as connection:
            return InTransaction(connection).get(ticket_id)

    def open_tickets(self) -> Sequence[Ticket]:
        """Tickets that want work, the worst and oldest first."""
        t = s.TICKETS.c
        query = select(t.fold).where(t.state.in_(sorted(ACTIVE))).order_by(t.severity, t.opened_at_ms, t.id)
        with self._store.reading() as connection:
            return [ticket_of(fold_) for fold_ in connection.execute(query).scalars()]

    def advise(self, ticket_type: TicketType, intake: Intake, at_ms: int) -> Advice:
        """What is missing at intake, and whether multiple customers are affected."""
        return advise(ticket_type, intake, Around(self._directory, tuple(self.open_tickets())), at_ms)

    def escalate(self, at_ms: int, tickets: Sequence[Ticket] | None = None) -> list[TicketEvent]:
        """Page whoever is due on the rota for every unacknowledged incident; the shell calls it every few seconds, with
        the open `tickets` if it has read them just now."""
        rota = self._policy.rota
        paged: list[TicketEvent] = []
        if not rota.people and not rota.swaps:
            return paged
        for ticket in self.open_tickets() if tickets is None else tickets:
            step = due(ticket, rota, at_ms)
            if step is not None:
                why = "first page" if step == 1 else "nobody has acknowledged it"
                done = self.do(ticket.id, c.Escalate(why), at_ms, TIMER, if_version=ticket.version)
                paged += done.events if isinstance(done, Done) else ()
        return paged

    def _before(
        self, connection: Connection, tickets: InTransaction, actor: str, once: str, request: str, at_ms: int
    ) -> Done | Refusal | None:
        mine = (s.ONCE.c.actor == actor) & (s.ONCE.c.key == once)
        seen = connection.execute(select(s.ONCE).where(mine)).one_or_none()
        if seen is None:
            connection.execute(s.ONCE.delete().where(s.ONCE.c.at_ms < at_ms - 7 * _DAY_MS))
            return None
        if seen.request != _digest(request):
            return Refusal("exists", "This idempotency key was used for another request.", hint="take a new key")
        ticket = tickets.get(seen.ticket_id)
        assert ticket is not None, "tickets are never deleted"
        return Done(ticket, (), known=True)

    def _do(
        self,
        connection: Connection,
        tickets: InTransaction,
        ticket_id: str,
        command: c.Command,
        at_ms: int,
        actor: str,
        if_version: int | None,
    ) -> Done | Refusal:
        if isinstance(command, c.Open):
            lives = tickets.lives(command.incident_key) if command.incident_key else ()
            if lives and lives[-1].state in HOLDS_KEY:
                return Done(lives[-1], (), known=True)
            ticket_id = of_request(_count(connection, "requests"))
        ticket = tickets.get(ticket_id)
        if ticket is not None and if_version is not None and ticket.version != if_version:
            hint = "read it again and repeat the change on what is there now"
            message = f"{ticket_id} has changed: you saw version {if_version}, it is {ticket.version}."
            return Refusal("stale", message, hint=hint)
        loaded = _loaded(tickets, ticket, command)
        events = act(loaded, ticket_id, command, at_ms, actor, self._policy, Around(self._directory))
        if isinstance(events, Refusal):
            return events
        changed = _by_ticket(events, loaded)
        append(
            connection, [(changed[key], [e for e in events if e.ticket_id == key]) for key in changed], self._fan_out
        )
        return Done(changed[ticket_id], tuple(events))


def _loaded(tickets: InTransaction, ticket: Ticket | None, command: c.Command) -> dict[str, Ticket]:
    if ticket is None:
        return {}
    wanted = {other_of(ticket, command), ticket.parent if isinstance(command, c.SetParent) else None} - {None}
    wanted |= set(ticket.children) if isinstance(command, c.Resolve) and command.children else set()
    found = [tickets.get(key) for key in wanted if key is not None]
    return {one.id: one for one in (ticket, *found) if one is not None}


def _by_ticket(events: Sequence[TicketEvent], before: dict[str, Ticket]) -> dict[str, Ticket]:
    ids = dict.fromkeys(event.ticket_id for event in events)
    return {key: fold([event for event in events if event.ticket_id == key], before.get(key)) for key in ids}


def _count(connection: Connection, name: str) -> int:
    counter = s.COUNTERS.c
    if connection.execute(update(s.COUNTERS).where(counter.name == name).values(value=counter.value + 1)).rowcount == 0:
        connection.execute(insert(s.COUNTERS).values(name=name, value=1))
    return int(connection.execute(select(counter.value).where(counter.name == name)).scalar_one())


def _digest(request: str) -> str:
    return hashlib.sha256(request.encode(errors="surrogatepass")).hexdigest()
