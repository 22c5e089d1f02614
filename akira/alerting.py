"""Alertmanager beside a running Akira: its webhook, the list it is reconciled with, our tickets as alerts in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI

from akira.metrics import Metrics
from akira.wiring import Parts
from connectors.alertmanager.book import Book
from connectors.alertmanager.client import AlertmanagerClient
from connectors.alertmanager.inbox import DeskDoor, Inbox
from connectors.alertmanager.reconcile import Reconciler
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.alertmanager.tickets_out import post
from connectors.alertmanager.webhook import router
from connectors.errors import ConnectorError
from connectors.store.engine import Store
from pipeline.ports import Disconnected

SOURCE = "alertmanager"


@dataclass
class Alerting:
    """The two threads and the door. `authorised` judges a bearer token."""

    settings: AlertmanagerSettings
    store: Store
    desk: DeskDoor
    metrics: Metrics
    authorised: Callable[[str], bool]
    failed: Callable[[BaseException], None]
    _log: Any = field(default_factory=lambda: structlog.get_logger("akira.alerting"))
    _hint: str = ""
    _posted: set[str] = field(default_factory=set)

    @contextmanager
    def running(self) -> Iterator[APIRouter]:
        """The webhook's routes; while the block runs the list is polled and tickets are posted, if an address is set.

        A fault in a thread is a bug: it is handed to `failed`.
        """
        inbox = Inbox(self.desk, Book(self.store), self.settings, self.metrics.alert)
        stop = threading.Event()
        with ExitStack() as closing:
            client = None
            if self.settings.url is not None:
                client = AlertmanagerClient(self.settings)
                closing.callback(client.close)
                polling = Reconciler(client, inbox, self.settings.poll_s, self._told)
                self._thread(closing, "alertmanager-list", polling.run, stop)
                if self.settings.post_tickets:
                    self._thread(closing, "alertmanager-post", lambda stop: self._post(client, stop), stop)
            closing.callback(stop.set)
            yield router(
                inbox,
                authorised=self.authorised,
                listed=client.alerts if client else None,
                shed=lambda: self.metrics.shed(SOURCE),
            )

    def _thread(
        self, closing: ExitStack, name: str, work: Callable[[threading.Event], None], stop: threading.Event
    ) -> None:
        def run() -> None:
            try:
                work(stop)
            except BaseException as fault:
                self.failed(fault)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        closing.callback(thread.join)

    def _told(self, hint: str) -> None:
        """Said once for each outage."""
        if hint and hint != self._hint:
            self._log.warning("waiting", reason=hint)
        elif self._hint and not hint:
            self._log.info("going on", after=self._hint)
        self._hint = hint
        self.metrics.source(SOURCE, not hint)

    def _post(self, client: AlertmanagerClient, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.post_once(client, time.time_ns() // 1_000_000)
                self.metrics.delivery(SOURCE, "delivered")
            except (Disconnected, ConnectorError) as wrong:
                self.metrics.delivery(SOURCE, "retry")
                self._log.warning("not posted", reason=str(wrong))
            stop.wait(self.settings.post_every_s)

    def post_once(self, client: AlertmanagerClient, at_ms: int) -> None:
        """Post every ticket that wants work, and the end of those that did at the last post and no longer do."""
        tickets = list(self.desk.open_tickets())
        active = {ticket.id for ticket in tickets}
        ended = [ticket for each in sorted(self._posted - active) if (ticket := self.desk.ticket(each)) is not None]
        post(client, [*tickets, *ended], at_ms, self.settings.post_lasts_s, self.settings.console)
        self._posted = active


@contextmanager
def alerting(parts: Parts, app: FastAPI, stop: threading.Event) -> Iterator[None]:
    """Alertmanager beside `app`; tokens that may open tickets may deliver alerts. A bug in it ends the run."""
    faults: list[BaseException] = []

    def authorised(text: str) -> bool:
        principal = app.state.tokens.check(text, time.time_ns() // 1_000_000)
        return principal is not None and bool(principal.may("tickets.open"))

    def failed(fault: BaseException) -> None:
        faults.append(fault)
        stop.set()

    made = Alerting(parts.settings.alertmanager, parts.store, parts.desk, parts.metrics, authorised, failed)
    with made.running() as routes:
        app.include_router(routes)
        yield
    if faults:
        raise faults[0]
