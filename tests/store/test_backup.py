"""Backup and restore: everything comes back, into either database, and a bad file changes nothing."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.errors import ConnectorError
from connectors.store import schema as s
from connectors.store.backup import backup, restore
from connectors.store.door import Desk, Done
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.commands import AddNote
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import STATES
from pipeline.run import Checkpoint
from tests.store.faults import MINUTE, incident, recovered, report

POLICY = DeskPolicy()


def _fill(store: Store) -> None:
    mark = Checkpoint(bytes(range(256)), {"cdr[0]": 7}, MINUTE)
    fan_out = lambda ticket, event: ("kafka",)  # noqa: E731 - two lines shorter
    Journal(store, POLICY, fan_out).record([incident(1), recovered(9), incident(3, key="i-2")], mark)
    assert isinstance(Desk(store, POLICY).do("", report("Zoë"), MINUTE, "jo", once="k"), Done)


def _content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in s.METADATA.sorted_tables
        }


def test_everything_comes_back_and_the_store_goes_on(store: Store, tmp_path: Path) -> None:
    _fill(store)
    file = tmp_path / "b.gz"
    rows = backup(store, file)
    assert rows["tickets"] == 3 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not (tmp_path / "b.gz.part").exists()
    fresh = Store.open(f"sqlite:///{tmp_path / 'fresh.db'}")
    assert restore(fresh, file) == rows
    assert _content(fresh) == _content(store)
    assert Journal(fresh, POLICY).record([incident(1), recovered(9)], None) == []
    again = tmp_path / "again.gz"
    backup(fresh, again)
    assert again.read_bytes() == file.read_bytes()
    fresh.close()


def test_a_backup_of_sqlite_fills_this_database_and_its_counters_go_on(store: Store, tmp_path: Path) -> None:
    first = Store.open(f"sqlite:///{tmp_path / 'first.db'}")
    _fill(first)
    backup(first, tmp_path / "b.gz")
    restore(store, tmp_path / "b.gz")
    assert _content(store) == _content(first)
    head = Tickets(store).head()
    assert Desk(store, POLICY).open(report(), 2 * MINUTE, "jo") == "D-000002"
    assert Tickets(store).head() == head + 1
    assert all(Tickets(store).verify(row.id) is None for row in Tickets(store).page(Filter(states=STATES)).rows)
    first.close()


def test_only_an_empty_store_is_filled(store: Store, tmp_path: Path) -> None:
    _fill(store)
    backup(store, tmp_path / "b.gz")
    with pytest.raises(ConnectorError, match="not empty"):
        restore(store, tmp_path / "b.gz")


@pytest.mark.parametrize("harm", ["cut", "line gone", "changed", "older schema", "another file", "no gzip", "absent"])
def test_a_bad_file_is_refused_and_changes_nothing(store: Store, tmp_path: Path, harm: str) -> None:
    first = Store.open(f"sqlite:///{tmp_path / 'first.db'}")
    _fill(first)
    good, bad = tmp_path / "b.gz", tmp_path / "bad.gz"
    backup(first, good)
    first.close()
    lines = gzip.decompress(good.read_bytes()).splitlines(keepends=True)
    match harm:
        case "cut":
            bad.write_bytes(good.read_bytes()[:-40])
        case "line gone":
            bad.write_bytes(gzip.compress(b"".join(lines[:5] + lines[6:])))
        case "changed":
            bad.write_bytes(gzip.compress(b"".join(lines).replace(b"term-05", b"term-06")))
        case "older schema":
            bad.write_bytes(gzip.compress(json.dumps({"format": "akira-backup-1", "schema": "0"}).encode() + b"\n{}\n"))
        case "another file":
            bad.write_bytes(gzip.compress(b'{"a": 1}\n{"b": 2}\n'))
        case "no gzip":
            bad.write_bytes(b"".join(lines))
    with pytest.raises(ConnectorError, match=str(bad)) as refused:
        restore(store, bad)
    assert refused.value.hint
    assert all(rows == [] for rows in _content(store).values())


def test_a_place_that_cannot_be_written_is_said(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="No such file or directory"):
        backup(store, tmp_path / "nowhere" / "b.gz")


def test_a_ticket_that_was_tampered_with_is_named_at_restore(store: Store, tmp_path: Path) -> None:
    first = Store.open(f"sqlite:///{tmp_path / 'first.db'}")
    _fill(first)
    assert Desk(first, POLICY).act("i-2", AddNote("true"), MINUTE, "jo") is None
    with first.writing() as connection:
        connection.execute(s.EVENTS.update().where(s.EVENTS.c.kind == "noted").values(actor="somebody else"))
    backup(first, tmp_path / "b.gz")
    with pytest.raises(ConnectorError, match="i-2 event 2: its content was changed"):
        restore(store, tmp_path / "b.gz")
    first.close()
