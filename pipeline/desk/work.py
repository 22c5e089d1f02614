"""The commands that people give while they work on a ticket: each becomes changes, or a refusal that helps."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.desk import commands as c
from pipeline.desk.closure import gate
from pipeline.desk.commands import Refusal
from pipeline.desk.context import Context
from pipeline.desk.events import Change
from pipeline.desk.first_response import due_at, next_update
from pipeline.desk.first_response import refusal as response_refusal
from pipeline.desk.policy import MINUTE_MS
from pipeline.desk.rota import next_step, next_to_page
from pipeline.desk.ticket import Ticket

Answer = list[Change] | Refusal
_POSTMORTEM_LEAST = 80
"""Characters of a postmortem given as text instead of a link."""


def need_why(command: c.Command, why: str) -> Refusal | None:
    """Refuse a command without its reason."""
    if why.strip():
        return None
    kind = type(command).__name__.lower()
    return Refusal("missing", f"Cannot {kind}: the reason is missing.", ("why",), "say why in a few words")


def acknowledge(ticket: Ticket, command: c.Acknowledge, context: Context) -> Answer:
    return [Change("acknowledged", {})]


def take(ticket: Ticket, command: c.Take, context: Context) -> Answer:
    taken = Change("taken", {"assignee": command.assignee or context.actor})
    return [Change("acknowledged", {}), taken] if ticket.state == "open" else [taken]


def respond(ticket: Ticket, command: c.Respond, context: Context) -> Answer:
    if refusal := response_refusal(ticket, command, context.at_ms):
        return refusal
    data = {
        "text": command.text,
        "stance": command.stance,
        "received": command.received,
        "next_update_ms": command.next_update_ms,
        "first": ticket.first_response is None,
    }
    return [Change("responded", data)]


def add_note(ticket: Ticket, command: c.AddNote, context: Context) -> Answer:
    if not command.text.strip():
        return Refusal("missing", "A note needs text.", ("text",))
    return [Change("noted", {"text": command.text, "public": command.public})]


def add_evidence(ticket: Ticket, command: c.AddEvidence, context: Context) -> Answer:
    value = command.value.strip()
    if not value:
        return Refusal("missing", "Evidence needs a value.", ("value",), "the command, the link or the call id")
    if command.kind == "link" and not value.startswith(("http://", "https://")):
        return Refusal("invalid", "A dashboard link begins with http:// or https://.", hint="or add it as a command")
    return [Change("evidence_added", {"kind": command.kind, "value": value, "note": command.note})]


def set_root_cause(ticket: Ticket, command: c.SetRootCause, context: Context) -> Answer:
    if not command.text.strip():
        return Refusal("missing", "The root cause or final classification is empty.", ("text",))
    return [Change("root_cause_set", {"text": command.text.strip()})]


def confirm_window(ticket: Ticket, command: c.ConfirmWindow, context: Context) -> Answer:
    begin, end = command.from_ms, command.to_ms
    if begin is None and end is None and ticket.incident:
        return Refusal("missing", "An incident has a customer-facing window.", ("from", "to"), "give from and to")
    if (begin is None) != (end is None):
        absent = "from" if begin is None else "to"
        return Refusal("missing", f"The window lacks `{absent}`.", (absent,), "give both, or neither for no impact")
    if begin is not None and end is not None and not begin <= end <= context.at_ms:
        return Refusal("invalid", "The window must begin before it ends, and end before now.", hint="times in UTC")
    return [Change("window_confirmed", {"from_ms": begin, "to_ms": end})]


def link_postmortem(ticket: Ticket, command: c.LinkPostmortem, context: Context) -> Answer:
    value = command.value.strip()
    if not value.startswith(("http://", "https://")) and len(value) < _POSTMORTEM_LEAST:
        hint = f"give a link with http(s)://, or the text itself ({_POSTMORTEM_LEAST} characters or more)"
        return Refusal("invalid", "This is neither a link nor a postmortem.", ("postmortem",), hint)
    return [Change("postmortem_linked", {"value": value})]


def force_severity(ticket: Ticket, command: c.ForceSeverity, context: Context) -> Answer:
    if refusal := need_why(command, command.why):
        return refusal
    severity, kind = command.severity, "severity_forced"
    if severity is None:
        if not ticket.forced or ticket.graded is None:
            return Refusal("state", f"The severity of {ticket.id} is not forced.")
        severity, kind = ticket.graded.severity, "severity_released"
    due = min(ticket.first_response_due_ms, due_at(context.at_ms, severity, context.policy))
    return [Change(kind, {"severity": severity, "first_response_due_ms": due}, command.why)]


def mitigate(ticket: Ticket, command: c.Mitigate, context: Context) -> Answer:
    return need_why(command, command.why) or [Change("mitigated", {}, command.why)]


def resolve(ticket: Ticket, command: c.Resolve, context: Context) -> Answer:
    if refusal := need_why(command, command.why):
        return refusal
    if ticket.telemetry_active and not command.override:
        hint = "mitigate it, wait for recovery, or resolve with override and the reason"
        return Refusal("state", f"Cannot resolve {ticket.id}: telemetry still shows the fault.", hint=hint)
    return [Change("resolved", {"override": command.override}, command.why)]


def over_with(ticket: Ticket, tickets: Mapping[str, Ticket]) -> list[Ticket]:
    """The parts of `ticket` that are over when it is: those that want work and that telemetry does not show."""
    parts = [tickets[key] for key in ticket.children if key in tickets]
    return [part for part in parts if part.active and not part.telemetry_active]


def reopen(ticket: Ticket, command: c.Reopen, context: Context) -> Answer:
    due = next_update(ticket, context.at_ms, context.policy)
    return need_why(command, command.why) or [Change("reopened", {"next_update_due_ms": due}, command.why)]


def close(ticket: Ticket, command: c.Close, context: Context) -> Answer:
    return gate(ticket, context.actor) or [Change("closed", {}, command.why)]


def escalate(ticket: Ticket, command: c.Escalate, context: Context) -> Answer:
    if refusal := need_why(command, command.why):
        return refusal
    rota, step = context.policy.rota, next_step(ticket)
    to = command.to or next_to_page(ticket, rota, context.at_ms)
    if not to:
        return Refusal("missing", "Nobody is on call.", ("to",), "name somebody, or fill [desk.rota] people")
    also = list(rota.management) if step == 1 and ticket.severity == "SEV1" else []
    return [Change("escalated", {"step": step, "to": to, "also": also}, command.why)]


def silence(ticket: Ticket, command: c.Silence, context: Context) -> Answer:
    if refusal := need_why(command, command.why):
        return refusal
    latest = context.at_ms + context.policy.silence_max_days * 1440 * MINUTE_MS
    if not context.at_ms < command.until_ms <= latest:
        days = context.policy.silence_max_days
        return Refusal("invalid", f"A silence ends after now and within {days} days.", ("until",), "give its end")
    return [Change("silenced", {"until_ms": command.until_ms, "silence_id": command.silence_id}, command.why)]


def unsilence(ticket: Ticket, command: c.Unsilence, context: Context) -> Answer:
    if ticket.silenced_until_ms is None:
        return Refusal("state", f"{ticket.id} is not silenced.")
    return [Change("unsilenced", {})]


def watch(ticket: Ticket, command: c.Watch, context: Context) -> Answer:
    return [Change("watched", {"who": command.who or context.actor})]


def unwatch(ticket: Ticket, command: c.Unwatch, context: Context) -> Answer:
    return [Change("unwatched", {"who": command.who or context.actor})]
