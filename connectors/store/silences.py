"""Silences and maintenances in the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, insert, select, update

from connectors.store import schema as s
from connectors.store.engine import Store
from connectors.store.ledger import AuditLine, record
from pipeline.desk.commands import Refusal
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.silences import Quiet, refuse


class Silences:
    """Made, listed and ended early; never deleted, so that what they hid stays known."""

    def __init__(self, store: Store, policy: DeskPolicy) -> None:
        self._store, self._policy = store, policy

    def add(self, quiet: Quiet, at_ms: int) -> Refusal | None:
        """Keep a new silence, or say what it lacks."""
        if refusal := refuse(quiet, at_ms, self._policy):
            return refusal
        with self._store.writing() as connection:
            if connection.execute(select(s.SILENCES.c.id).where(s.SILENCES.c.id == quiet.id)).first():
                return Refusal("exists", f"There is a silence {quiet.id} already.")
            connection.execute(insert(s.SILENCES).values(**asdict(quiet) | {"match": json.dumps(quiet.match)}))
            record(connection, AuditLine(at_ms, quiet.by, f"{quiet.kind} made", _words(quiet.match), quiet.why))
        return None

    def end(self, silence_id: str, at_ms: int, by: str) -> bool:
        """End it now; False when there is none that still runs."""
        running = (s.SILENCES.c.id == silence_id) & (s.SILENCES.c.ends_ms > at_ms)
        with self._store.writing() as connection:
            row = connection.execute(select(s.SILENCES).where(running)).mappings().one_or_none()
            if row is None:
                return False
            connection.execute(update(s.SILENCES).where(running).values(ends_ms=at_ms))
            quiet = _quiet(row)
            record(connection, AuditLine(at_ms, by, f"{quiet.kind} ended", _words(quiet.match), quiet.id))
        return True

    def all(self, limit: int = 200) -> list[Quiet]:
        """The latest to end first."""
        with self._store.reading() as connection:
            rows = connection.execute(select(s.SILENCES).order_by(s.SILENCES.c.ends_ms.desc()).limit(limit))
            return [_quiet(row) for row in rows.mappings()]


def at(connection: Connection, at_ms: int) -> tuple[Quiet, ...]:
    """Those that run at `at_ms`, within a transaction."""
    running = (s.SILENCES.c.starts_ms <= at_ms) & (s.SILENCES.c.ends_ms > at_ms)
    return tuple(_quiet(row) for row in connection.execute(select(s.SILENCES).where(running)).mappings())


def _words(match: Mapping[str, tuple[str, ...]]) -> str:
    return " and ".join(f"{name} {', '.join(values)}" for name, values in match.items())


def _quiet(row: Mapping[Any, Any]) -> Quiet:
    match = {name: tuple(values) for name, values in json.loads(row["match"]).items()}
    return Quiet(**{**row, "match": match})
