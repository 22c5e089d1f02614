"""A ticket as the command line shows it."""

from __future__ import annotations

from typing import Any

import typer

from akira.wording import SHAPES, duration
from pipeline.desk.ticket import Ticket
from pipeline.desk.words import cause_words, clock, cost_words


def print_ticket(t: Ticket, checklist: list[dict[str, Any]]) -> None:
    """A ticket in a few lines, with what is missing before it may be closed."""
    since, until = t.impact_from_ms or t.opened_at_ms, t.impact_to_ms or t.updated_at_ms
    typer.echo(f"{SHAPES[t.severity]} {t.severity} {t.summary}")
    typer.echo(f"{t.why}; {t.state}, {t.queue}, {t.owner}, {t.assignee or 'nobody has taken it'}")
    typer.echo(f"since {clock(since)}, {duration(until - since)}; {len(t.customers)} customers")
    if t.evidence.costs:
        typer.echo(cost_words(t.evidence.costs))
    if t.revision:
        typer.echo(f"likely cause: {cause_words(t.cause)}")
    for moved in t.evidence.moves:
        typer.echo(f"before it, {clock(moved.at_ms)}: {moved.words}")
    for item in checklist:
        typer.echo(f"  [{'x' if item['done'] else ' '}] {item['what']}{'' if item['done'] else ' - ' + item['how']}")
