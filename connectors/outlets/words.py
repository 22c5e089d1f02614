"""What tools are told of a ticket, in plain text: each takes the parts that it has a place for."""

from __future__ import annotations

from typing import Final

from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket
from pipeline.desk.timeline import line
from pipeline.desk.words import cause_words, clock

CUSTOMERS_SHOWN: Final = 10
FACT_CHARS: Final = 2000
CUT: Final = "…"


def cut(text: str, chars: int) -> str:
    """`text` in at most `chars` characters."""
    return text if len(text) <= chars else text[: chars - len(CUT)] + CUT


def headline(ticket: Ticket) -> str:
    """`SEV2 term-05 rejects calls to Germany-Mobile`."""
    return f"{ticket.severity} {ticket.summary}"


def happened(event: TicketEvent) -> str:
    """`acknowledged by ann`: the event in one line with who did it."""
    told = line(event)
    return f"{told.text} ({told.actor})"


def link(ticket: Ticket, console: str) -> str:
    """The ticket in the console."""
    return f"{console.rstrip('/')}/tickets/{ticket.id}"


def facts(ticket: Ticket) -> dict[str, str]:
    """What a person needs to know first, label to text; nothing empty."""
    why = ticket.severity_history[-1].why if ticket.severity_history else ""
    known = {
        "Ticket": ticket.id,
        "Severity": f"{ticket.severity} {why}".strip(),
        "State": ticket.state,
        "Class": f"{ticket.ticket_type} ({ticket.queue})",
        "Since": "" if ticket.impact_from_ms is None else clock(ticket.impact_from_ms),
        "Cause": cause_words(ticket.cause) if ticket.revision else "",
        "Signals": ", ".join(ticket.signals),
        "Customers": _customers(ticket),
        "Affected": ticket.intake.affected,
        "Assignee": ticket.assignee or "",
    }
    return {label: cut(text, FACT_CHARS) for label, text in known.items() if text}


def description(ticket: Ticket, console: str) -> str:
    """The facts one a line, what the reporter wrote, and the link."""
    lines = [f"{label}: {text}" for label, text in facts(ticket).items()]
    return "\n".join([*lines, *([ticket.intake.text] if ticket.intake.text else []), link(ticket, console)])


def _customers(ticket: Ticket) -> str:
    names = [impact.customer for impact in ticket.customers] or [ticket.intake.customer]
    more = len(names) - CUSTOMERS_SHOWN
    return ", ".join(names[:CUSTOMERS_SHOWN]) + (f" and {more} more" if more > 0 else "")
