"""The whole way: a fault in a replayed stream is a ticket of Akira and an alert of Prometheus, and both clear."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pytest

from akira.chores import Chores
from akira.live_status import Status
from akira.metrics import Metrics
from akira.watching import new_watch
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.directory import Directory
from pipeline.ports import Batch
from pipeline.run import run
from pipeline.settings import WatchSettings
from tests.monitoring.servers import Web, alertmanager, prometheus, until
from tests.run.carrier import FAULT, MINUTES, T0, cdrs

pytestmark = [pytest.mark.prometheus, pytest.mark.slow]


def batches(first: int, end: int) -> Iterator[Batch]:
    """The morning's call records of those minutes, a minute a batch."""
    calls = cdrs()
    for minute in range(first, end):
        start = T0 + minute * 60_000
        yield Batch("cdr", calls.filter(pl.col("emitted_at").is_between(start, start + 59_999)))


def of_the_fault(desk: Desk) -> Ticket | None:
    """The open ticket of the fault: terminator t-1 refuses two calls in three."""
    return next((ticket for ticket in desk.open_tickets() if "asr_drop" in ticket.signals), None)


def test_a_fault_becomes_a_ticket_and_an_alert_and_both_clear(tmp_path: Path) -> None:
    (tmp_path / "am").mkdir()
    (tmp_path / "prom").mkdir()
    metrics, policy = Metrics("test", time.time), DeskPolicy()
    with ExitStack() as running:
        store = Store.open(f"sqlite:///{tmp_path}/akira.db")
        running.callback(store.close)
        desk, journal, outbox = Desk(store, policy), Journal(store, policy), Outbox(store)
        faults: list[BaseException] = []
        chores = Chores((), desk, outbox, metrics, faults.append, keep_sent_ms=2**62)
        running.enter_context(chores.running())
        page = Web(metrics.page)
        running.callback(page.close)
        manager = alertmanager(tmp_path / "am", f"http://{page.address}/hook")
        manager.start()
        running.callback(manager.stop)
        server = prometheus(tmp_path / "prom", page.address, manager.url.removeprefix("http://"))
        server.start()
        running.callback(server.stop)

        def firing() -> set[str]:
            return {a["labels"]["alertname"] for a in manager.get("/api/v2/alerts") if "signal" in a["labels"]}

        watch = new_watch(Directory(), WatchSettings())
        status = Status(metrics, 300.0, watch.stats, watch.feeds)
        for step in run(batches(0, FAULT[1] - 2), watch, journal, finish=False):
            status.stepped(step)
        ticket = of_the_fault(desk)
        assert ticket is not None and ticket.telemetry_active
        until("the alert of the ticket's signal", lambda: "AkiraAsrDrop" in firing())
        (asr,) = until(
            "the ticket's ASR in Prometheus",
            lambda: server.get("/api/v1/query", query="akira_asr_ratio")["data"]["result"],
        )
        told = next(figure.observed for figure in ticket.evidence.figures if figure.metric == "ASR")
        assert float(asr["value"][1]) == pytest.approx(told)

        after = None
        for step in run(batches(FAULT[1] - 2, MINUTES), watch, journal, finish=False):
            status.stepped(step)
            after = desk.ticket(ticket.id)
            if after is not None and after.recovered_at_ms is not None:
                break
        assert after is not None and after.recovered_at_ms is not None and not after.telemetry_active
        until("the alerts are over", lambda: not firing() & {"AkiraAsrDrop", "AkiraAsrLow"})
        assert faults == []
