"""Commands of the intake: open a ticket, complete what is missing, say how far the fault reaches."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.desk.ticket import Door, Intake
from pipeline.incidents import TicketType


@dataclass(frozen=True, slots=True)
class Scope:
    """What the person at intake knows of the fault; the severity table grades it as it grades telemetry."""

    production_impact: bool = False
    """Service is hit right now: the incident flag, and docs/incident-response.md."""
    customers: tuple[str, ...] = ()
    """Customers known to be affected, the reporting one included."""
    unable_to_call: tuple[str, ...] = ()
    """Those of them that cannot place calls at all."""
    blocked: tuple[str, ...] = ()
    """Those of them that are blocked for their balance."""
    major: bool = False
    """At least one of them is marked major in the directory."""
    platform_down: bool = False
    routing_failure: bool = False
    """A route, terminator or switch fails for part of the calls."""
    workaround: bool = False
    """Calls can be carried another way."""
    billing_failure: bool = False
    """Rating, balance or invoice generation is failing: a Billing ticket becomes NOC."""
    historical: bool = False
    """A question about past data, or a request that is not urgent."""


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
