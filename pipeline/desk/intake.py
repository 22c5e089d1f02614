"""Intake: what the seed text asks to record, what is missing, and whether multiple customers are affected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from pipeline.desk.commands import Amend, Open, Refusal, Scope
from pipeline.desk.context import Around, Context
from pipeline.desk.events import Change
from pipeline.desk.first_response import due_at
from pipeline.desk.grading import RANK, grade_scope
from pipeline.desk.policy import CLASS_OF, MINUTE_MS
from pipeline.desk.ticket import Intake, Ticket
from pipeline.directory import Directory
from pipeline.incidents import TicketType

_ASKS: Final[dict[str, str]] = {
    "customer": "which customer",
    "account": "which account",
    "affected": "which CLI or trunk is affected",
    "window": "since when, and until when (UTC)",
    "examples": "examples: A number, B number and time of two or three calls",
}
_OWED: Final[dict[TicketType, tuple[str, ...]]] = {
    "sip_quality": tuple(_ASKS),
    "cdr_pipeline": tuple(_ASKS),
    "balance": ("customer", "account", "window", "examples"),
    "billing": ("customer", "account", "window", "examples"),
    "access": ("customer", "account"),
}
_RECENT_MS: Final = 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Offer:
    """An open ticket that the report may belong to, and why."""

    ticket_id: str
    severity: str
    summary: str
    why: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What the person at intake is told before the ticket is made."""

    missing: tuple[str, ...]
    """Questions to ask, in words."""
    warnings: tuple[str, ...]
    multiple: bool
    """Whether more than one customer is affected, as far as the open tickets show."""
    answer: str
    offers: tuple[Offer, ...]


def missing(intake: Intake, ticket_type: TicketType) -> tuple[str, ...]:
    """The questions that are still open for a ticket of this class."""
    have = {
        "customer": intake.customer,
        "account": intake.account,
        "affected": intake.affected,
        "window": intake.from_ms is not None,
        "examples": intake.examples,
    }
    return tuple(_ASKS[key] for key in _OWED[ticket_type] if not have[key])


def advise(ticket_type: TicketType, intake: Intake, around: Around, at_ms: int) -> Advice:
    """Answer "are multiple customers affected?" from the open tickets, and offer the incident to join."""
    offers = [offer for ticket in around.open_tickets if (offer := _offer(ticket, ticket_type, intake, at_ms))]
    offers.sort(key=lambda offer: (offer.severity, offer.ticket_id))
    by_id = {ticket.id: ticket for ticket in around.open_tickets}
    hit = {name for offer in offers for name in _customers(by_id[offer.ticket_id])} | {intake.customer} - {""}
    multiple = len(hit) > 1
    if not offers:
        answer = f"No open ticket touches {intake.customer or 'this report'}."
    elif multiple:
        answer = f"Yes: {len(hit)} customers; see {offers[0].ticket_id} ({offers[0].severity}), {offers[0].summary}."
    else:
        answer = f"Only {intake.customer or 'one customer'} so far; {offers[0].ticket_id} is already open."
    return Advice(missing(intake, ticket_type), warn(intake, around.directory), multiple, answer, tuple(offers))


def _customers(ticket: Ticket) -> set[str]:
    return {impact.customer for impact in ticket.customers} | ({ticket.intake.customer} - {""})


def _offer(ticket: Ticket, ticket_type: TicketType, intake: Intake, at_ms: int) -> Offer | None:
    if not ticket.active:
        return None
    why = ""
    if CLASS_OF[ticket.ticket_type].queue == CLASS_OF[ticket_type].queue:
        named = {value for values in ticket.cause.values() for value in values}
        if intake.customer and intake.customer in _customers(ticket) | named:
            why = f"{intake.customer} is among its customers"
        elif intake.affected and intake.affected in named | {ticket.intake.affected}:
            why = f"it is about {intake.affected} as well"
        elif "platform_down" in ticket.signals:
            why = "the platform is down"
        elif ticket.ticket_type == ticket_type and not ticket.revision and at_ms - ticket.opened_at_ms <= _RECENT_MS:
            why = "another customer reported the same class of trouble within the last hour"
    return Offer(ticket.id, ticket.severity, ticket.summary, why) if why else None


def warn(intake: Intake, directory: Directory) -> tuple[str, ...]:
    """Things that look wrong but do not stop the ticket."""
    known = {entry.id for entry in directory.customers}
    warnings: list[str] = []
    if intake.customer and known and intake.customer not in known:
        warnings.append(f"customer {intake.customer} is not in the directory: taken as a standard customer")
    entry = next((entry for entry in directory.customers if entry.id == intake.customer), None)
    if entry and intake.account and entry.accounts and intake.account not in entry.accounts:
        warnings.append(f"account {intake.account} is not one of {intake.customer}'s in the directory")
    return tuple(warnings)


def _with_majors(scope: Scope, customer: str, directory: Directory) -> Scope:
    named = [name for name in dict.fromkeys((*scope.customers, *scope.majors, customer)) if name]
    majors = directory.majors() | frozenset(scope.majors)
    return replace(scope, customers=tuple(named), majors=tuple(name for name in named if name in majors))


def _impacts(names: Iterable[str], majors: Iterable[str]) -> list[dict[str, Any]]:
    marked = frozenset(majors)
    return [
        dict(customer=n, major=n in marked, attempts=0, failures=0, expected_failures=0.0, share_of_own=0.0)
        for n in names
    ]


def wrong(intake: Intake) -> Refusal | None:
    """The refusal of a window that ends before it begins."""
    if intake.to_ms is not None and intake.from_ms is not None and intake.to_ms < intake.from_ms:
        return Refusal("invalid", "The time window ends before it begins.", hint="give from first, then to")
    return None


def opened(command: Open, context: Context) -> list[Change] | Refusal:
    """The first event of a ticket of a person, a mail or an alert; a refusal only for what cannot be a ticket."""
    if not command.summary.strip():
        return Refusal("missing", "A ticket needs a summary.", ("summary",), "say in one line what is wrong")
    if refusal := wrong(command.intake):
        return refusal
    row = CLASS_OF[command.ticket_type]
    directory = context.around.directory
    scope = _with_majors(command.scope, command.intake.customer, directory)
    severity, why, facts = grade_scope(scope, command.ticket_type, context.policy, command.intake.customer)
    intake = replace(command.intake, warnings=warn(command.intake, directory))
    data = {
        "ticket_type": command.ticket_type,
        "queue": row.queue,
        "owner": row.owner,
        "incident": row.may_be_incident and scope.production_impact,
        "severity": severity,
        "summary": command.summary.strip(),
        "door": command.door,
        "incident_key": command.incident_key,
        "first_response_due_ms": due_at(context.at_ms, severity, context.policy),
        "intake": asdict(intake),
        "customers": _impacts(scope.customers, scope.majors),
        "signals": list(command.signals),
        "facts": facts,
    }
    return [Change("opened", data, why)]


def amended(ticket: Ticket, command: Amend, context: Context) -> list[Change] | Refusal:
    """Given fields replace, examples are added; what is graded anew follows in `regraded`."""
    new, old = command.intake, ticket.intake
    intake = Intake(
        customer=new.customer or old.customer,
        account=new.account or old.account,
        affected=new.affected or old.affected,
        from_ms=old.from_ms if new.from_ms is None else new.from_ms,
        to_ms=old.to_ms if new.to_ms is None else new.to_ms,
        examples=tuple(dict.fromkeys((*old.examples, *new.examples))),
        text=new.text or old.text,
        reporter=new.reporter or old.reporter,
    )
    if refusal := wrong(intake):
        return refusal
    directory = context.around.directory
    intake = replace(intake, warnings=warn(intake, directory))
    known = tuple(impact.customer for impact in ticket.customers)
    scope = _with_majors(command.scope or Scope(customers=known), intake.customer, directory)
    impact = command.scope is not None and command.scope.production_impact
    incident = ticket.incident or (CLASS_OF[ticket.ticket_type].may_be_incident and impact)
    customers = _impacts(scope.customers, scope.majors)
    data = {"intake": asdict(intake), "customers": customers, "incident": incident}
    changes = [Change("intake_amended", data)]
    if command.scope is not None:
        changes += regraded(ticket, scope, ticket.ticket_type, context)
    return changes


def regraded(ticket: Ticket, scope: Scope, ticket_type: TicketType, context: Context) -> list[Change]:
    """Grade a person's scope: upgrades at once; telemetry's verdict, a forced severity and the hold time stand."""
    severity, why, facts = grade_scope(scope, ticket_type, context.policy, ticket.intake.customer)
    changes = [Change("severity_graded", {"severity": severity, "facts": {**ticket.facts, **facts}}, why)]
    lower = RANK[severity] > RANK[ticket.severity]
    held = lower and (ticket.revision > 0 or _young(ticket, context))
    if severity != ticket.severity and not ticket.forced and not held:
        due = min(ticket.first_response_due_ms, due_at(context.at_ms, severity, context.policy))
        changes.append(Change("severity_changed", {"severity": severity, "first_response_due_ms": due}, why))
    return changes


def _young(ticket: Ticket, context: Context) -> bool:
    hold_ms = context.policy.downgrade_hold_min * MINUTE_MS
    return context.at_ms - ticket.severity_history[-1].at_ms < hold_ms
