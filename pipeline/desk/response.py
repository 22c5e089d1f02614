"""docs/incident-response.md as data: the steps and timers that an incident page shows; a test compares the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipeline.desk.closure import checklist
from pipeline.desk.policy import MINUTE_MS, DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Severity


@dataclass(frozen=True, slots=True)
class Role:
    """Who does what; one person may hold several."""

    name: str
    duty: str


ROLES: Final[tuple[Role, ...]] = (
    Role("Lead", "decides, keeps the ticket true, hands over in writing"),
    Role("Engineer", "finds the cause and moves traffic"),
    Role("Voice", "speaks to customers, and is the only one who does"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do within `minute` minutes of the opening; `done` reads it off the ticket."""

    minute: int
    role: str
    what: str
    done: Callable[[Ticket], bool]


def _seen(ticket: Ticket) -> bool:
    return ticket.acknowledged_at_ms is not None or not ticket.active


STEPS: Final[tuple[Step, ...]] = (
    Step(2, "Lead", "Acknowledge the ticket: the pages stop and everybody sees who leads.", _seen),
    Step(
        5,
        "Lead",
        "Read the severity and its reason; force it if the facts on the ticket are wrong.",
        lambda t: t.forced or _seen(t),
    ),
    Step(
        10,
        "Engineer",
        "Look at the likely cause and its evidence, and attach what you ran or saw.",
        lambda t: bool(t.proofs),
    ),
    Step(
        15,
        "Engineer",
        "Move traffic away from the cause, then mark the ticket mitigated.",
        lambda t: t.mitigated_at_ms is not None or not t.active,
    ),
    Step(
        15,
        "Voice",
        "Send the first response: received, under investigation or more examples required, next update time.",
        lambda t: t.first_response is not None,
    ),
)


_WHO: Final[dict[Severity, str]] = {
    "SEV1": "everybody on the rota in turn, and management at once",
    "SEV2": "the person on call, then the next on the rota",
    "SEV3": "the owning queue in working hours",
}


@dataclass(frozen=True, slots=True)
class Cadence:
    """What one severity asks for; the minutes come from [desk]."""

    severity: Severity
    first_response_min: int
    update_min: int
    escalate_min: int
    who: str


def cadence(severity: Severity, policy: DeskPolicy) -> Cadence:
    """What `severity` asks for under `policy`."""
    return Cadence(
        severity,
        first_response_min=policy.first_response.ms(severity) // MINUTE_MS,
        update_min=policy.update_every.ms(severity) // MINUTE_MS,
        escalate_min=policy.rota.escalate_after.ms(severity) // MINUTE_MS,
        who=_WHO[severity],
    )


OVER: Final[tuple[str, ...]] = (
    "Telemetry has shown recovery by traffic for the soak time, or a person has resolved it with a reason.",
    "Every customer who was told of it has been told that it is over.",
    "The closing checklist is complete and a person has closed the ticket.",
)
"""When an incident is over: all of these hold."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of a running incident; `due_ms` is epoch milliseconds."""

    step: Step
    due_ms: int
    done: bool
    late: bool


def progress(ticket: Ticket, at_ms: int) -> tuple[Progress, ...]:
    """The steps of an incident, empty for a ticket that is none."""
    if not ticket.incident:
        return ()
    rows: list[Progress] = []
    for step in STEPS:
        due_ms, done = ticket.opened_at_ms + step.minute * MINUTE_MS, step.done(ticket)
        rows.append(Progress(step, due_ms, done, not done and at_ms > due_ms))
    return tuple(rows)


def over(ticket: Ticket) -> tuple[tuple[str, bool], ...]:
    """Each condition of OVER with whether it holds."""
    told = ticket.first_response is None or (
        ticket.resolved_at_ms is not None and ticket.responses[-1].at_ms >= ticket.resolved_at_ms
    )
    complete = ticket.state == "closed" and all(item.done for item in checklist(ticket))
    return tuple(zip(OVER, (ticket.resolved_at_ms is not None, told, complete), strict=True))
