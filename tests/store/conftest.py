"""Every test of the store runs on SQLite and on PostgreSQL; the server is started here when its binaries are there."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from connectors.store.engine import Store
from tests.ports import free_port

BINARIES = Path("/usr/lib/postgresql/15/bin")


def _as_postgres(*command: str) -> None:
    """PostgreSQL refuses to run as root; then it runs as its own user."""
    switch = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    subprocess.run([*switch, *command], check=True, capture_output=True, cwd="/", timeout=60)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server: AKIRA_TEST_POSTGRES, else one started for this session."""
    if given := os.environ.get("AKIRA_TEST_POSTGRES"):
        yield given
        return
    if not (BINARIES / "initdb").exists():
        pytest.skip(f"no PostgreSQL: set AKIRA_TEST_POSTGRES or install the server ({BINARIES} is missing)")
    pytest.importorskip("psycopg", reason="the PostgreSQL driver (akira[postgres]) is not installed")
    folder = Path(tempfile.mkdtemp(prefix="akira-pg-"))
    if os.getuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data, port = folder / "data", free_port()
    try:
        _as_postgres(str(BINARIES / "initdb"), "-D", str(data), "-A", "trust", "-U", "akira", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
        log = str(folder / "log")
        _as_postgres(str(BINARIES / "pg_ctl"), "-D", str(data), "-w", "-l", log, "-o", options, "start")
        yield f"postgresql+psycopg://akira@127.0.0.1:{port}/postgres"
    finally:
        _as_postgres(str(BINARIES / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _new_database(server: str) -> str:
    name = f"akira_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'akira.db'}"
    return _new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store on an empty database."""
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def reopened(url: str, store: Store) -> Iterator[Callable[[], Store]]:
    """Opens further handles on the same database, as another process would."""
    handles: list[Store] = []

    def again() -> Store:
        handles.append(Store.open(url))
        return handles[-1]

    yield again
    for handle in handles:
        handle.close()
