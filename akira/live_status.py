"""How the live loop fares, for /metrics, /healthz, /readyz and the log; written by the loop, read by the web server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akira.metrics import CONTENT_TYPE, Metrics
from akira.web.health import healthz
from connectors.clock import now_ms
from pipeline.run import Step
from pipeline.watch.feeds import Feed

Stats = Callable[[], Mapping[str, int | float]]


@dataclass
class Status:
    """Told by the loop; asked by the server. `ready_lag_s`: a loop silent for longer is not ready."""

    metrics: Metrics
    ready_lag_s: float
    stats: Stats
    feeds: Callable[[], Sequence[Feed]] = tuple
    lag: Callable[[], Mapping[str, int]] = dict
    oldest_ms: Callable[[], int | None] = lambda: None
    source: str = "kafka"
    _log: Any = field(default_factory=lambda: structlog.get_logger("akira.live"))
    feed_rows: tuple[Feed, ...] = ()
    """How each feed was doing after the last step; for pages, which run in other threads."""
    _beat_s: float | None = None
    _hint: str = ""
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def away(self, hint: str, wait_s: float) -> None:
        """Said once for each outage, and seen by /readyz until a batch comes again."""
        with self._lock:
            if hint != self._hint:
                self._log.warning("waiting", reason=hint, wait_s=round(wait_s, 1))
            self._hint = hint
        self.metrics.source(self.source, False)

    def stepped(self, step: Step) -> None:
        """A batch went the whole way."""
        with self._lock:
            if self._hint:
                self._log.info("going on", after=self._hint)
            self._hint, self._beat_s = "", time.monotonic()
        self.metrics.source(self.source, True)
        self.metrics.clock(step.clock_ms)
        self.metrics.oldest_unprocessed(self.oldest_ms())
        self.feed_rows = tuple(self.feeds())
        self.metrics.feeds({(feed.source, feed.kind): feed.last_ms for feed in self.feed_rows})
        if step.batch is not None:
            self.metrics.records(step.batch.kind, "accepted", len(step.batch.frame))
            self.metrics.records(step.batch.kind, "rejected", len(step.batch.rejects))
            self.metrics.rejects(reject.reason for reject in step.batch.rejects)
        for outcome, name in (("duplicate", "duplicates"), ("late", "late"), ("ahead", "ahead")):
            self.metrics.records("cdr", outcome, self._more(name))
        self.metrics.slices_live(int(self.stats().get("slices", 0)))
        self.metrics.ticket_events(event.kind for event in step.events)
        if step.kept is not None:
            self.metrics.checkpointed(now_ms())
        for event in step.events:
            self._log.info(event.kind, ticket=event.ticket_id, why=event.why)

    def _more(self, name: str) -> int:
        now = int(self.stats().get(name, 0))
        more, self._seen[name] = now - self._seen[name], now
        return max(more, 0)

    def unready(self) -> str:
        """Why the service is not ready; empty when it is."""
        with self._lock:
            if self._hint:
                return self._hint
            if self._beat_s is None:
                return "no batch yet"
            silent_s = time.monotonic() - self._beat_s
        return f"the loop has been silent for {silent_s:.0f} s" if silent_s > self.ready_lag_s else ""

    def routes(self) -> list[Route]:
        """`/healthz`: the process serves; `/readyz`: 503 with the reason while it cannot do its work; `/metrics`."""
        return [
            healthz(),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]

    def _readyz(self, request: Request) -> Response:
        reason = self.unready()
        body = {"status": reason or "ready", "lag": dict(self.lag())}
        return JSONResponse(body, 503 if reason else 200, {"Retry-After": "5"} if reason else None)

    def _metrics(self, request: Request) -> Response:
        return Response(self.metrics.page(), media_type=CONTENT_TYPE)
