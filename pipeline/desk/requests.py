"""Commands of the intake: open a ticket, complete what is missing, say how far the fault reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pipeline.desk.ticket import Door, Intake
from pipeline.incidents import TicketType

BillingFailure = Literal["", "rating", "balance", "invoice generation"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the person at intake knows of the fault; the severity table grades it as it grades telemetry."""

    production_impact: bool = False
    """Service is hit right now: the ticket is an incident and is graded; else it is a question or a request that is not
    urgent."""
    customers: tuple[str, ...] = ()
    """Customers known to be affected, the reporting one included."""
    affected: int = 0
    """How many at least, when they are not all known by name."""
    unable: int = 0
    """How many of them cannot place calls at all."""
    blocked: int = 0
    """How many of them are blocked for their balance."""
    majors: tuple[str, ...] = ()
    """Those of them that the directory marks major; the desk adds what it knows."""
    platform_down: bool = False
    workaround: bool = False
    """Calls can be carried another way."""
    billing_failure: BillingFailure = ""
    """What is failing behind the bill: a Billing ticket becomes NOC."""


@dataclass(frozen=True, slots=True)
class Open:
    """Manual, mail or alert intake. `incident_key` joins later calls for the same fault to the one open ticket."""

    ticket_type: TicketType
    summary: str
    intake: Intake
    scope: Scope = field(default_factory=Scope)
    door: Door = "console"
    incident_key: str | None = None
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amend:
    """Complete the intake: given fields replace, examples are added; severity is graded anew when `scope` is given."""

    intake: Intake
    scope: Scope | None = None
