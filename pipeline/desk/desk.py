"""The one door of the desk for people and machines: a command becomes events, or a refusal that says how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.desk import commands as c
from pipeline.desk import work
from pipeline.desk.closure import gate
from pipeline.desk.commands import Refusal
from pipeline.desk.context import Around, Context, oversize
from pipeline.desk.events import GENESIS, Change, TicketEvent, chain
from pipeline.desk.fold import fold
from pipeline.desk.intake import amended, opened
from pipeline.desk.lifecycle import move
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.relations import BONDS, bind
from pipeline.desk.routing import reclassified, revealed
from pipeline.desk.ticket import Ticket

Events = list[TicketEvent]
Handler = Callable[[Ticket, Any, Context], list[Change] | Refusal]

HANDLERS: Final[dict[type[c.Command], Handler]] = {
    c.Acknowledge: work.acknowledge,
    c.Take: work.take,
    c.Respond: work.respond,
    c.AddNote: work.add_note,
    c.Amend: amended,
    c.AddEvidence: work.add_evidence,
    c.SetRootCause: work.set_root_cause,
    c.ConfirmWindow: work.confirm_window,
    c.LinkPostmortem: work.link_postmortem,
    c.Reclassify: reclassified,
    c.ForceSeverity: work.force_severity,
    c.Mitigate: work.mitigate,
    c.Resolve: work.resolve,
    c.Reopen: work.reopen,
    c.Close: work.close,
    c.Escalate: work.escalate,
    c.Silence: work.silence,
    c.Unsilence: work.unsilence,
    c.Watch: work.watch,
    c.Unwatch: work.unwatch,
}
"""Commands that touch one ticket; those of `relations.BONDS` touch two."""


def handle(
    ticket: Ticket | None,
    command: c.Command,
    at_ms: int,
    actor: str,
    policy: DeskPolicy,
    *,
    ticket_id: str = "",
    around: Around = Around(),  # noqa: B008 - frozen and empty
) -> Events | Refusal:
    """Events of one ticket. `Open` wants no ticket and the `ticket_id` to give; everything else wants a ticket."""
    tickets = {ticket.id: ticket} if ticket is not None else {}
    return act(tickets, ticket.id if ticket is not None else ticket_id, command, at_ms, actor, policy, around)


def act(
    tickets: Mapping[str, Ticket],
    ticket_id: str,
    command: c.Command,
    at_ms: int,
    actor: str,
    policy: DeskPolicy,
    around: Around = Around(),  # noqa: B008 - frozen and empty
) -> Events | Refusal:
    """Events of every ticket that `command` on `ticket_id` touches; `tickets` holds it and `relations.other_of` it.

    `at_ms` never goes back on a ticket: an event is not older than the one before it.
    """
    context = Context(at_ms, actor, policy, around)
    if refusal := oversize(command, policy):
        return refusal
    ticket = tickets.get(ticket_id)
    if isinstance(command, c.Open):
        return _open(ticket, ticket_id, command, context)
    if ticket is None:
        return Refusal("not_found", f"There is no ticket {ticket_id}.", hint="look it up in the list")
    after = move(ticket, command)
    if isinstance(after, Refusal):
        early = isinstance(command, c.Close) and ticket.active
        return (gate(ticket, actor) if early else None) or after
    if isinstance(command, BONDS):
        bonded = bind(ticket, command, tickets, context)
        if isinstance(bonded, Refusal):
            return bonded
        return [event for key, changes in bonded.items() for event in _chain(tickets.get(key), key, changes, context)]
    changes = HANDLERS[type(command)](ticket, command, context)
    if isinstance(changes, Refusal):
        return changes
    events = _chain(ticket, ticket.id, changes, context)
    if isinstance(command, c.Resolve) and command.children:
        for child in work.over_with(ticket, tickets):
            with_it = Change("resolved", {"override": False}, f"with {ticket.id}: {command.why}")
            events += _chain(child, child.id, [with_it], context)
        return events
    return events + _triage(fold(events, ticket), command, context)


def _chain(ticket: Ticket | None, ticket_id: str, changes: list[Change], context: Context) -> Events:
    if ticket is None:
        return chain(ticket_id, 0, GENESIS, changes, context.at_ms, context.actor)
    at_ms = max(context.at_ms, ticket.updated_at_ms)
    return chain(ticket_id, ticket.version, ticket.head, changes, at_ms, context.actor)


def _open(ticket: Ticket | None, ticket_id: str, command: c.Open, context: Context) -> Events | Refusal:
    if ticket is not None:
        return Refusal("exists", f"{ticket_id} is already open.", hint="add a note to it")
    changes = opened(command, context)
    if isinstance(changes, Refusal):
        return changes
    events = chain(ticket_id, 0, GENESIS, changes, context.at_ms, context.actor)
    return events + _triage(fold(events), command, context)


def _triage(ticket: Ticket, command: c.Command, context: Context) -> Events:
    """A ticket outside NOC whose scope reveals a rating, balance or invoice failure moves to NOC and is graded."""
    scope = command.scope if isinstance(command, c.Open | c.Amend) else None
    moved = revealed(ticket, scope)
    if moved is None:
        return []
    changes = reclassified(ticket, moved, context)
    return [] if isinstance(changes, Refusal) else _chain(ticket, ticket.id, changes, context)
