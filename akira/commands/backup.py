"""`akira backup`: the whole store as one file, while everything goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from akira import settings as akira_settings
from connectors.store.backup import backup as write_backup
from connectors.store.engine import Store


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backup")(backup)


def backup(
    out: Annotated[Path, typer.Argument(help="the file to write, e.g. akira-2026-11-24.backup.gz")],
    settings: Annotated[Path | None, typer.Option("--settings", help="the settings file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print rows per table as JSON")] = False,
) -> None:
    """Write tickets, their logs, outbox, positions, snapshot and tokens to one file. See docs/backup.md."""
    store = Store.open(akira_settings.load(settings).store.url.get_secret_value())
    try:
        rows = write_backup(store, out)
    finally:
        store.close()
    typer.echo(json.dumps(rows) if as_json else f"{out}: {rows['tickets']} tickets, {rows['ticket_events']} events")
