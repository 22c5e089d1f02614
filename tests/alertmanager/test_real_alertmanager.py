"""Real Prometheus and Alertmanager: the page, the recovery, and the four ways in which they mislead."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI

from akira.serving import served
from connectors.alertmanager.book import Book
from connectors.alertmanager.client import AlertmanagerClient
from connectors.alertmanager.inbox import Inbox
from connectors.alertmanager.reconcile import Reconciler
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.alertmanager.tickets_out import post
from connectors.alertmanager.webhook import PATH, router
from connectors.store.engine import Store
from pipeline.desk.commands import Resolve
from tests.alertmanager.desk import Desk
from tests.monitoring.servers import Server, Web, alertmanager, prometheus, until

pytestmark = pytest.mark.prometheus
RULES = """
groups:
  - name: carrier
    interval: 1s
    rules:
      - alert: TrunkDown
        expr: trunk_up == 0
        labels: {severity: critical}
        annotations: {summary: "trunk {{ $labels.trunk }} is down"}
"""


class Carrier:
    """A trunk's metric, a Prometheus and an Alertmanager of our configuration, and Akira's door behind them."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        (folder / "am").mkdir()
        (folder / "prom").mkdir()
        self.up = 1
        page = Web(lambda: f'trunk_up{{trunk="t1",supplier="term-05"}} {self.up}\n'.encode())
        running.callback(page.close)
        store = Store.open(f"sqlite:///{folder}/akira.db")
        running.callback(store.close)
        self.desk, self.seen, self.away = Desk(), list[str](), list[str]()
        settings = AlertmanagerSettings(hold_s=4)
        self.inbox = Inbox(self.desk, Book(store), settings, self.seen.append)
        app = FastAPI()
        app.include_router(router(self.inbox, authorised="tok".__eq__))
        hook = running.enter_context(served(app, "127.0.0.1", 0)) + PATH
        self.am: Server = alertmanager(folder / "am", hook, token="tok")
        self.am.start()
        running.callback(self.am.stop)
        self.prom = prometheus(folder / "prom", page.address, self.am.url.removeprefix("http://"), RULES)
        self.prom.start()
        running.callback(self.prom.stop)
        self.client = AlertmanagerClient(settings.model_copy(update={"url": self.am.url}))
        running.callback(self.client.close)
        self.reconciler = Reconciler(self.client, self.inbox, 1.0, self.away.append)

    def states(self) -> list[str]:
        return [ticket.state for ticket in self.desk.tickets.values()]

    def reconciled(self, state: str) -> bool:
        """One comparison, and whether there is exactly one ticket in that state then."""
        self.reconciler.once()
        return self.states() == [state]

    def fails(self) -> None:
        self.up = 0
        until("a ticket of the alert", lambda: self.states() == ["open"])


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    with ExitStack() as running:
        made = Carrier(tmp_path, running)
        until("the trunk is seen", lambda: made.prom.get("/api/v1/query", query="trunk_up")["data"]["result"])
        until("the heartbeat", lambda: any(alert.name == "AkiraHeartbeat" for alert in made.client.alerts()))
        yield made


def test_an_alert_becomes_a_ticket_and_its_end_resolves_it(carrier: Carrier) -> None:
    carrier.fails()
    (ticket,) = carrier.desk.tickets.values()
    assert ticket.summary == "trunk t1 is down" and ticket.intake.affected == "t1"
    carrier.up = 1
    until("resolved, said by the webhook", lambda: "recovering" in carrier.seen)
    assert carrier.states() == ["open"]
    until("resolved, confirmed by the heartbeat", lambda: carrier.reconciled("resolved"))


def test_a_prometheus_that_dies_says_resolved_and_closes_nothing(carrier: Carrier) -> None:
    carrier.fails()
    carrier.prom.kill()
    until("the false resolved", lambda: "recovering" in carrier.seen)
    end = time.monotonic() + 8
    while time.monotonic() < end:
        assert carrier.reconciled("open")
        time.sleep(0.3)
    carrier.prom.start()
    until("it fires again", lambda: carrier.reconciled("open") and "joined" in carrier.seen)
    assert "over" not in carrier.seen


def test_an_alertmanager_killed_while_the_fault_ends_is_found_out(carrier: Carrier) -> None:
    carrier.fails()
    carrier.am.kill()
    carrier.up = 1
    assert not carrier.reconciler.once() and "Alertmanager at" in carrier.away[-1]
    until("Prometheus has seen the end", lambda: not carrier.prom.get("/api/v1/alerts")["data"]["alerts"][1:])
    assert carrier.states() == ["open"]
    carrier.am.start()
    until("over, by the list and the heartbeat", lambda: carrier.reconciled("resolved"))
    assert "recovering" not in carrier.seen


def test_an_alertmanager_killed_while_the_fault_lasts_opens_nothing_twice(carrier: Carrier) -> None:
    carrier.fails()
    carrier.am.kill()
    carrier.am.start()
    until("it is listed again", lambda: carrier.reconciler.once() and len(carrier.client.alerts()) == 2)
    end = time.monotonic() + 6
    while time.monotonic() < end:
        assert carrier.reconciled("open")
        time.sleep(0.3)


def test_an_alert_joins_the_incident_of_telemetry(carrier: Carrier) -> None:
    carrier.desk.telemetry("I-1", {"terminator": ("term-05",)})
    carrier.up = 0
    until("joined", lambda: "joined" in carrier.seen)
    assert list(carrier.desk.tickets) == ["I-1"] and "trunk=t1" in carrier.desk.tickets["I-1"].notes[0].text


def test_our_tickets_are_alerts_there_until_they_end_and_do_not_come_back(carrier: Carrier) -> None:
    ticket = carrier.desk.telemetry("I-1", {"terminator": ("term-07",)})
    now_ms = time.time_ns() // 1_000_000
    for _ in range(3):
        post(carrier.client, [ticket], now_ms, 600, "http://noc.example")
    there = [a for a in carrier.am.get("/api/v2/alerts") if a["labels"].get("akira_ticket") == "I-1"]
    assert len(there) == 1 and there[0]["receivers"] == [{"name": "people"}]
    assert carrier.desk.act("I-1", Resolve("gone", override=True), now_ms) is None
    post(carrier.client, [carrier.desk.tickets["I-1"]], time.time_ns() // 1_000_000, 600, "http://noc.example")
    until("it ends", lambda: all("akira_ticket" not in a["labels"] for a in carrier.am.get("/api/v2/alerts")))
    assert list(carrier.desk.tickets) == ["I-1"]
