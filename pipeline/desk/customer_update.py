"""The text for one customer about a ticket, from the same facts as everything else."""

from __future__ import annotations

from pipeline.desk.ticket import Ticket
from pipeline.desk.words import clock, span


def customer_update(ticket: Ticket, customer: str, at_ms: int) -> str:
    """What happened, since when, what it means for this customer, and what is done; names no other customer."""
    impact = next((impact for impact in ticket.customers if impact.customer == customer), None)
    lines = [f"Update on {ticket.id}: {headline(ticket)}", ""]
    begin, end = _window(ticket)
    if begin is not None:
        until = (
            f"until {clock(end)} ({span(begin, end)})" if end is not None else f"and going on ({span(begin, at_ms)})"
        )
        lines.append(f"Your traffic is affected from {clock(begin)} {until}.")
    if impact is not None and impact.attempts:
        extra = max(0, round(impact.failures - impact.expected_failures))
        lines.append(f"Of your {impact.attempts} calls in that time {extra} more than normal did not complete.")
    lines.append(_state(ticket))
    if ticket.root_cause and ticket.state in ("resolved", "closed"):
        lines.append(f"Cause: {ticket.root_cause}")
    if ticket.next_update_due_ms is not None and ticket.active:
        lines.append(f"Next update by {clock(ticket.next_update_due_ms)}.")
    return "\n".join(lines)


def headline(ticket: Ticket) -> str:
    """What it is about, as a customer may know it: no supplier, no other customer."""
    return {
        "sip_quality": "call completion or quality",
        "cdr_pipeline": "call records and rating",
        "balance": "account balance",
        "billing": "billing",
        "access": "account access",
    }[ticket.ticket_type]


def _window(ticket: Ticket) -> tuple[int | None, int | None]:
    if ticket.window is not None and ticket.window.from_ms is not None:
        return ticket.window.from_ms, ticket.window.to_ms
    return ticket.impact_from_ms, ticket.impact_to_ms


def _state(ticket: Ticket) -> str:
    return {
        "open": "We are investigating.",
        "acknowledged": "We are investigating; an engineer is on it.",
        "mitigated": "A workaround carries the service; we go on with the repair.",
        "resolved": "The service is restored.",
        "closed": "The matter is closed.",
        "merged": "It is handled together with a larger fault.",
    }[ticket.state]
