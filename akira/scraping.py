"""Metrics pages into the topic of SIP samples: one thread a page, each going on when its page or the broker is back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from akira.feeding import Sink
from connectors.codec import encode
from pipeline.ports import Batch, Disconnected, RejectSink, Source

WAIT_MOST_S: Final = 60.0


@dataclass(frozen=True)
class Scraping:
    """Sources by switch, and where their samples and refused lines go. `told` hears of each outage once, and its end
    (an empty text); `failed` gets a fault that is a bug."""

    sources: Mapping[str, Source]
    sink: Sink
    deadletters: RejectSink
    told: Callable[[str, str], None]
    failed: Callable[[BaseException], None]

    def run(self, stop: threading.Event) -> None:
        """Read every page until `stop` is set."""
        threads = [
            threading.Thread(target=self._guarded, args=(name, source, stop), name=f"scrape-{name}", daemon=True)
            for name, source in self.sources.items()
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for source in self.sources.values():
            source.close()
        for thread in threads:
            thread.join()

    def _guarded(self, name: str, source: Source, stop: threading.Event) -> None:
        try:
            self._pages(name, source, stop)
        except BaseException as fault:
            if not stop.is_set():  # a page in hand breaks off when its source is closed
                self.failed(fault)

    def _pages(self, name: str, source: Source, stop: threading.Event) -> None:
        hint = ""
        while not stop.is_set():
            try:
                for batch in source.read({}):
                    self._deliver(name, batch, stop)
                    hint = self._say(name, hint, "")
            except Disconnected as away:
                hint = self._say(name, hint, away.hint)
                stop.wait(min(away.wait_s, WAIT_MOST_S))

    def _deliver(self, name: str, batch: Batch, stop: threading.Event) -> None:
        """Samples and refused lines are sent until the broker has them: a page read is not lost."""
        lines = encode("sip", batch.frame).splitlines()
        messages = list(zip(batch.frame["switch"].to_list(), lines, strict=True))
        hint = ""
        while not stop.is_set():
            try:
                if batch.rejects:
                    self.deadletters.write(batch.rejects)
                if messages:
                    self.sink.send(messages)
                self._say(name, hint, "")
                return
            except Disconnected as away:
                hint = self._say(name, hint, away.hint)
                stop.wait(min(away.wait_s, WAIT_MOST_S))

    def _say(self, name: str, before: str, hint: str) -> str:
        if hint != before:
            self.told(name, hint)
        return hint
