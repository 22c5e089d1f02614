"""Routing: a class has its queue and owner, and a Billing ticket that hides a failure becomes NOC."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pipeline.desk.commands import Reclassify, Refusal, Scope
from pipeline.desk.context import Context
from pipeline.desk.events import Change
from pipeline.desk.intake import regraded
from pipeline.desk.policy import CLASS_OF
from pipeline.desk.requests import BillingFailure
from pipeline.desk.ticket import Ticket
from pipeline.incidents import TicketType

FAILURES: Final[dict[BillingFailure, TicketType]] = {
    "rating": "cdr_pipeline",
    "balance": "balance",
    "invoice generation": "cdr_pipeline",
}
"""The failures that turn a Billing ticket into NOC, and the class each belongs to."""


def stays(ticket: Ticket) -> bool:
    """Isolated and non-urgent: it is kept in its owning queue, without incident triage."""
    return not ticket.incident and ticket.severity == "SEV3" and len(ticket.customers) <= 1


def reclassified(ticket: Ticket, command: Reclassify, context: Context) -> list[Change] | Refusal:
    """Move to another class with the reason; out of Billing into NOC it starts incident triage and grading."""
    if not command.why.strip():
        return Refusal("missing", "Cannot reclassify: the reason is missing.", ("why",), "say what was found")
    if command.ticket_type == ticket.ticket_type:
        return Refusal("state", f"{ticket.id} already is {ticket.ticket_type}.", hint="choose another class")
    row = CLASS_OF[command.ticket_type]
    triage = ticket.queue != "NOC" and row.queue == "NOC"
    scope = command.scope or (
        Scope(production_impact=True, billing_failure=_failure_of(command.ticket_type)) if triage else None
    )
    impact = scope is not None and scope.production_impact
    data = {
        "ticket_type": row.ticket_type,
        "queue": row.queue,
        "owner": row.owner,
        "incident": row.may_be_incident and (ticket.incident or impact),
        "was": ticket.ticket_type,
        "triage": triage,
    }
    changes = [Change("reclassified", data, command.why)]
    return changes + (regraded(ticket, scope, command.ticket_type, context) if scope is not None else [])


def _failure_of(ticket_type: TicketType) -> BillingFailure:
    return next((failure for failure, kind in FAILURES.items() if kind == ticket_type), "")


def revealed(ticket: Ticket, scope: Scope | None) -> Reclassify | None:
    """The move that the seed orders when a ticket outside NOC reveals a rating, balance or invoice failure."""
    if scope is None or not scope.billing_failure or ticket.queue == "NOC":
        return None
    active = replace(scope, production_impact=True)
    return Reclassify(FAILURES[scope.billing_failure], f"active failure of {scope.billing_failure}", active)
