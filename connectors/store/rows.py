"""Tickets and events as rows, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import TICKET_JSON, Ticket


def event_row(event: TicketEvent) -> dict[str, Any]:
    """The columns of `ticket_events`; the data as the JSON text that was hashed."""
    return {
        "ticket_id": event.ticket_id,
        "seq": event.seq,
        "at_ms": event.at_ms,
        "actor": event.actor,
        "kind": event.kind,
        "data": json.dumps(event.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False),
        "why": event.why,
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }


def event_of(row: Mapping[str, Any]) -> TicketEvent:
    """The event of a row."""
    return TicketEvent(
        ticket_id=row["ticket_id"],
        seq=row["seq"],
        at_ms=row["at_ms"],
        actor=row["actor"],
        kind=row["kind"],
        data=json.loads(row["data"]),
        why=row["why"],
        prev_hash=row["prev_hash"],
        hash=row["hash"],
    )


def customers_of(ticket: Ticket) -> frozenset[str]:
    """Everybody a list by customer finds the ticket under."""
    return frozenset({impact.customer for impact in ticket.customers} | {ticket.intake.customer}) - {""}


def owed_ms(ticket: Ticket) -> int | None:
    """When the customer must hear from us: the first response, then what was promised; None when nothing is owed."""
    if ticket.state in ("closed", "merged"):
        return None
    if ticket.active and ticket.first_response is None:
        return ticket.first_response_due_ms
    return ticket.next_update_due_ms


def ticket_row(ticket: Ticket, life: int) -> dict[str, Any]:
    """The columns of `tickets`; `life` counts the tickets of one incident key."""
    words = [ticket.id, ticket.summary, *sorted(customers_of(ticket)), ticket.intake.affected, *ticket.signals]
    words += [value for values in ticket.cause.values() for value in values]
    return {
        "id": ticket.id,
        "version": ticket.version,
        "state": ticket.state,
        "ticket_type": ticket.ticket_type,
        "queue": ticket.queue,
        "owner": ticket.owner,
        "severity": ticket.severity,
        "incident_key": ticket.incident_key,
        "life": life,
        "assignee": ticket.assignee,
        "opened_at_ms": ticket.opened_at_ms,
        "updated_at_ms": ticket.updated_at_ms,
        "owed_ms": owed_ms(ticket),
        "summary": ticket.summary,
        "search": " ".join(words).lower()[:8000],
        "fold": TICKET_JSON.dump_json(ticket).decode(),
    }


def ticket_of(fold: str) -> Ticket:
    """The ticket of a stored fold."""
    return TICKET_JSON.validate_json(fold)
