"""A ticket as the command line shows it."""

from __future__ import annotations

from typing import Any

import typer

from akira.wording import SHAPES, duration
from pipeline.desk.words import cause_words, clock


def print_ticket(t: dict[str, Any], checklist: list[dict[str, Any]]) -> None:
    """A ticket in a few lines, with what is missing before it may be closed."""
    mark = t["severity_history"][-1] if t["severity_history"] else {"why": ""}
    since = t["impact_from_ms"] or t["opened_at_ms"]
    until = t["impact_to_ms"] or t["updated_at_ms"]
    typer.echo(f"{SHAPES[t['severity']]} {t['severity']} {t['summary']}")
    typer.echo(f"{mark['why']}; {t['state']}, {t['queue']}, {t['owner']}, {t['assignee'] or 'nobody has taken it'}")
    typer.echo(f"since {clock(since)}, {duration(until - since)}; {len(t['customers'])} customers")
    if t["revision"]:
        typer.echo(f"likely cause: {cause_words(t['cause'])}")
    for item in checklist:
        typer.echo(f"  [{'x' if item['done'] else ' '}] {item['what']}{'' if item['done'] else ' - ' + item['how']}")
