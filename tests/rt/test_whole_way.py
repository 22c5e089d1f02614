"""A running Akira with the settings of its page, and a real Request Tracker, keep each other told."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from akira.asking import asking
from akira.settings import load
from akira.wiring import Asked, live, opened
from connectors.store.door import Done
from tests.monitoring.servers import until
from tests.rt.server import Rt
from tests.store.faults import report

pytestmark = pytest.mark.rt
SETTINGS = """
[run]
source = "switches"
deadletters = "{folder}/letters"
[web]
address = "https://whole-way.example"
[store]
url = "sqlite:///{folder}/akira.db"
[[cdr]]
name = "sw1"
format = "kamailio"
files = {{ path = "{folder}/in" }}
[[outlet]]
kind = "rt"
name = "desk"
url = "{url}"
token = {{ env = "RT_TOKEN" }}
queue = "NOC"
poll_s = 0.5
timeout_s = 30
"""


def test_opened_here_resolved_there(rt: Rt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", rt.tokens["akira"])
    (tmp_path / "in").mkdir()
    (tmp_path / "akira.toml").write_text(SETTINGS.format(folder=tmp_path, url=rt.url))
    settings, stop = load(tmp_path / "akira.toml", {}), threading.Event()
    with opened(settings) as parts, live(parts, Asked(), stop), asking(parts, stop):
        done = parts.desk.do("", report(), time.time_ns() // 1_000_000, "ann")
        assert isinstance(done, Done)
        refers = f"RefersTo = 'https://whole-way.example/tickets/{done.ticket.id}'"
        until("the ticket is there", lambda: rt.count(refers) == 1)
        (remote,) = [row["id"] for row in rt.as_ann("GET", "tickets", query=refers)["items"]]
        rt.as_ann("PUT", f"ticket/{remote}", {"Status": "resolved"})

        def resolved() -> bool:
            found = parts.desk.ticket(done.ticket.id)
            return found is not None and found.state == "resolved"

        until("it is resolved here", resolved)
    assert not stop.is_set()
