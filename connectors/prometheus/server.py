"""A live source: the pages of one element as a Prometheus server has scraped them, with the times of its scrapes.

Asked for are the raw samples of a selector since the last one read, so that nothing is lost while Akira or the server
is away for less than BACK_MOST_MS, and nothing is counted twice.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from connectors.clock import now_ms
from connectors.prometheus.exposition import Sample
from connectors.prometheus.getting import Getter, ScrapeSettings
from connectors.prometheus.profiles import Peer
from connectors.prometheus.scrape import page_reader, unknown_page
from pipeline.ports import Batch

PIECE_MS: Final = 120_000
"""So much is asked for at once."""
BACK_MOST_MS: Final = 3_600_000
SILENT_MS: Final = 60_000
"""After so long, or four intervals, without a sample the element counts as silent."""


class ServerSource:
    """A `pipeline.ports.Source` of SIP samples: one batch for each scrape that the server made."""

    def __init__(
        self,
        settings: ScrapeSettings,
        peers: Mapping[str, Peer],
        *,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._settings, self._now_ms = settings, now_ms
        self._reader = page_reader(settings, peers)
        self._getter = Getter(settings, "application/json", "/api/v1/query")
        self._stop = threading.Event()
        self._last_ms = now_ms() - PIECE_MS

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """A batch for each scrape until `close`; raises `Disconnected` when the server or the element is silent.

        `positions` are not used: it goes on after the last sample it read, at first some minutes back.
        """
        heard_ms = self._now_ms()
        while not self._stop.is_set():
            now_ms = self._now_ms()
            begin = max(self._last_ms, now_ms - BACK_MOST_MS)
            end = min(now_ms, begin + PIECE_MS)
            pages = self._pages(begin, end)
            known = 0
            for at_ms, samples in sorted(pages.items()):
                read = self._reader.take(at_ms, samples)
                known += read.known
                yield Batch("sip", read.frame)
                self._last_ms = at_ms
            if pages and not known:
                yield Batch("sip", read.frame.clear(), (unknown_page(self._settings),))
            heard_ms = now_ms if pages else heard_ms
            if end < now_ms:
                self._last_ms = max(self._last_ms, end)
                continue
            if now_ms - heard_ms > max(SILENT_MS, 4000 * self._settings.interval_s):
                raise self._getter.away(f"no new sample of {self._settings.query}")
            self._stop.wait(self._settings.interval_s)

    def close(self) -> None:
        """Ends `read` at once, also from another thread."""
        self._stop.set()
        self._getter.close()

    def _pages(self, begin_ms: int, end_ms: int) -> dict[int, list[Sample]]:
        """The samples in (begin, end] by the time of their scrape."""
        if end_ms <= begin_ms:
            return {}
        window = f"{self._settings.query}[{end_ms - begin_ms}ms]"
        body = self._getter.get({"query": window, "time": f"{end_ms / 1000:.3f}"})
        pages: dict[int, list[Sample]] = {}
        for series in self._series(body):
            labels = {name: text for name, text in series["metric"].items() if name != "__name__"}
            for at_s, text in series["values"]:
                at_ms, value = round(at_s * 1000), float(text)
                if begin_ms < at_ms and value == value:  # NaN says "no value"
                    pages.setdefault(at_ms, []).append(
                        Sample(series["metric"].get("__name__", ""), labels, value, None)
                    )
        return pages

    def _series(self, body: str) -> list[dict[str, Any]]:
        try:
            data = json.loads(body)["data"]
            if data["resultType"] == "matrix":
                return list(data["result"])
        except (ValueError, KeyError, TypeError) as wrong:
            raise self._getter.away("no answer of a Prometheus server; is the address that of its root?") from wrong
        raise self._getter.away(f'{self._settings.query} is no selector of series, such as {{job="kamailio"}}')
