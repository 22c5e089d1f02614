"""A live source: one switch's or exporter's metrics page, scraped at an interval.

A page that cannot be had is a silent source, never a value: no `up = 0` is made of it and nothing is closed by it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.prometheus.elements import profile
from connectors.prometheus.exposition import PAGE_BYTES
from connectors.prometheus.page import PageReader, Read
from connectors.prometheus.profiles import Peer, Rule
from pipeline.ports import Batch, Disconnected, Reject

_ACCEPT: Final = "text/plain;version=0.0.4"


class ScrapeSettings(BaseModel):
    """One page to scrape; `metrics` are rules of the operator's own, after those of the profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://", max_length=2000)
    switch: str = Field(min_length=1, max_length=255)
    profile: str
    interval_s: float = Field(default=15.0, gt=0, le=3600)
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    down_s: float = Field(default=30.0, ge=0, le=3600, description="unbroken time before a peer counts as down")
    up_s: float = Field(default=30.0, ge=0, le=3600, description="and before it counts as up again")
    bearer_token: SecretStr | None = None
    user: str | None = None
    password: SecretStr | None = None
    metrics: tuple[Rule, ...] = ()


class ScrapeSource:
    """A `pipeline.ports.Source` of SIP samples. Counters start anew with the process: the first page gives none."""

    def __init__(
        self,
        settings: ScrapeSettings,
        peers: Mapping[str, Peer],
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        client: httpx.Client | None = None,
    ) -> None:
        self._settings, self._now_ms = settings, now_ms
        self._reader = PageReader(
            profile(settings.profile, settings.metrics),
            settings.switch,
            peers,
            down_s=settings.down_s,
            up_s=settings.up_s,
        )
        self._client = client or httpx.Client(timeout=settings.timeout_s, trust_env=False, auth=_basic(settings))
        self._stop = threading.Event()

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """One batch a scrape until `close`; raises `Disconnected` when the page cannot be had or repeats itself.

        `positions` are not used: a page shows only what is now.
        """
        while not self._stop.is_set():
            at_ms = self._now_ms()
            read = self._reader.read(at_ms, self._page(), self._settings.url)
            if read.stale:
                raise self._away("the page repeats the time stamps of the page before")
            yield Batch("sip", read.frame, read.rejects + self._unknown(read))
            self._stop.wait(max(0.0, self._settings.interval_s - (self._now_ms() - at_ms) / 1000))

    def close(self) -> None:
        """Ends `read` at once, also from another thread."""
        self._stop.set()
        self._client.close()

    def _page(self) -> str:
        token = self._settings.bearer_token
        headers = {"Accept": _ACCEPT} | ({"Authorization": f"Bearer {token.get_secret_value()}"} if token else {})
        try:
            with self._client.stream("GET", self._settings.url, headers=headers) as answer:
                if answer.status_code != 200:
                    raise self._away(f"answered {answer.status_code}")
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > PAGE_BYTES:
                        raise self._away(f"sent more than {PAGE_BYTES} bytes")
        except httpx.HTTPError as wrong:
            raise self._away(f"{type(wrong).__name__}: {wrong}") from wrong
        return body.decode("utf-8", errors="replace")

    def _away(self, why: str) -> Disconnected:
        return Disconnected(
            f"metrics of {self._settings.switch} at {self._settings.url}: {why}", self._settings.interval_s
        )

    def _unknown(self, read: Read) -> tuple[Reject, ...]:
        if read.known:
            return ()
        expected = f"metrics of profile {self._settings.profile}; see docs/prometheus.md for the profiles"
        return (Reject(self._settings.url, None, None, "unknown_page", expected, ""),)


def _basic(settings: ScrapeSettings) -> httpx.BasicAuth | None:
    if settings.user is None:
        return None
    return httpx.BasicAuth(settings.user, settings.password.get_secret_value() if settings.password else "")
