"""The command line as a person runs it, against a console on a real port."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from akira.cli import main
from akira.serving import served
from connectors.store.door import Desk
from connectors.store.journal import Journal
from pipeline.desk.commands import Open
from pipeline.desk.ticket import Intake
from tests.web.conftest import DIRECTORY, POLICY, Web, build, incident


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`run("ticket", "list")` as typed in an empty directory; the program's own exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def ran(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["akira", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Ran(int(ended.value.code or 0), told.out, told.err)

    return ran


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A console of now with the incident I-1 and the request D-000001."""
    made = build(f"sqlite:///{tmp_path / 'akira.db'}", clock=now_ms)
    Journal(made.store, POLICY).record([incident(now=now_ms())], None)
    command = Open("billing", "Invoice 7 charges twice", Intake(customer="acme"))
    Desk(made.store, POLICY, DIRECTORY).open(command, now_ms(), "anna")
    with served(made.app, "127.0.0.1", 0, made.app.state.hub.close) as made.address:
        yield made
    made.store.close()


@pytest.fixture
def ticket(run: Run, web: Web, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`ticket("list")` is `akira ticket --server … list` with a token of the NOC."""
    monkeypatch.setenv("AKIRA_TOKEN", web.token("noc"))

    def ran(*words: str, as_json: bool = False) -> Ran:
        return run("ticket", "--server", web.address, *(["--json"] if as_json else []), *words)

    return ran
