"""The timeline of a ticket: telemetry and people on one axis, one plain line for each event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import is_person
from pipeline.desk.words import cause_words, clock


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `by_person` tells the two kinds apart; `seq` leads to the event."""

    seq: int
    at_ms: int
    actor: str
    by_person: bool
    kind: str
    text: str


def _update(data: Mapping[str, Any]) -> str:
    return f"{data['summary']} ({len(data['customers'])} customers, {cause_words(data['cause'])})"


_TEXT: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "opened": lambda d: f"opened as {d['ticket_type']} in {d['queue']}, {d['severity']}: {d['summary']}",
    "telemetry_updated": _update,
    "severity_changed": lambda d: f"severity is {d['severity']}",
    "severity_graded": lambda d: f"graded {d['severity']}",
    "severity_forced": lambda d: f"severity set to {d['severity']} by hand",
    "severity_released": lambda d: f"severity back to the table: {d['severity']}",
    "taken": lambda d: f"taken by {d['assignee']}",
    "responded": lambda d: ("first response" if d["first"] else "update") + f" sent, {d['stance'].replace('_', ' ')}",
    "noted": lambda d: d["text"],
    "evidence_added": lambda d: f"evidence ({d['kind']}): {d['value']}",
    "root_cause_set": lambda d: f"root cause: {d['text']}",
    "window_confirmed": lambda d: (
        "no customer-facing impact"
        if d["from_ms"] is None
        else f"customer-facing window {clock(d['from_ms'])} to {clock(d['to_ms'])}"
    ),
    "postmortem_linked": lambda d: f"postmortem: {d['value'][:200]}",
    "reclassified": lambda d: f"moved from {d['was']} to {d['ticket_type']} ({d['queue']})",
    "merged": lambda d: f"merged into {d['into']}",
    "escalated": lambda d: f"paged {d['to']} (step {d['step']})" + _also(d.get("also", ())),
    "silenced": lambda d: f"pages silenced until {clock(d['until_ms'])}",
    "parent_set": lambda d: f"part of {d['parent']}",
}


def _also(names: Sequence[str]) -> str:
    return f", told {', '.join(names)}" if names else ""


def line(event: TicketEvent) -> Line:
    """The line of one event, its reason included."""
    words = event.kind.replace("_", " ")
    text = _TEXT[event.kind](event.data) if event.kind in _TEXT else words + _other(event.data)
    text = f"{text}: {event.why}" if event.why and event.why not in text else text
    return Line(event.seq, event.at_ms, event.actor, is_person(event.actor), event.kind, text)


def timeline(events: Iterable[TicketEvent]) -> tuple[Line, ...]:
    """All lines in their order."""
    return tuple(line(event) for event in events)


def _other(data: Mapping[str, Any]) -> str:
    return f" {data['other']}" if "other" in data else ""
