"""Our own tickets as alerts in Alertmanager, for the paging that a carrier has already.

An alert there ends by itself at `endsAt` unless it is posted again: active tickets are posted with an end far ahead
and again long before it; a ticket that is over is posted once more with its end. The same post twice changes nothing,
so nothing is remembered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from connectors.alertmanager.client import AlertmanagerClient
from pipeline.desk.ticket import Ticket

NAME: Final = "AkiraTicket"
_SUMMARY_CHARS: Final = 1000


def alerts_of(ticket: Ticket, at_ms: int, lasts_s: float, console: str) -> list[dict[str, Any]]:
    """The alert of a ticket, and the end of those that it had under an earlier severity.

    The severity is a label, because routes are made by labels; a new severity is a new alert.
    """
    link = f"{console.rstrip('/')}/tickets/{ticket.id}"
    earlier = dict.fromkeys(mark.severity for mark in ticket.severity_history if mark.severity != ticket.severity)
    ends_ms = at_ms + round(lasts_s * 1000) if ticket.active else at_ms
    rows = [(severity, at_ms) for severity in earlier] + [(ticket.severity, ends_ms)]
    return [
        {
            "labels": _labels(ticket, severity),
            "annotations": {
                "summary": ticket.summary[:_SUMMARY_CHARS],
                "description": _why(ticket),
                "ticket_url": link,
                "queue": ticket.queue,
                "ticket_type": ticket.ticket_type,
            },
            "startsAt": _rfc3339(min(ticket.opened_at_ms, at_ms)),
            "endsAt": _rfc3339(end),
            "generatorURL": link,
        }
        for severity, end in rows
    ]


def post(client: AlertmanagerClient, tickets: Iterable[Ticket], at_ms: int, lasts_s: float, console: str) -> int:
    """Post `tickets` (active ones, and those that ended since the last post); the number of alerts posted."""
    alerts = [alert for ticket in tickets for alert in alerts_of(ticket, at_ms, lasts_s, console)]
    client.post(alerts)
    return len(alerts)


def _labels(ticket: Ticket, severity: str) -> Mapping[str, str]:
    # Only what is told of the past as well: a label that could change unseen would leave an alert behind.
    return {"alertname": NAME, "akira_ticket": ticket.id, "severity": severity}


def _why(ticket: Ticket) -> str:
    last = ticket.why
    cause = ", ".join(f"{dimension} {' '.join(values)}" for dimension, values in ticket.cause.items() if values)
    return " ".join(part for part in (f"{ticket.severity}: {last}.", f"Cause: {cause}." if cause else "") if part)


def _rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
