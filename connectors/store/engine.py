"""The database: opened, migrated, read by many and written by one at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, NoSuchModuleError, OperationalError

from connectors.errors import ConnectorError
from connectors.store.migrate import migrate

WRITER_LOCK: Final = 7_274_521
"""Key of PostgreSQL's advisory lock: writers take turns, so the order of events is the order of commits."""
_BUSY_MS: Final = 30_000
_FORMS: Final = "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DB"


class Store:
    """A handle on the database. `reading()` gives a consistent view, `writing()` the one write transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"

    @classmethod
    def open(cls, url: str) -> Store:
        """Open and migrate to the newest schema. Raises ConnectorError when it cannot."""
        place = _parsed(url)
        try:
            engine = _sqlite(place) if place.get_backend_name() == "sqlite" else _postgres(place)
            store = cls(engine)
            with store.writing() as connection:
                migrate(connection)
        except (OperationalError, InterfaceError) as wrong:
            away = place.get_backend_name() != "sqlite"
            hint = "is the server up, and are user and password right?" if away else "is it a file that can be written?"
            raise ConnectorError(f"store {_shown(place)}: {wrong.orig}", hint, away=away) from wrong
        except DatabaseError as wrong:
            raise ConnectorError(f"store {_shown(place)}: {wrong.orig}", "it must be a database of Akira") from wrong
        return store

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; nothing is written."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The write transaction: commits at the end, rolls back on any exception; waits for its turn."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        place = make_url(url)
        place.get_dialect()
    except (ArgumentError, NoSuchModuleError) as wrong:
        raise ConnectorError("store: this is not the URL of a database", f"write {_FORMS}") from wrong
    if place.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConnectorError(f"store: {place.get_backend_name()} is not supported", f"write {_FORMS}")
    if place.get_backend_name() == "sqlite" and place.database in (None, "", ":memory:"):
        raise ConnectorError("store: a database in memory forgets tickets", f"write {_FORMS}")
    return place


def _shown(place: URL) -> str:
    return place.render_as_string(hide_password=True)


def _sqlite(place: URL) -> Engine:
    path = Path(str(place.database))
    if not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as wrong:
            hint = "its folder must exist and be writable"
            raise ConnectorError(f"store {_shown(place)}: {wrong.strerror}", hint) from wrong
    engine = create_engine(place)

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(place: URL) -> Engine:
    try:
        return create_engine(
            place.set(drivername="postgresql+psycopg"),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as wrong:
        raise ConnectorError(
            "store: the PostgreSQL driver is not installed", "pip install 'akira[postgres]'"
        ) from wrong
