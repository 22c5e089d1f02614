"""`akira outlet`: the tools that hear of tickets, what waits for them or was given up, and a test message to one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from akira import settings as akira_settings
from akira.commands.token import TERMINAL
from akira.errors import EXIT_USAGE, OperatorError
from akira.outlet_care import standings, tried
from akira.wiring import opened
from connectors.clock import now_ms

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="the settings file")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Tools that hear of tickets: list, test, resend, drop.", no_args_is_help=True)
    group.command("list")(list_all)
    group.command("test")(test)
    group.command("resend")(resend)
    group.command("drop")(drop)
    app.add_typer(group, name="outlet")


def list_all(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Every outlet of the settings: what waits for it, what is given up, and the last error of these."""
    known = akira_settings.load(settings)
    with opened(known) as parts:
        rows = [asdict(each) for each in standings(known.outlet, parts.outbox)]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("name", "kind", "waiting", "dead", "last error", box=None)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


def test(name: Annotated[str, typer.Argument(help="its name in the settings")], settings: SettingsFile = None) -> None:
    """Send a message that says that it is a test, and tell what became of it."""
    known = akira_settings.load(settings)
    outlet = next((each for each in known.outlet if each.name == name), None)
    if outlet is None:
        names = ", ".join(each.name for each in known.outlet) or "there is none: see docs/integrations.md"
        raise OperatorError(f"no [[outlet]] has the name {name}", f"their names: {names}", EXIT_USAGE)
    typer.echo(f"{name}: {tried(outlet, known.web.address, now_ms())}")


def resend(
    name: Annotated[str, typer.Argument(help="its name; that of an outlet that is gone from the settings too")],
    settings: SettingsFile = None,
) -> None:
    """Send everything again that was given up for one outlet, say because its token had ended."""
    with opened(akira_settings.load(settings)) as parts:
        typer.echo(f"{name}: {parts.outbox.resend(name, now_ms(), TERMINAL)} go again")


def drop(
    name: Annotated[str, typer.Argument(help="its name; that of an outlet that is gone from the settings too")],
    settings: SettingsFile = None,
) -> None:
    """Give up for good what is dead or waits for one outlet, say because it is gone from the settings."""
    with opened(akira_settings.load(settings)) as parts:
        typer.echo(f"{name}: {parts.outbox.drop(name, now_ms(), TERMINAL)} dropped")
