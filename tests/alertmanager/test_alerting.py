"""The door in the whole application: a token of a desk delivers an alert and a ticket is in the store."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
from pydantic import SecretStr

from akira.alerting import alerting
from akira.serving import served
from akira.settings import Settings, StoreSettings
from akira.web.app import create_app
from akira.wiring import opened
from connectors.alertmanager.webhook import PATH
from tests.alertmanager.test_webhook import delivery


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
