"""Bring the schema to the newest revision; the migrations are part of the package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from connectors.errors import ConnectorError

_SCRIPTS: Final = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the shipped migrations, without a file."""
    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def head() -> str:
    """The newest revision this program knows."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def migrate(connection: Connection) -> None:
    """Upgrade within the caller's transaction. A database of a newer program is refused."""
    scripts = ScriptDirectory.from_config(config())
    present = MigrationContext.configure(connection).get_current_revision()
    if present == scripts.get_current_head():
        return
    if present is not None and present not in {script.revision for script in scripts.walk_revisions()}:
        hint = "run the newer akira, or restore a backup made by this one"
        raise ConnectorError(f"store: its schema {present} is newer than this program", hint)
    command.upgrade(config(connection), "head")
