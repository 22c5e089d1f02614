"""A running Akira tells each of its tools what it has a use for, and one of them that is away hinders no other."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from akira.serving import served
from akira.settings import load
from akira.web.app import create_app
from akira.wiring import Asked as Wanted
from akira.wiring import live, opened
from tests.monitoring.servers import until
from tests.outlets.contracts import SECRET, PagerDutyContract, WebhookContract
from tests.outlets.fake import Asked, Reply, serving
from tests.outlets.test_pagerduty import posted
from tests.store.faults import incident, report

SETTINGS = """
[run]
source = "switches"
deadletters = "{folder}/letters"
[store]
url = "sqlite:///{folder}/akira.db"
[[cdr]]
name = "sw1"
format = "kamailio"
files = {{ path = "{folder}/in" }}
[[outlet]]
kind = "pagerduty"
name = "pager"
url = "{pager}"
routing_key = {{ env = "PD_KEY" }}
webhook_secret = "s3cret"
[[outlet]]
kind = "webhook"
name = "program"
url = "{program}/in"
secrets = ["whsec_{secret}"]
[[outlet]]
kind = "jsm"
name = "away"
url = "{away}"
key = "k"
"""


def test_each_tool_hears_what_it_asked_for_and_answers_by_its_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PD_KEY", SECRET)
    (tmp_path / "in").mkdir()
    pager_side, program_side, stop = PagerDutyContract(), WebhookContract(), threading.Event()
    with ExitStack() as running:
        pager, program = running.enter_context(serving(pager_side)), running.enter_context(serving(program_side))
        away = running.enter_context(serving(lambda asked: Reply(503, b"closed")))
        text = SETTINGS.format(folder=tmp_path, pager=pager.url, program=program.url, away=away.url, secret=SECRET)
        (tmp_path / "akira.toml").write_text(text)
        settings = load(tmp_path / "akira.toml", {})
        parts = running.enter_context(opened(settings))
        running.enter_context(live(parts, Wanted(), stop))
        app = create_app(parts.store, settings.policy, fan_out=parts.fan_out, outlets=settings.outlet)
        address = running.enter_context(served(app, "127.0.0.1", 0, app.state.hub.close))
        parts.journal.record([incident()], None)
        assert parts.desk.do("", report(), time.time_ns() // 1_000_000, "ann")
        until("the pager and the program know", lambda: "i-1" in pager_side.state and len(program_side.state) == 2)
        assert set(pager_side.state) == {"i-1"}, "a SEV3 wakes nobody"
        said = posted("incident.acknowledged")
        assert httpx.post(f"{address}/hooks/pager", content=said.body, headers=dict(said.headers)).status_code == 204
        until("the program hears who has it", lambda: _heard(program.asked, "ticket.acknowledged"))
        counts = parts.outbox.counts()
        assert counts["away", "pending"] and ("program", "dead") not in counts
    assert _heard(program.asked, "ticket.acknowledged") == ["outlet:pager"]
    assert [asked.json["event_action"] for asked in pager.asked] == ["trigger"], "what it did itself it is not told"
    assert not stop.is_set()


def _heard(asked: list[Asked], kind: str) -> list[str]:
    bodies = [json.loads(each.body) for each in asked]
    return [body["data"]["actor"] for body in bodies if body["type"] == kind]
