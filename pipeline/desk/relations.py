"""Merge, split, link and parent: a command that binds two tickets leaves its event on both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline.desk import bonds as b
from pipeline.desk.commands import Command, Refusal
from pipeline.desk.context import Context
from pipeline.desk.events import Change
from pipeline.desk.policy import CLASS_OF
from pipeline.desk.ticket import Ticket
from pipeline.desk.work import need_why

Bonded = dict[str, list[Change]]
"""Ticket id to what changes on it."""
BONDS: Final = (b.Merge, b.Unmerge, b.Split, b.Unsplit, b.Link, b.Unlink, b.SetParent, b.ClearParent)


def other_of(ticket: Ticket, command: Command) -> str | None:
    """The id of the second ticket that `command` touches; the store loads it with the first."""
    match command:
        case b.Merge(into=other) | b.Link(other=other) | b.Unlink(other=other) | b.SetParent(parent=other):
            return other
        case b.Unmerge():
            return ticket.merged_into
        case b.Unsplit():
            return ticket.split_from
        case b.ClearParent():
            return ticket.parent
        case b.Split():
            return f"{ticket.id}.{len(ticket.split_into) + 1}"
    return None


def bind(ticket: Ticket, command: Command, tickets: Mapping[str, Ticket], context: Context) -> Bonded | Refusal:
    """The changes on both tickets, or why they cannot be bound so."""
    why = getattr(command, "why", "")
    if not isinstance(command, b.Link | b.Unlink) and (refusal := need_why(command, why)):
        return refusal
    other_id = other_of(ticket, command)
    if other_id is None:
        return Refusal("state", f"There is nothing to undo on {ticket.id}.")
    if isinstance(command, b.Split):
        return _split(ticket, command, other_id, context)
    other = tickets.get(other_id)
    if other is None:
        return Refusal("not_found", f"There is no ticket {other_id}.", (other_id,), "give the id of a ticket")
    if other.id == ticket.id:
        return Refusal("invalid", f"{ticket.id} cannot be bound to itself.", hint="give another ticket")
    return _bind(ticket, command, other, tickets)


def _bind(ticket: Ticket, command: Command, other: Ticket, tickets: Mapping[str, Ticket]) -> Bonded | Refusal:
    why = getattr(command, "why", "")
    mine, theirs = {"other": other.id}, {"other": ticket.id}
    match command:
        case b.Merge() | b.Unsplit():
            return _merge(ticket, other, why)
        case b.Unmerge():
            return {ticket.id: [Change("unmerged", mine, why)], other.id: [Change("released", theirs, why)]}
        case b.Link():
            if other.id in ticket.related:
                return Refusal("exists", f"{ticket.id} and {other.id} are linked already.")
            return {ticket.id: [Change("linked", mine, why)], other.id: [Change("linked", theirs, why)]}
        case b.Unlink():
            if other.id not in ticket.related:
                return Refusal("state", f"{ticket.id} and {other.id} are not linked.")
            return {ticket.id: [Change("unlinked", mine)], other.id: [Change("unlinked", theirs)]}
        case b.SetParent():
            return _set_parent(ticket, other, why, tickets)
    return {
        ticket.id: [Change("parent_cleared", {"parent": other.id}, why)],
        other.id: [Change("child_left", theirs, why)],
    }


def _merge(ticket: Ticket, into: Ticket, why: str) -> Bonded | Refusal:
    if into.state in ("closed", "merged"):
        hint = f"merge into {into.merged_into}" if into.merged_into else "reopen it first, or link the two"
        return Refusal("state", f"Cannot merge into {into.id}: it is {into.state}.", hint=hint)
    if ticket.absorbed:
        held = ", ".join(ticket.absorbed)
        return Refusal("state", f"{ticket.id} holds {held}.", hint=f"merge {into.id} into {ticket.id} instead")
    theirs = {"other": ticket.id, "active": ticket.telemetry_active}
    changes = [Change("absorbed", theirs, why)]
    if ticket.id in into.split_into:
        changes.append(Change("unsplit", {"other": ticket.id}, why))
    return {ticket.id: [Change("merged", {"into": into.id}, why)], into.id: changes}


def _set_parent(ticket: Ticket, parent: Ticket, why: str, tickets: Mapping[str, Ticket]) -> Bonded | Refusal:
    if parent.state in ("closed", "merged"):
        return Refusal("state", f"{parent.id} is {parent.state}.", hint="choose a ticket that is in work")
    if ticket.children or parent.parent:
        return Refusal("invalid", "Parents and children are two levels only.", hint="clear the other parent first")
    changes: Bonded = {
        ticket.id: [Change("parent_set", {"parent": parent.id}, why)],
        parent.id: [Change("child_joined", {"other": ticket.id}, why)],
    }
    if ticket.parent and ticket.parent != parent.id and ticket.parent in tickets:
        changes[ticket.parent] = [Change("child_left", {"other": ticket.id}, why)]
    return changes


def _split(ticket: Ticket, command: b.Split, new_id: str, context: Context) -> Bonded | Refusal:
    known = {impact.customer for impact in ticket.customers}
    strangers = [name for name in command.customers if name not in known]
    if not command.customers or strangers:
        what = f"{', '.join(strangers)} is not among the customers of {ticket.id}" if strangers else "no customer given"
        return Refusal("invalid", f"Cannot split: {what}.", ("customers",), f"choose from {', '.join(sorted(known))}")
    row = CLASS_OF[ticket.ticket_type]
    opened = {
        "ticket_type": ticket.ticket_type,
        "queue": row.queue,
        "owner": row.owner,
        "incident": ticket.incident,
        "severity": ticket.severity,
        "summary": command.summary.strip() or f"{', '.join(command.customers)}: split from {ticket.id}",
        "door": "split",
        "incident_key": None,
        "first_response_due_ms": context.at_ms + context.policy.first_response.ms(ticket.severity),
        "intake": {"customer": command.customers[0], "from_ms": ticket.impact_from_ms},
        "customers": [_impact(ticket, name) for name in command.customers],
        "signals": list(ticket.signals),
        "facts": dict(ticket.facts),
        "split_from": ticket.id,
    }
    return {
        ticket.id: [Change("split", {"other": new_id}, command.why)],
        new_id: [Change("opened", opened, command.why)],
    }


def _impact(ticket: Ticket, customer: str) -> dict[str, object]:
    impact = next(impact for impact in ticket.customers if impact.customer == customer)
    return {name: getattr(impact, name) for name in impact.__slots__}
