"""What telemetry does to a ticket: open, update, grade, resolve, reopen. It never closes; only a person does."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from pipeline.desk.events import GENESIS, Change, TicketEvent, chain
from pipeline.desk.first_response import due_at, next_update
from pipeline.desk.ids import of_incident
from pipeline.desk.policy import CLASS_OF, MINUTE_MS, DeskPolicy
from pipeline.desk.silences import Quiet, quiet_for
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Evidence, Impact, Incident

ACTOR: Final = "akira/telemetry"
_IMPACTS: Final = TypeAdapter(tuple[Impact, ...])
_EVIDENCE: Final = TypeAdapter(Evidence)


def observe(
    ticket: Ticket | None,
    incident: Incident,
    policy: DeskPolicy,
    *,
    ticket_id: str = "",
    related: tuple[str, ...] = (),
    parent: str | None = None,
    quiet: tuple[Quiet, ...] = (),
) -> list[TicketEvent]:
    """Events that a revision of an incident causes on its ticket (None: a new one); none for a revision already seen.

    `ticket_id` defaults to the incident's own id, so that the same stream gives the same tickets. `related` are earlier
    lives of the fault, `parent` is the ticket of the incident that took this one in, `quiet` are the silences to match.
    """
    if ticket is not None and incident.id == ticket.incident_key and incident.revision <= ticket.revision:
        return []
    if ticket is None:
        key, version, head = ticket_id or of_incident(incident.id), 0, GENESIS
        at_ms = incident.at_ms if related else incident.opened_at_ms
        changes = [_opened(incident, policy, related, at_ms)]
        changes += _silenced(incident, quiet, at_ms)
        changes += _recovery(incident, waits_for=()) if incident.recovered_at_ms is not None else []
    else:
        key, version, head = ticket.id, ticket.version, ticket.head
        at_ms = max(incident.at_ms, ticket.updated_at_ms)
        changes = _updated(ticket, incident, policy, at_ms)
    if parent is not None and (ticket is None or ticket.telemetry_parent != incident.parent):
        changes.append(Change("parent_set", {"parent": parent}, "the larger fault explains it"))
    return chain(key, version, head, changes, at_ms, ACTOR)


def succeeds(ticket: Ticket, incident: Incident, policy: DeskPolicy) -> bool:
    """Whether the fault came back so late that it wants a ticket of its own instead of reopening `ticket`."""
    if not _relapse(ticket, incident):
        return False
    ended = ticket.closed_at_ms or ticket.resolved_at_ms or incident.at_ms
    return incident.at_ms - ended > policy.reopen_window_min * MINUTE_MS


def _relapse(ticket: Ticket, incident: Incident) -> bool:
    over = ticket.state in ("resolved", "closed")
    again = ticket.recovered_at_ms is not None or incident.flaps > ticket.flaps
    return over and incident.recovered_at_ms is None and again


def _telemetry(incident: Incident) -> dict[str, Any]:
    return {
        "incident_key": incident.id,
        "revision": incident.revision,
        "severity": incident.severity,
        "why": incident.why,
        "signals": list(incident.signals),
        "lead": incident.lead,
        "cause": {dimension: list(values) for dimension, values in incident.cause.items()},
        "customers": _IMPACTS.dump_python(incident.customers, mode="json"),
        "evidence": _EVIDENCE.dump_python(incident.evidence, mode="json"),
        "facts": dict(incident.facts),
        "summary": incident.summary,
        "impact_from_ms": incident.onset_ms,
        "impact_to_ms": incident.ended_ms,
        "flaps": incident.flaps,
        "parent": incident.parent,
        "active": incident.recovered_at_ms is None,
    }


def _opened(incident: Incident, policy: DeskPolicy, related: tuple[str, ...], at_ms: int) -> Change:
    row = CLASS_OF[incident.ticket_type]
    data = {
        "ticket_type": row.ticket_type,
        "queue": row.queue,
        "owner": row.owner,
        "incident": row.may_be_incident,
        "severity": incident.severity,
        "summary": incident.summary,
        "door": "telemetry",
        "incident_key": incident.id,
        "first_response_due_ms": due_at(at_ms, incident.severity, policy),
        "related": list(related),
        "telemetry": _telemetry(incident),
    }
    return Change("opened", data, incident.why)


def _silenced(incident: Incident, quiet: tuple[Quiet, ...], at_ms: int) -> list[Change]:
    hidden = quiet_for(quiet, incident.cause, incident.ticket_type, incident.signals, at_ms)
    if hidden is None:
        return []
    return [Change("silenced", {"until_ms": hidden.ends_ms, "silence_id": hidden.id}, f"{hidden.kind}: {hidden.why}")]


def _updated(ticket: Ticket, incident: Incident, policy: DeskPolicy, at_ms: int) -> list[Change]:
    changes: list[Change] = []
    if _relapse(ticket, incident):
        due = next_update(ticket, at_ms, policy)
        why = f"the fault is back: {incident.summary}"
        changes.append(Change("reopened", {"next_update_due_ms": due}, why))
    if incident.ticket_type != ticket.ticket_type and _telemetry_classed(ticket):
        row = CLASS_OF[incident.ticket_type]
        data = {"ticket_type": row.ticket_type, "queue": row.queue, "owner": row.owner, "incident": row.may_be_incident}
        moved = {**data, "was": ticket.ticket_type, "triage": False}
        changes.append(Change("reclassified", moved, f"the evidence points to {incident.lead}"))
    changes.append(Change("telemetry_updated", _telemetry(incident)))
    if incident.severity != ticket.severity and not ticket.forced:
        due = min(ticket.first_response_due_ms, due_at(at_ms, incident.severity, policy))
        data = {"severity": incident.severity, "first_response_due_ms": due}
        changes.append(Change("severity_changed", data, incident.why))
    if incident.recovered_at_ms is not None and ticket.recovered_at_ms is None:
        changes += _recovery(incident, ticket.absorbed_active, resolve=ticket.active)
    return changes


def _telemetry_classed(ticket: Ticket) -> bool:
    """A class that a person chose stays; telemetry may correct only its own."""
    return ticket.door == "telemetry" and not any(note.public for note in ticket.notes) and ticket.assignee is None


def _recovery(incident: Incident, waits_for: tuple[str, ...], resolve: bool = True) -> list[Change]:
    times = {"recovered_at_ms": incident.recovered_at_ms, "impact_to_ms": incident.ended_ms}
    changes = [Change("recovered", times, "recovery shown by traffic for the soak time")]
    if resolve and not waits_for:
        changes.append(Change("resolved", {"override": False}, "recovery shown by traffic"))
    return changes
