"""The Ticket object of the record contract, version 1: what leaves as JSON, one object a line."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Evidence, Impact

_IMPACTS: Final = TypeAdapter(tuple[Impact, ...])
_EVIDENCE: Final = TypeAdapter(Evidence)


def contract(ticket: Ticket) -> dict[str, Any]:
    """Plain JSON types; times are integer epoch milliseconds, `resolved_at` null while active, absent ends null."""
    history = [{"at": mark.at_ms, "severity": mark.severity, "why": mark.why} for mark in ticket.severity_history]
    return {
        "id": ticket.id,
        "opened_at": ticket.opened_at_ms,
        "resolved_at": ticket.resolved_at_ms,
        "ticket_type": ticket.ticket_type,
        "queue": ticket.queue,
        "owner": ticket.owner,
        "incident": ticket.incident,
        "severity": ticket.severity,
        "severity_history": history,
        "signals": list(ticket.signals),
        "cause": {dimension: list(values) for dimension, values in ticket.cause.items()},
        "customers": _IMPACTS.dump_python(ticket.customers, mode="json"),
        "impact_from": ticket.impact_from_ms,
        "impact_to": ticket.impact_to_ms,
        "evidence": _EVIDENCE.dump_python(ticket.evidence, mode="json"),
        "summary": ticket.summary,
        "state": ticket.state,
    }


def happening(event: TicketEvent, ticket: Ticket) -> dict[str, Any]:
    """`contract` of the ticket as it was after `event`, and the event that made it so; (`id`, `seq`) tells a repeat."""
    happened = {"seq": event.seq, "kind": event.kind, "at": event.at_ms, "actor": event.actor, "why": event.why}
    return {**contract(ticket), **happened}
