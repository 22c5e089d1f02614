"""Write what the desk decided: events, folds, customers and outbox rows, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from connectors.store import schema as s
from connectors.store.rows import customers_of, event_row, ticket_of, ticket_row
from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket

FanOut = Callable[[Ticket, TicketEvent], Iterable[str]]
"""The targets that must be told of an event, e.g. `("kafka", "webhook:noc")`; each becomes an outbox row."""
Changed = tuple[Ticket, Sequence[TicketEvent]]


def nobody(ticket: Ticket, event: TicketEvent) -> Iterable[str]:
    """A fan-out to no target."""
    return ()


class InTransaction:
    """The tickets as the rules look them up, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, ticket_id: str) -> Ticket | None:
        """The ticket, or None."""
        fold = self._connection.execute(select(s.TICKETS.c.fold).where(s.TICKETS.c.id == ticket_id)).scalar()
        return None if fold is None else ticket_of(fold)

    def lives(self, incident_key: str) -> Sequence[Ticket]:
        """The tickets of an incident, the first life first."""
        query = select(s.TICKETS.c.fold).where(s.TICKETS.c.incident_key == incident_key).order_by(s.TICKETS.c.life)
        return [ticket_of(fold) for fold in self._connection.execute(query).scalars()]


def append(connection: Connection, changed: Iterable[Changed], fan_out: FanOut) -> list[TicketEvent]:
    """Add the events of each ticket and its new fold; one outbox row for each target. Returns all events."""
    written: list[TicketEvent] = []
    for ticket, events in changed:
        if not events:
            continue
        connection.execute(insert(s.EVENTS), [event_row(event) for event in events])
        _put(connection, ticket)
        keys = [(event.seq, target) for event in events for target in fan_out(ticket, event)]
        if keys:
            connection.execute(insert(s.OUTBOX), [_outgoing(ticket.id, *key) for key in keys])
        _count_hidden(connection, events)
        written += events
    return written


def _put(connection: Connection, ticket: Ticket) -> None:
    life = connection.execute(select(s.TICKETS.c.life).where(s.TICKETS.c.id == ticket.id)).scalar()
    if life is None:
        lives = select(func.count()).where(s.TICKETS.c.incident_key == ticket.incident_key)
        born = int(connection.execute(lives).scalar_one()) + 1 if ticket.incident_key is not None else 1
        connection.execute(insert(s.TICKETS).values(ticket_row(ticket, born)))
    else:
        connection.execute(update(s.TICKETS).where(s.TICKETS.c.id == ticket.id).values(ticket_row(ticket, life)))
    _put_customers(connection, ticket, new=life is None)


def _put_customers(connection: Connection, ticket: Ticket, *, new: bool) -> None:
    wanted, mine = customers_of(ticket), s.CUSTOMERS.c.ticket_id == ticket.id
    query = select(s.CUSTOMERS.c.customer).where(mine)
    had = frozenset() if new else frozenset(connection.execute(query).scalars())
    if gone := had - wanted:
        connection.execute(delete(s.CUSTOMERS).where(mine, s.CUSTOMERS.c.customer.in_(sorted(gone))))
    if came := wanted - had:
        rows = [{"ticket_id": ticket.id, "customer": customer} for customer in sorted(came)]
        connection.execute(insert(s.CUSTOMERS), rows)


def _outgoing(ticket_id: str, seq: int, target: str) -> dict[str, Any]:
    return dict(ticket_id=ticket_id, seq=seq, target=target, state="pending", attempts=0, next_at_ms=0, last_error="")


def _count_hidden(connection: Connection, events: Sequence[TicketEvent]) -> None:
    for event in events:
        if event.kind == "silenced" and event.data["silence_id"]:
            hit = s.SILENCES.c.id == event.data["silence_id"]
            connection.execute(update(s.SILENCES).where(hit).values(hidden=s.SILENCES.c.hidden + 1))
