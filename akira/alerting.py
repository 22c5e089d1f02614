"""Alertmanager beside a running Akira: its webhook, the list it is reconciled with, our tickets as alerts in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import structlog
from fastapi import FastAPI

from akira.beside import Outage, Work, beside
from akira.metrics import Metrics
from akira.wiring import Parts
from connectors.alertmanager.book import Book
from connectors.alertmanager.client import AlertmanagerClient
from connectors.alertmanager.inbox import DeskDoor, Inbox
from connectors.alertmanager.reconcile import Reconciler
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.alertmanager.tickets_out import post
from connectors.alertmanager.webhook import router
from connectors.clock import now_ms
from connectors.errors import ConnectorError
from pipeline.ports import Disconnected

SOURCE = "alertmanager"


class Posting:
    """Our tickets as alerts, again and again: Alertmanager forgets what is not said again."""

    def __init__(
        self, client: AlertmanagerClient, desk: DeskDoor, settings: AlertmanagerSettings, metrics: Metrics
    ) -> None:
        self._client, self._desk, self._settings, self._metrics = client, desk, settings, metrics
        self._posted: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Post now and again until `stop` is set."""
        log: Any = structlog.get_logger("akira.alerting")
        while not stop.is_set():
            try:
                self.once(now_ms())
                self._metrics.delivery(SOURCE, "delivered")
            except (Disconnected, ConnectorError) as wrong:
                self._metrics.delivery(SOURCE, "retry")
                log.warning("not posted", reason=str(wrong))
            stop.wait(self._settings.post_every_s)

    def once(self, at_ms: int) -> None:
        """Post every ticket that wants work, and the end of those that did at the last post and no longer do."""
        tickets = list(self._desk.open_tickets())
        active = {ticket.id for ticket in tickets}
        ended = [ticket for each in sorted(self._posted - active) if (ticket := self._desk.ticket(each)) is not None]
        post(self._client, [*tickets, *ended], at_ms, self._settings.post_lasts_s, self._settings.console)
        self._posted = active


@contextmanager
def alerting(parts: Parts, app: FastAPI, stop: threading.Event) -> Iterator[None]:
    """Alertmanager beside `app`; tokens that may open tickets may deliver alerts. While the block runs the list is
    polled and tickets are posted, if an address is set. A bug in it ends the run."""
    settings, metrics = parts.settings.alertmanager, parts.metrics

    def authorised(text: str) -> bool:
        principal = app.state.tokens.check(text, now_ms())
        return principal is not None and bool(principal.may("tickets.open"))

    inbox = Inbox(parts.desk, Book(parts.store), settings, metrics.alert)
    works, listed = list[Work](), None
    with ExitStack() as closing:
        if settings.url is not None:
            client = AlertmanagerClient(settings)
            closing.callback(client.close)
            listed = client.alerts
            polling = Reconciler(client, inbox, settings.poll_s, Outage(SOURCE, metrics).told)
            works.append(Work("alertmanager-list", polling.run))
            if settings.post_tickets:
                works.append(Work("alertmanager-post", Posting(client, parts.desk, settings, metrics).run))
        closing.enter_context(beside(works, stop))
        metrics.shed(SOURCE, 0)
        app.include_router(router(inbox, authorised=authorised, listed=listed, shed=lambda: metrics.shed(SOURCE)))
        yield
