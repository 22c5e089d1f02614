"""The door in the whole application: a token of a desk delivers an alert and a ticket is in the store."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from akira.alerting import alerting
from akira.serving import served
from akira.settings import Settings, StoreSettings
from akira.web.app import create_app
from akira.wiring import opened
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.alertmanager.webhook import PATH
from pipeline.desk.commands import Resolve
from tests.alertmanager.test_webhook import delivery
from tests.monitoring.servers import until
from tests.outlets.fake import Asked, Reply, serving
from tests.store.faults import report


def test_a_desk_token_may_deliver_and_a_viewer_may_not(tmp_path: Path) -> None:
    settings = Settings(store=StoreSettings(url=SecretStr(f"sqlite:///{tmp_path}/akira.db")))
    stop = threading.Event()
    with opened(settings) as parts:
        app = create_app(parts.store, settings.policy)
        issue = app.state.tokens.issue
        noc, _ = issue("alertmanager", "noc", at_ms=app.state.clock(), by="test", lasts_ms=None)
        viewer, _ = issue("wall", "viewer", at_ms=app.state.clock(), by="test", lasts_ms=None)
        with alerting(parts, app, stop), served(app, "127.0.0.1", 0) as address:
            said = [
                httpx.post(address + PATH, json=delivery(), headers={"Authorization": f"Bearer {token}"}).status_code
                for token in (viewer, "none", noc, noc)
            ]
        (ticket,) = parts.desk.open_tickets()
        assert said == [401, 401, 204, 204] and ticket.summary == "trunk t1 is down" and not stop.is_set()
        assert b'akira_alerts_total{outcome="opened"} 1.0' in parts.metrics.page()
        assert b'akira_http_shed_total{door="alertmanager"} 0.0' in parts.metrics.page()


def test_tickets_are_posted_again_and_again_and_their_end_once(tmp_path: Path) -> None:
    posted: list[list[dict[str, Any]]] = []

    def ended() -> list[dict[str, Any]]:
        return [alert for each in posted for alert in each if alert["startsAt"] == alert["endsAt"]]

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            posted.append(asked.json)
            return Reply(200, {})
        return Reply(200, [])

    with serving(answer) as tool:
        out = AlertmanagerSettings(url=tool.url, post_tickets=True, post_every_s=0.05, poll_s=1)
        store = StoreSettings(url=SecretStr(f"sqlite:///{tmp_path}/akira.db"))
        with opened(Settings(store=store, alertmanager=out)) as parts:
            ticket = parts.desk.open(report(), 1_800_000_000_000, "ann")
            assert isinstance(ticket, str)
            with alerting(parts, create_app(parts.store, parts.settings.policy), threading.Event()):
                until("it is posted twice", lambda: len(posted) >= 2)
                parts.desk.act(ticket, Resolve("over"), 1_800_000_060_000, "ann")
                until("and is over", ended)
            assert 'akira_source_up{source="alertmanager"} 1.0' in parts.metrics.page().decode()
    assert {alert["labels"]["akira_ticket"] for each in posted for alert in each} == {ticket}
    assert len(ended()) == 1


def test_an_alertmanager_that_is_away_is_told_and_ends_nothing(tmp_path: Path) -> None:
    out = AlertmanagerSettings(url="http://127.0.0.1:9", post_tickets=True, post_every_s=0.05, poll_s=1)
    store = StoreSettings(url=SecretStr(f"sqlite:///{tmp_path}/akira.db"))
    stop = threading.Event()
    with opened(Settings(store=store, alertmanager=out)) as parts:
        with alerting(parts, create_app(parts.store, parts.settings.policy), stop):
            retried = 'akira_outbox_deliveries_total{outcome="retry",target="alertmanager"}'
            parts.desk.open(report(), 1_800_000_000_000, "ann")
            until("it was tried", lambda: retried in parts.metrics.page().decode())
            until("it is seen", lambda: 'akira_source_up{source="alertmanager"} 0.0' in parts.metrics.page().decode())
    assert not stop.is_set()
