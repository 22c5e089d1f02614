"""The minimum first response: received, under investigation or more examples required, next update time."""

from __future__ import annotations

from pipeline.desk.commands import Refusal, Respond
from pipeline.desk.policy import MINUTE_MS, DeskPolicy
from pipeline.desk.ticket import Response, Ticket
from pipeline.desk.words import clock
from pipeline.incidents import Severity

_LATEST_MS = 31 * 24 * 60 * MINUTE_MS


def due_at(opened_ms: int, severity: Severity, policy: DeskPolicy) -> int:
    """When the first response is due (epoch ms)."""
    return opened_ms + policy.first_response.ms(severity)


def next_update(ticket: Ticket, at_ms: int, policy: DeskPolicy) -> int:
    """The next update time that the cadence of its severity proposes (epoch ms, whole minutes)."""
    return (at_ms + policy.update_every.ms(ticket.severity)) // MINUTE_MS * MINUTE_MS


def refusal(ticket: Ticket, command: Respond, at_ms: int) -> Refusal | None:
    """What is missing of a response: all three parts for the first, the next update time while work goes on."""
    missing: list[str] = []
    if not command.text.strip():
        missing.append("the text")
    if ticket.first_response is None and not command.received:
        missing.append("confirm that the ticket is received")
    owed = ticket.active or ticket.first_response is None
    if command.next_update_ms is None and owed:
        missing.append("the next update time")
    if command.next_update_ms is not None and not at_ms < command.next_update_ms <= at_ms + _LATEST_MS:
        missing.append("a next update time after now and within 31 days")
    if not missing:
        return None
    first = "first response" if ticket.first_response is None else "response"
    return Refusal(
        "missing",
        f"Cannot send the {first} of {ticket.id}: {missing[0]} is missing.",
        tuple(missing),
        "say received, under investigation or more examples required, and when the next update comes",
    )


def message(ticket: Ticket, response: Response) -> str:
    """What the customer reads: the text, and below it the three parts in fixed words, so that none can be forgotten."""
    lines = [response.text.rstrip(), ""]
    if response.received:
        lines.append(f"Your ticket {ticket.id} is received.")
    if response.stance == "under_investigation":
        lines.append("It is under investigation." if ticket.active else "The investigation is complete.")
    else:
        lines.append("To go on we need more examples: A number, B number, and time of the call in UTC.")
    if response.next_update_ms is not None:
        lines.append(f"Next update by {clock(response.next_update_ms)}.")
    return "\n".join(lines)
