"""Opening a store: urls, permissions, migrations, and databases that are not ours."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from connectors.errors import ConnectorError
from connectors.store.engine import Store
from connectors.store.migrate import config, head
from connectors.store.schema import METADATA


def test_the_migrations_make_exactly_the_schema(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == head()
        indexes = {index["name"]: index for index in inspect(connection).get_indexes("tickets")}
    unique = indexes["uq_tickets_open_incident"]
    assert unique["unique"] and any("merged" in str(where) for where in unique["dialect_options"].values())


def test_migrations_go_back_and_forth(store: Store) -> None:
    with store.writing() as connection:
        command.downgrade(config(connection), "base")
    with store.reading() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    with store.writing() as connection:
        command.upgrade(config(connection), "head")
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_opening_again_changes_nothing_and_a_newer_schema_is_refused(
    store: Store, reopened: Callable[[], Store]
) -> None:
    reopened()
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConnectorError, match="schema 9999 is newer") as refused:
        reopened()
    assert "newer akira" in refused.value.hint


def test_the_file_is_for_its_owner_only_and_commits_survive_power_loss(tmp_path: Path) -> None:
    file = tmp_path / "akira.db"
    store = Store.open(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with store.reading() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
    store.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://x/y", "mysql is not supported|not the URL"),
        ("nonsense", "not the URL of a database"),
        ("sqlite://", "in memory forgets"),
        ("sqlite:///:memory:", "in memory forgets"),
        ("sqlite:////nowhere/at/all/akira.db", "No such file or directory"),
        ("postgresql+psycopg://jo:hunter2@127.0.0.1:1/x", "refused"),
    ],
)
def test_a_store_that_cannot_be_is_refused_clearly_and_without_its_password(url: str, told: str) -> None:
    with pytest.raises(ConnectorError, match=told) as refused:
        Store.open(url)
    assert refused.value.hint and "hunter2" not in str(refused.value) + refused.value.hint
    assert refused.value.away == url.startswith("postgresql")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear customer,\n" * 100)
    with pytest.raises(ConnectorError, match="not a database"):
        Store.open(f"sqlite:///{file}")
    assert file.read_text().startswith("Dear customer")


def test_a_reader_sees_one_state_while_a_writer_commits(store: Store) -> None:
    if not store.sqlite:
        pytest.skip("PostgreSQL reads each statement at its own moment; backups ask for one view")
    with store.reading() as reader:
        count = text("SELECT count(*) FROM counters")
        assert reader.execute(count).scalar() == 0
        with store.writing() as writer:
            writer.execute(text("INSERT INTO counters VALUES ('x', 1)"))
        assert reader.execute(count).scalar() == 0


def test_sqlite_is_new_enough_for_partial_indexes() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)
