"""Which open ticket explains an alert: by the slice that its labels name, or the signal, never by its name alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast, get_args

from connectors.alertmanager.alert import Alert
from connectors.alertmanager.settings import AlertmanagerSettings
from pipeline.desk.ticket import Ticket
from pipeline.incidents import TYPE_OF_SIGNAL, TicketType

_CLASSES: Final = frozenset(get_args(TicketType))
NAME_CHARS: Final = 255
OWN_SHARE: Final = 0.25
"""A ticket explains a customer's alert only when it hits at least so much of that customer's traffic: an alert that
joins too easily hides another fault."""


def slice_of(alert: Alert, settings: AlertmanagerSettings) -> dict[str, str]:
    """Dimension to the value that the alert's labels name."""
    found: dict[str, str] = {}
    for dimension, names in settings.labels.items():
        value = next((alert.labels[name] for name in names if alert.labels.get(name)), "")
        if value:
            found[dimension] = value[:NAME_CHARS]
    return found


def class_of(alert: Alert, settings: AlertmanagerSettings) -> TicketType:
    """The ticket class: a label `ticket_type`, else that of a label `signal`, else the settings' own."""
    named = alert.labels.get("ticket_type", "")
    if named in _CLASSES:
        return cast(TicketType, named)
    return TYPE_OF_SIGNAL.get(alert.labels.get("signal", ""), settings.ticket_type)


def explaining(alert: Alert, tickets: Iterable[Ticket], settings: AlertmanagerSettings) -> Ticket | None:
    """The active ticket that explains the alert best; among equals the graver, then the older. None: none does."""
    named = slice_of(alert, settings)
    scored = [(score, ticket) for ticket in tickets if (score := _score(alert, named, ticket, settings)) > 0]
    if not scored:
        return None
    return min(scored, key=lambda one: (-one[0], one[1].severity, one[1].opened_at_ms, one[1].id))[1]


def _score(alert: Alert, named: Mapping[str, str], ticket: Ticket, settings: AlertmanagerSettings) -> int:
    """How many of the alert's labels the ticket accounts for; 0 when one speaks against it."""
    if not ticket.active:
        return 0
    if "platform_down" in ticket.signals and TYPE_OF_SIGNAL.get(ticket.lead) == class_of(alert, settings):
        return 1
    about = _about(ticket)
    agreed = 0
    for dimension, values in about.items():
        if dimension not in named:
            continue
        if named[dimension] not in values:
            return 0
        agreed += 1
    signal, named_class = alert.labels.get("signal"), alert.labels.get("ticket_type")
    if (signal and signal not in ticket.signals) or (named_class in _CLASSES and named_class != ticket.ticket_type):
        return 0
    return agreed + (1 if signal and not ticket.cause else 0)


def _about(ticket: Ticket) -> dict[str, frozenset[str]]:
    """What the ticket is about: its cause, the customers it affects, and what was recorded at intake."""
    about = {dimension: frozenset(values) for dimension, values in ticket.cause.items() if values}
    hit = {impact.customer for impact in ticket.customers if not impact.attempts or impact.share_of_own >= OWN_SHARE}
    hit |= {ticket.intake.customer} - {""}
    if hit:
        about["customer"] = about.get("customer", frozenset()) | hit
    if ticket.intake.affected:
        about["trunk"] = about.get("trunk", frozenset()) | {ticket.intake.affected}
    return about
