"""A desk in memory behind the alerts' door: the real rules of `pipeline.desk`, tickets in a dict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.alertmanager.alert import Alert
from pipeline.desk.commands import Command, Open, Refusal
from pipeline.desk.desk import act
from pipeline.desk.fold import fold
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import HOLDS_KEY, Intake, Ticket
from pipeline.incidents import Impact

NOW = 1_800_000_000_000
MINUTE = 60_000
POLICY = DeskPolicy()


class Desk:
    """Implements `connectors.alertmanager.inbox.DeskDoor`."""

    def __init__(self) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.refusals: list[Refusal] = []

    def open_tickets(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets.values() if ticket.active]

    def ticket(self, ticket_id: str) -> Ticket | None:
        return self.tickets.get(ticket_id)

    def open(self, command: Open, at_ms: int, actor: str) -> str | Refusal:
        held = (t for t in self.tickets.values() if t.incident_key == command.incident_key and t.state in HOLDS_KEY)
        if found := next(held, None):
            return found.id
        return self._run(f"D-{len(self.tickets) + 1:06d}", command, at_ms, actor) or f"D-{len(self.tickets):06d}"

    def act(self, ticket_id: str, command: Command, at_ms: int, actor: str = "nina") -> Refusal | None:
        return self._run(ticket_id, command, at_ms, actor)

    def _run(self, ticket_id: str, command: Command, at_ms: int, actor: str) -> Refusal | None:
        events = act(self.tickets, ticket_id, command, at_ms, actor, POLICY)
        if isinstance(events, Refusal):
            self.refusals.append(events)
            return events
        for event in events:
            self.tickets[event.ticket_id] = fold([event], self.tickets.get(event.ticket_id))
        return None

    def telemetry(self, ticket_id: str, cause: Mapping[str, tuple[str, ...]], **more: Any) -> Ticket:
        """A ticket as the watch would have made it, with a cause and customers."""
        signals = more.pop("signals", ("asr_drop",))
        opening = Open(more.pop("ticket_type", "sip_quality"), "a fault", Intake(), signals=signals)
        self._run(ticket_id, opening, NOW - 10 * MINUTE, "akira/telemetry")
        ticket = replace(self.tickets[ticket_id], cause=cause, revision=1, lead=signals[0], **more)
        self.tickets[ticket_id] = ticket
        return ticket


def alert(name: str = "TrunkDown", *, starts: int = NOW - MINUTE, ends: int | None = None, **labels: str) -> Alert:
    """An alert; its fingerprint follows from its labels, as Alertmanager's does."""
    labels = {"alertname": name, "severity": "critical", **labels}
    fingerprint = hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]
    return Alert(fingerprint, labels, {"summary": f"{name} says so"}, starts, ends, link="http://prom/graph")


def heartbeat(at_ms: int, **labels: str) -> Alert:
    """An always-firing alert that Alertmanager last heard at `at_ms`."""
    return replace(alert("Watchdog", starts=NOW - 999 * MINUTE, **labels), updated_ms=at_ms)


def impact(customer: str, share: float = 1.0) -> Impact:
    return Impact(customer, False, 100, 90, 40.0, share)
