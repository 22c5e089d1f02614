"""Faults against tickets, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from akira.demo.day import Day
from akira.scoring import Match, worst
from akira.wording import SHAPES
from pipeline.correlate.sentence import place


def table(day: Day) -> Table:
    """One row a fault, then the tickets that are nobody's."""
    shown = Table(title="Faults against tickets", title_justify="left")
    for name in ("fault", "cause", "owed", "ticket", "given", "after", "right?"):
        shown.add_column(name, overflow="fold")
    for match in day.score.matches:
        shown.add_row(*_row(match))
    for ticket in day.score.false:
        given = f"{SHAPES[worst(ticket)]} {worst(ticket)}"
        shown.add_row("none", _cause(ticket["cause"]), "", ticket["id"], given, "", "✗ nobody's")
    return shown


def _row(match: Match) -> Sequence[str]:
    fault = match.fault
    owed = f"{SHAPES[fault['severity']]} {fault['severity']}"
    if match.delay_ms is None:
        return fault["kind"], _cause(fault["cause"]), owed, "none", "", "", "✗ missed"
    ticket = match.tickets[0]
    given = f"{SHAPES[worst(ticket)]} {worst(ticket)}"
    after = f"{match.delay_ms / 60_000:.0f} min"
    return fault["kind"], _cause(fault["cause"]), owed, ticket["id"], given, after, verdict(match)


def verdict(match: Match) -> str:
    """What of the ticket is right, in a word."""
    wrong = [
        name
        for name, right in (
            ("cause", match.cause_exact),
            ("severity", match.severity_exact),
            ("class", match.class_exact),
            ("one ticket", len(match.tickets) == 1),
        )
        if not right
    ]
    return f"✗ {', '.join(wrong)}" if wrong else "✓ right"


def _cause(cause: Mapping[str, Any]) -> str:
    return place({dim: tuple(values) for dim, values in cause.items()})
