"""A live source: one switch's or exporter's metrics page, scraped at an interval.

A page that cannot be had is a silent source, never a value: no `up = 0` is made of it and nothing is closed by it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from connectors.clock import now_ms
from connectors.prometheus.elements import profile
from connectors.prometheus.getting import Getter, ScrapeSettings
from connectors.prometheus.page import PageReader
from connectors.prometheus.profiles import Peer
from pipeline.ports import Batch, Reject

_ACCEPT: Final = "text/plain;version=0.0.4"


class ScrapeSource:
    """A `pipeline.ports.Source` of SIP samples. Counters start anew with the process: the first page gives none."""

    def __init__(
        self,
        settings: ScrapeSettings,
        peers: Mapping[str, Peer],
        *,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._settings, self._now_ms = settings, now_ms
        self._reader = page_reader(settings, peers)
        self._getter = Getter(settings, _ACCEPT)
        self._stop = threading.Event()

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """One batch a scrape until `close`; raises `Disconnected` when the page cannot be had or repeats itself.

        `positions` are not used: a page shows only what is now.
        """
        while not self._stop.is_set():
            at_ms = self._now_ms()
            read = self._reader.read(at_ms, self._getter.get(), self._settings.url)
            if read.stale:
                raise self._getter.away("the page repeats the time stamps of the page before")
            unknown = () if read.known else (unknown_page(self._settings),)
            yield Batch("sip", read.frame, read.rejects + unknown)
            self._stop.wait(max(0.0, self._settings.interval_s - (self._now_ms() - at_ms) / 1000))

    def close(self) -> None:
        """Ends `read` at once, also from another thread."""
        self._stop.set()
        self._getter.close()


def page_reader(settings: ScrapeSettings, peers: Mapping[str, Peer]) -> PageReader:
    """What makes samples of pages, as the settings say."""
    rules = profile(settings.profile, settings.metrics)
    return PageReader(rules, settings.switch, peers, down_s=settings.down_s, up_s=settings.up_s)


def unknown_page(settings: ScrapeSettings) -> Reject:
    """There was a page, and the profile knew nothing on it."""
    expected = f"metrics of profile {settings.profile}; see docs/prometheus.md for the profiles"
    return Reject(settings.url, None, None, "unknown_page", expected, "")
