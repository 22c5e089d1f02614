"""Backup and restore: the whole store as one compressed file that either database can take."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, text

from connectors.errors import ConnectorError
from connectors.store.engine import Store
from connectors.store.migrate import head
from connectors.store.schema import METADATA
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.ticket import STATES

FORMAT: Final = "akira-backup-1"
_BATCH: Final = 1000


def backup(store: Store, path: Path) -> dict[str, int]:
    """Write everything to `path` (gzip, one JSON object a line, mode 600) from one consistent view; rows per table.

    The file appears under its name only when it is whole. Writers go on meanwhile. Raises ConnectorError when the file
    cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        handle = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                rows = _write(store, packed)
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(part, path)
    except OSError as wrong:
        with suppress(FileNotFoundError):
            part.unlink()
        raise ConnectorError(f"{path}: {wrong.strerror}", "its folder must exist, be writable and have room") from wrong
    return rows


def _write(store: Store, out: gzip.GzipFile) -> dict[str, int]:
    digest = hashlib.sha256()

    def put(line: dict[str, Any]) -> None:
        raw = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        digest.update(raw)
        out.write(raw)

    rows: dict[str, int] = {}
    put({"format": FORMAT, "schema": head()})
    with store.reading() as connection:
        if not store.sqlite:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        for table in METADATA.sorted_tables:
            query = select(table).order_by(*table.primary_key.columns)
            rows[table.name] = 0
            for row in connection.execution_options(yield_per=_BATCH).execute(query).mappings():
                put({"table": table.name, "row": {name: _packed(value) for name, value in row.items()}})
                rows[table.name] += 1
    out.write(json.dumps({"rows": rows, "sha256": digest.hexdigest()}).encode() + b"\n")
    return rows


def restore(store: Store, path: Path) -> dict[str, int]:
    """Fill an empty store from a backup, all or nothing; rows per table.

    Raises ConnectorError for a store that is not empty, a file that is cut short or changed, one of another schema, and
    a ticket whose log does not verify.
    """
    with store.writing() as connection:
        full = [
            t.name for t in METADATA.sorted_tables if connection.execute(select(func.count()).select_from(t)).scalar()
        ]
        if full:
            raise ConnectorError(f"restore: the store is not empty ({full[0]} has rows)", "restore into a new database")
        rows = _fill(connection, path)
        if not store.sqlite:
            _go_on_counting(connection)
    tickets = Tickets(store)
    for ticket in tickets.folds(Filter(states=STATES)):
        if wrong := tickets.verify(ticket.id):
            raise ConnectorError(f"restore: {wrong}", "the data are restored as they were; look at this ticket first")
    return rows


def _fill(connection: Connection, path: Path) -> dict[str, int]:
    tables = {table.name: table for table in METADATA.sorted_tables}
    waiting: list[dict[str, Any]] = []
    filled: dict[str, int] = dict.fromkeys(tables, 0)
    current = ""
    for line in _lines(path):
        if line["table"] not in tables:
            raise ConnectorError(f"{path}: unknown table {line['table']}", "restore it with the akira that made it")
        if waiting and (line["table"] != current or len(waiting) >= _BATCH):
            connection.execute(insert(tables[current]), waiting)
            waiting = []
        current = line["table"]
        waiting.append(_unpacked(tables[current], line["row"]))
        filled[current] += 1
    if waiting:
        connection.execute(insert(tables[current]), waiting)
    return filled


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    digest, held, number = hashlib.sha256(), b"", 0
    try:
        with gzip.open(path, "rb") as packed:
            for raw in packed:
                if held:
                    digest.update(held)
                    line = json.loads(held)
                    if number == 1:
                        _same(line, path)
                    else:
                        yield line
                held, number = raw, number + 1
            last = json.loads(held or b"null")
    except FileNotFoundError as wrong:
        raise ConnectorError(f"{path}: no such file", "name the file that `akira backup` wrote") from wrong
    except (OSError, EOFError, ValueError) as wrong:
        raise ConnectorError(f"{path}: not a whole backup ({wrong})", "take another copy of the file") from wrong
    if not isinstance(last, dict) or last.get("sha256") != digest.hexdigest():
        raise ConnectorError(f"{path}: cut short or changed since it was written", "take another copy of the file")


def _same(first: Any, path: Path) -> None:
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        raise ConnectorError(f"{path}: not a backup of Akira", "name the file that `akira backup` wrote")
    if first.get("schema") != head():
        hint = "restore it with the akira that made it, then upgrade"
        raise ConnectorError(f"{path}: made with schema {first.get('schema')}, this is {head()}", hint)


def _packed(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _unpacked(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    blobs = [c.name for c in table.columns if isinstance(c.type, LargeBinary) and row.get(c.name) is not None]
    return {**row, **{name: base64.b64decode(row[name]["base64"]) for name in blobs}}


def _go_on_counting(connection: Connection) -> None:
    """PostgreSQL's sequences do not see the keys that were given."""
    for table in METADATA.sorted_tables:
        key = table.autoincrement_column
        if key is not None and table.name:
            where = {"table": table.name, "key": key.name}
            largest = connection.execute(select(func.max(key))).scalar()
            sequence = connection.execute(text("SELECT pg_get_serial_sequence(:table, :key)"), where).scalar()
            if sequence is not None and largest is not None:
                connection.execute(
                    text("SELECT setval(:sequence, :largest)"), {"sequence": sequence, "largest": largest}
                )
