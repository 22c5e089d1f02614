"""Tickets held against labelled faults: which ticket is whose, and what of it is right.

A ticket is a fault's when the two overlap in time (five minutes of grace on either side), and the fault's kind is among
the ticket's signals; among several the one with the same cause is taken first, then the earliest. A list of everything
the directory knows of a dimension is no restriction: all terminators are the platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipeline.directory import Directory
from pipeline.records import MINUTE_MS

GRACE_MS: Final = 5 * MINUTE_MS
Line = Mapping[str, Any]
"""A contract line: a ticket or a fault of a truth file."""


@dataclass(frozen=True, slots=True)
class Match:
    """One fault and the tickets that are its own, the best first."""

    fault: Line
    tickets: tuple[Line, ...]
    directory: Directory = Directory()

    @property
    def found(self) -> bool:
        """Some ticket is this fault's."""
        return bool(self.tickets)

    @property
    def cause_exact(self) -> bool:
        """The ticket names the fault's cause, value for value."""
        return self.found and same_cause(self.tickets[0], self.fault, self.directory)

    @property
    def severity_exact(self) -> bool:
        """The gravest severity that the ticket had is the fault's."""
        return self.found and worst(self.tickets[0]) == self.fault["severity"]

    @property
    def class_exact(self) -> bool:
        """The ticket has the fault's class."""
        return self.found and self.tickets[0]["ticket_type"] == self.fault["ticket_type"]

    @property
    def delay_ms(self) -> int | None:
        """From the fault's start to the opening of its ticket."""
        return self.tickets[0]["opened_at"] - self.fault["start"] if self.found else None


@dataclass(frozen=True, slots=True)
class Score:
    """All faults with their tickets, and the tickets that are nobody's."""

    matches: tuple[Match, ...]
    false: tuple[Line, ...]

    @property
    def clean(self) -> bool:
        """Every fault has one ticket with the right cause, class and severity, and no ticket is nobody's."""
        right = all(len(m.tickets) == 1 and m.cause_exact and m.class_exact and m.severity_exact for m in self.matches)
        return right and not self.false


def match(tickets: Sequence[Line], truth: Sequence[Line], directory: Directory | None = None) -> Score:
    """Hold tickets against faults. Tolerated faults are neither owed nor wrong."""
    known = directory or Directory()
    owner: dict[str, list[Line]] = {}
    false: list[Line] = []
    for ticket in sorted(tickets, key=lambda t: t["opened_at"]):
        candidates = [fault for fault in truth if _fits(ticket, fault)]
        if not candidates:
            false.append(ticket)
            continue
        best = min(candidates, key=lambda f: (not same_cause(ticket, f, known), abs(ticket["opened_at"] - f["start"])))
        owner.setdefault(best["id"], []).append(ticket)
    matches = []
    for fault in sorted(truth, key=lambda f: (f["start"], f["id"])):
        if fault.get("tolerated"):
            continue
        own = sorted(owner.get(fault["id"], []), key=lambda t: (not same_cause(t, fault, known), t["opened_at"]))
        matches.append(Match(fault, tuple(own), known))
    return Score(tuple(matches), tuple(false))


def same_cause(ticket: Line, fault: Line, directory: Directory) -> bool:
    """The causes are equal as sets, lists of everything apart."""
    whole = {
        "customer": {c.id for c in directory.customers},
        "trunk": set(directory.customer_of_trunk()),
        "terminator": {t.id for t in directory.terminators},
        "destination": {d.name for d in directory.destinations},
        "switch": {s.id for s in directory.switches},
    }

    def sets(cause: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
        named = {dim: frozenset(values) for dim, values in cause.items() if values}
        return {dim: values for dim, values in named.items() if not whole.get(dim) or not whole[dim] <= values}

    return sets(ticket["cause"]) == sets(fault["cause"])


def worst(ticket: Line) -> str:
    """The gravest severity of a ticket's history."""
    history = [entry["severity"] for entry in ticket.get("severity_history", ())]
    return min([*history, ticket["severity"]])


def _fits(ticket: Line, fault: Line) -> bool:
    if fault["kind"] not in ticket["signals"]:
        return False
    ended = ticket["impact_to"] if ticket.get("impact_to") is not None else ticket.get("resolved_at")
    begins = min(ticket["impact_from"], ticket["opened_at"])
    return begins <= fault["end"] + GRACE_MS and (ended is None or ended >= fault["start"] - GRACE_MS)
