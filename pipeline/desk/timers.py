"""What the desk owes and when: first responses, promised updates, escalations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.desk import rota
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket

TimerKind = Literal["first_response", "next_update", "escalation"]


@dataclass(frozen=True, slots=True)
class Timer:
    """Something owed at `due_ms`; `overdue` when that has passed. An escalation is due when it appears."""

    kind: TimerKind
    due_ms: int
    overdue: bool


def timers(ticket: Ticket, at_ms: int, policy: DeskPolicy) -> tuple[Timer, ...]:
    """The running timers of a ticket, the soonest first."""
    running: list[Timer] = []
    if ticket.active and ticket.first_response is None:
        due_ms = ticket.first_response_due_ms
        running.append(Timer("first_response", due_ms, at_ms > due_ms))
    if ticket.state not in ("closed", "merged") and ticket.next_update_due_ms is not None:
        running.append(Timer("next_update", ticket.next_update_due_ms, at_ms > ticket.next_update_due_ms))
    if rota.due(ticket, policy.rota, at_ms) is not None:
        running.append(Timer("escalation", at_ms, True))
    return tuple(sorted(running, key=lambda timer: timer.due_ms))
