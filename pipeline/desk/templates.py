"""First responses and updates, pre-filled from the ticket, so that one key sends them."""

from __future__ import annotations

from pipeline.desk.commands import Respond
from pipeline.desk.first_response import next_update
from pipeline.desk.intake import missing
from pipeline.desk.policy import CLASS_OF, DeskPolicy
from pipeline.desk.ticket import Stance, Ticket
from pipeline.desk.words import clock


def first_response(ticket: Ticket, at_ms: int, policy: DeskPolicy) -> Respond:
    """A draft with the three obligatory parts: asks for what the intake lacks, else says what is looked into."""
    asks = () if ticket.revision else missing(ticket.intake, ticket.ticket_type)
    stance: Stance = "more_examples_required" if asks else "under_investigation"
    greeting = "Hello,\n\nthank you for your report" if ticket.door != "telemetry" else "Hello,\n\nwe have noticed"
    about = f": {ticket.summary}." if ticket.summary else "."
    lines = [greeting + about, ""]
    if asks:
        lines += ["Please tell us:", *(f"- {ask}" for ask in asks)]
    elif ticket.impact_from_ms is not None:
        lines.append(f"Service is affected since {clock(ticket.impact_from_ms)}; {_who(ticket)} is working on it.")
    else:
        lines.append(f"{_who(ticket)} is looking into it.")
    return Respond("\n".join(lines), stance, next_update(ticket, at_ms, policy))


def _who(ticket: Ticket) -> str:
    return {"NOC": "Our network operations centre", "Billing": "Our billing team", "Support": "Our support team"}[
        CLASS_OF[ticket.ticket_type].queue
    ]
