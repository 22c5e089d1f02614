"""The book of all tickets: which ticket a revision belongs to, and what it does to the tickets bound to that one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from pipeline.desk.events import Change, TicketEvent, chain
from pipeline.desk.fold import fold
from pipeline.desk.ids import of_incident
from pipeline.desk.observe import ACTOR, observe, succeeds
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.silences import Quiet
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Incident


class Tickets(Protocol):
    """Where tickets are looked up: the store, inside its transaction, or a Book in memory."""

    def get(self, ticket_id: str) -> Ticket | None: ...

    def lives(self, incident_key: str) -> Sequence[Ticket]:
        """The tickets of an incident, the first life first."""
        ...


def enter(
    incident: Incident, tickets: Tickets, policy: DeskPolicy, quiet: tuple[Quiet, ...] = ()
) -> list[tuple[Ticket, list[TicketEvent]]]:
    """Every ticket that a revision changes, as it is after, with its new events; empty for a revision already seen."""
    lives = tickets.lives(incident.id)
    ticket = lives[-1] if lives else None
    if ticket is not None and incident.revision <= ticket.revision:
        return []
    mother = _latest(tickets, incident.parent)
    related: tuple[str, ...] = ()
    if ticket is not None and succeeds(ticket, incident, policy):
        related, ticket = (ticket.id,), None
    events = observe(
        ticket,
        incident,
        policy,
        ticket_id=of_incident(incident.id, len(lives) + 1 if ticket is None else len(lives)),
        related=related,
        parent=mother.id if mother is not None else None,
        quiet=quiet,
    )
    after = fold(events, ticket)
    changed = [(after, events)]
    for other, why in _bound(after, events, mother, tickets):
        changed.append((fold(why, other), why))
    return changed


def _latest(tickets: Tickets, incident_id: str | None) -> Ticket | None:
    lives = tickets.lives(incident_id) if incident_id is not None else ()
    return lives[-1] if lives else None


def _bound(
    ticket: Ticket, events: Iterable[TicketEvent], mother: Ticket | None, tickets: Tickets
) -> list[tuple[Ticket, list[TicketEvent]]]:
    bound: dict[str, tuple[Ticket, list[Change]]] = {}
    if mother is not None and any(event.kind == "parent_set" for event in events):
        joined = Change("child_joined", {"other": ticket.id}, "the larger fault explains it")
        bound[mother.id] = (mother, [joined])
    target = tickets.get(ticket.merged_into) if ticket.merged_into else None
    if target is not None:
        bound.setdefault(target.id, (target, []))[1].extend(mirrored(target, ticket))
    at_ms = ticket.updated_at_ms
    return [(other, _on(other, changes, at_ms)) for other, changes in bound.values() if changes]


def _on(ticket: Ticket, changes: list[Change], at_ms: int) -> list[TicketEvent]:
    return chain(ticket.id, ticket.version, ticket.head, changes, max(at_ms, ticket.updated_at_ms), ACTOR)


def mirrored(target: Ticket, source: Ticket) -> list[Change]:
    """The recovery or relapse of a merged ticket, on the one that holds it: that one resolves when all are over."""
    waiting = source.id in target.absorbed_active
    if source.telemetry_active == waiting:
        return []
    mine = {"other": source.id}
    if source.telemetry_active:
        back = f"{source.id} shows the fault again"
        reopened = [Change("reopened", {"next_update_due_ms": None}, back)] if target.state == "resolved" else []
        return [*reopened, Change("absorbed_relapsed", mine, back)]
    changes = [Change("absorbed_recovered", mine, f"{source.id} recovered")]
    last = target.absorbed_active == (source.id,)
    if last and target.active and target.recovered_at_ms is not None:
        changes.append(Change("resolved", {"override": False}, "recovery shown by traffic, of all merged tickets"))
    return changes


class Book:
    """Tickets in memory, for a replay that keeps nothing: the same rules as the store, without a database."""

    def __init__(self, policy: DeskPolicy, quiet: tuple[Quiet, ...] = ()) -> None:
        self._policy = policy
        self._quiet = quiet
        self._tickets: dict[str, Ticket] = {}
        self._lives: dict[str, list[str]] = {}

    def get(self, ticket_id: str) -> Ticket | None:
        """The ticket, or None."""
        return self._tickets.get(ticket_id)

    def lives(self, incident_key: str) -> Sequence[Ticket]:
        """The tickets of an incident, the first life first."""
        return [self._tickets[key] for key in self._lives.get(incident_key, ())]

    def tickets(self) -> list[Ticket]:
        """All tickets in the order in which they were opened."""
        return list(self._tickets.values())

    def record(self, incidents: Sequence[Incident], checkpoint: object = None) -> list[TicketEvent]:
        """Let the desk observe incidents in their order; the events. A checkpoint has no meaning in memory."""
        written: list[TicketEvent] = []
        for incident in incidents:
            for ticket, events in enter(incident, self, self._policy, self._quiet):
                if ticket.id not in self._tickets and ticket.incident_key is not None:
                    self._lives.setdefault(ticket.incident_key, []).append(ticket.id)
                self._tickets[ticket.id] = ticket
                written += events
        return written
