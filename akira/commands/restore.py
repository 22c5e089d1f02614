"""`akira restore`: fill an empty store from a backup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from akira import settings as akira_settings
from connectors.store.backup import restore as read_backup
from connectors.store.engine import Store


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("restore")(restore)


def restore(
    source: Annotated[Path, typer.Argument(help="the file that `akira backup` wrote")],
    settings: Annotated[Path | None, typer.Option("--settings", help="the settings file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print rows per table as JSON")] = False,
) -> None:
    """Fill the empty store of the settings from a backup, and verify every ticket's log. See docs/backup.md."""
    store = Store.open(akira_settings.load(settings).store.url.get_secret_value())
    try:
        rows = read_backup(store, source)
    finally:
        store.close()
    told = f"{source}: {rows['tickets']} tickets restored, every log verified"
    typer.echo(json.dumps(rows) if as_json else told)
