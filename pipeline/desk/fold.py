"""A ticket is the fold of its events: one small function for each kind of event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, cast

from pydantic import TypeAdapter

from pipeline.desk.events import GENESIS, TicketEvent
from pipeline.desk.grading import RANK
from pipeline.desk.ids import with_, without
from pipeline.desk.ticket import Escalation, Intake, Note, Proof, Response, SeverityMark, Ticket, Window
from pipeline.incidents import Evidence, Impact

_IMPACTS: Final = TypeAdapter(tuple[Impact, ...])
_EVIDENCE: Final = TypeAdapter(Evidence)
_INTAKE: Final = TypeAdapter(Intake)

Data = dict[str, Any]
Step = Callable[[Ticket, TicketEvent, Data], Ticket]


def _opened(event: TicketEvent, data: Data) -> Ticket:
    mark = SeverityMark(event.at_ms, data["severity"], event.why)
    ticket = Ticket(
        id=event.ticket_id,
        version=0,
        head=GENESIS,
        ticket_type=data["ticket_type"],
        queue=data["queue"],
        owner=data["owner"],
        incident=data["incident"],
        state="open",
        severity=data["severity"],
        severity_history=(mark,),
        summary=data["summary"],
        door=data["door"],
        opened_at_ms=event.at_ms,
        updated_at_ms=event.at_ms,
        opened_by=event.actor,
        paging_from_ms=event.at_ms,
        incident_key=data["incident_key"],
        graded=mark,
        first_response_due_ms=data["first_response_due_ms"],
        intake=_INTAKE.validate_python(data.get("intake", {})),
        related=tuple(data.get("related", ())),
        split_from=data.get("split_from"),
        signals=tuple(data.get("signals", ())),
        facts=data.get("facts", {}),
    )
    return _telemetry(ticket, event, data["telemetry"]) if "telemetry" in data else _seen(ticket, data)


def _seen(ticket: Ticket, data: Data) -> Ticket:
    """A person's ticket has the customers and the window that were reported."""
    customers = _IMPACTS.validate_python(data["customers"])
    return replace(ticket, customers=customers, impact_from_ms=ticket.intake.from_ms, impact_to_ms=ticket.intake.to_ms)


def _telemetry(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    return replace(
        ticket,
        incident_key=data["incident_key"],
        revision=data["revision"],
        graded=SeverityMark(event.at_ms, data["severity"], data["why"]),
        signals=tuple(data["signals"]),
        lead=data["lead"],
        cause={dimension: tuple(values) for dimension, values in data["cause"].items()},
        customers=_IMPACTS.validate_python(data["customers"]),
        evidence=_EVIDENCE.validate_python(data["evidence"]),
        facts=data["facts"],
        summary=data["summary"],
        impact_from_ms=data["impact_from_ms"],
        impact_to_ms=data["impact_to_ms"],
        flaps=data["flaps"],
        telemetry_parent=data["parent"],
        recovered_at_ms=None if data["active"] else ticket.recovered_at_ms,
    )


def _severity(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    mark = SeverityMark(event.at_ms, data["severity"], event.why)
    due = data.get("first_response_due_ms", ticket.first_response_due_ms)
    raised = RANK[mark.severity] < RANK[ticket.severity]
    return replace(
        ticket,
        severity=mark.severity,
        severity_history=(*ticket.severity_history, mark),
        first_response_due_ms=due,
        paging_from_ms=event.at_ms if raised else ticket.paging_from_ms,
    )


def _graded(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    return replace(ticket, graded=SeverityMark(event.at_ms, data["severity"], event.why), facts=data["facts"])


def _responded(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    parts = (data["received"], data["stance"], data["next_update_ms"], data["text"])
    response = Response(event.at_ms, event.actor, *parts)
    return replace(
        ticket,
        first_response=ticket.first_response or response,
        responses=(*ticket.responses, response),
        next_update_due_ms=response.next_update_ms,
    )


def _amended(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    intake = _INTAKE.validate_python(data["intake"])
    telemetry = ticket.revision > 0
    return replace(
        ticket,
        intake=intake,
        customers=ticket.customers if telemetry else _IMPACTS.validate_python(data["customers"]),
        impact_from_ms=ticket.impact_from_ms if telemetry else intake.from_ms,
        impact_to_ms=ticket.impact_to_ms if telemetry else intake.to_ms,
        incident=data["incident"],
    )


def _acknowledged(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    return replace(ticket, state="acknowledged", acknowledged_by=event.actor, acknowledged_at_ms=event.at_ms)


def _resolved(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    return replace(
        ticket,
        state="resolved",
        resolved_at_ms=event.at_ms,
        resolved_by=event.actor,
        impact_to_ms=ticket.impact_to_ms or (event.at_ms if ticket.impact_from_ms is not None else None),
    )


def _reopened(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    return replace(
        ticket,
        state="open",
        reopened=ticket.reopened + 1,
        paging_from_ms=event.at_ms,
        resolved_at_ms=None,
        resolved_by=None,
        recovered_at_ms=None,
        impact_to_ms=None,
        closed_at_ms=None,
        closed_by=None,
        acknowledged_by=None,
        acknowledged_at_ms=None,
        mitigated_at_ms=None,
        window=None,
        next_update_due_ms=data["next_update_due_ms"],
    )


def _reclassified(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    keys = ("ticket_type", "queue", "owner", "incident")
    return replace(ticket, **{key: data[key] for key in keys})


def _absorbed(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    other = data["other"]
    active = with_(ticket.absorbed_active, other) if data["active"] else ticket.absorbed_active
    return replace(ticket, absorbed=with_(ticket.absorbed, other), absorbed_active=active)


def _released(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    other = data["other"]
    active = without(ticket.absorbed_active, other)
    return replace(ticket, absorbed=without(ticket.absorbed, other), absorbed_active=active)


def _split(ticket: Ticket, event: TicketEvent, data: Data) -> Ticket:
    return replace(ticket, split_into=with_(ticket.split_into, data["other"]))


STEPS: Final[dict[str, Step]] = {
    "telemetry_updated": _telemetry,
    "severity_changed": _severity,
    "severity_graded": _graded,
    "severity_forced": lambda t, e, d: replace(_severity(t, e, d), forced=True),
    "severity_released": lambda t, e, d: replace(_severity(t, e, d), forced=False),
    "recovered": lambda t, e, d: replace(t, recovered_at_ms=d["recovered_at_ms"], impact_to_ms=d["impact_to_ms"]),
    "acknowledged": _acknowledged,
    "taken": lambda t, e, d: replace(t, assignee=d["assignee"]),
    "responded": _responded,
    "noted": lambda t, e, d: replace(t, notes=(*t.notes, Note(e.at_ms, e.actor, d["text"], d["public"]))),
    "intake_amended": _amended,
    "evidence_added": lambda t, e, d: replace(
        t, proofs=(*t.proofs, Proof(d["kind"], d["value"], d["note"], e.at_ms, e.actor))
    ),
    "root_cause_set": lambda t, e, d: replace(t, root_cause=d["text"]),
    "window_confirmed": lambda t, e, d: replace(t, window=Window(d["from_ms"], d["to_ms"], e.actor)),
    "postmortem_linked": lambda t, e, d: replace(t, postmortem=d["value"]),
    "reclassified": _reclassified,
    "mitigated": lambda t, e, d: replace(t, state="mitigated", mitigated_at_ms=e.at_ms),
    "resolved": _resolved,
    "reopened": _reopened,
    "closed": lambda t, e, d: replace(
        t, state="closed", closed_at_ms=e.at_ms, closed_by=e.actor, next_update_due_ms=None
    ),
    "merged": lambda t, e, d: replace(t, state="merged", before_merge=t.state, merged_into=d["into"]),
    "unmerged": lambda t, e, d: replace(t, state=t.before_merge or "open", before_merge=None, merged_into=None),
    "absorbed": _absorbed,
    "absorbed_recovered": lambda t, e, d: replace(t, absorbed_active=without(t.absorbed_active, d["other"])),
    "absorbed_relapsed": lambda t, e, d: replace(t, absorbed_active=with_(t.absorbed_active, d["other"])),
    "released": _released,
    "split": _split,
    "unsplit": lambda t, e, d: replace(t, split_into=without(t.split_into, d["other"])),
    "linked": lambda t, e, d: replace(t, related=with_(t.related, d["other"])),
    "unlinked": lambda t, e, d: replace(t, related=without(t.related, d["other"])),
    "parent_set": lambda t, e, d: replace(t, parent=d["parent"]),
    "parent_cleared": lambda t, e, d: replace(t, parent=None),
    "child_joined": lambda t, e, d: replace(t, children=with_(t.children, d["other"])),
    "child_left": lambda t, e, d: replace(t, children=without(t.children, d["other"])),
    "escalated": lambda t, e, d: replace(
        t, escalations=(*t.escalations, Escalation(e.at_ms, d["step"], d["to"], e.why, tuple(d.get("also", ()))))
    ),
    "silenced": lambda t, e, d: replace(t, silenced_until_ms=d["until_ms"], silenced_by=d["silence_id"] or e.actor),
    "unsilenced": lambda t, e, d: replace(t, silenced_until_ms=None, silenced_by=None),
    "watched": lambda t, e, d: replace(t, watchers=with_(t.watchers, d["who"])),
    "unwatched": lambda t, e, d: replace(t, watchers=without(t.watchers, d["who"])),
}


def apply(ticket: Ticket | None, event: TicketEvent) -> Ticket:
    """The ticket after one more event. Raises ValueError when the event does not follow the ticket."""
    data = cast(Data, event.data)
    if ticket is None:
        if event.kind != "opened":
            raise ValueError(f"the log of {event.ticket_id} begins with {event.kind}, not with opened")
        after = _opened(event, data)
    elif event.seq != ticket.version + 1:
        raise ValueError(f"event {event.seq} of {event.ticket_id} does not follow version {ticket.version}")
    else:
        after = STEPS[event.kind](ticket, event, data)
    return replace(after, version=event.seq, head=event.hash, updated_at_ms=event.at_ms)


def fold(events: Iterable[TicketEvent], ticket: Ticket | None = None) -> Ticket:
    """The ticket that `events` make, going on from `ticket` if given. Raises ValueError on no events at all."""
    for event in events:
        ticket = apply(ticket, event)
    if ticket is None:
        raise ValueError("a ticket has at least one event")
    return ticket
