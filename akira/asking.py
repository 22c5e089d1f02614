"""Tools that tell nobody by themselves are asked, each in a thread of its own, what people did there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from akira.beside import Outage, Work, beside
from akira.metrics import Metrics
from akira.wiring import Parts
from connectors.clock import now_ms
from connectors.errors import ConnectorError
from connectors.outlets.back import Back
from connectors.outlets.port import Poll
from pipeline.ports import Disconnected


class Asking:
    """One tool and the desk that does what it says."""

    def __init__(self, name: str, poll: Poll, back: Back, metrics: Metrics) -> None:
        self._poll, self._back, self._outage = poll, back, Outage(name, metrics)

    def once(self, at_ms: int) -> bool:
        """Ask, and do what was said; False when the tool is away or answers something else."""
        try:
            for said in self._poll.ask():
                self._back.take(said, at_ms)
        except (Disconnected, ConnectorError) as wrong:
            self._outage.told(str(wrong))
            return False
        self._poll.taken()
        self._outage.told("")
        return True

    def run(self, stop: threading.Event) -> None:
        """Ask now and again until `stop` is set."""
        while not stop.is_set():
            self.once(now_ms())
            stop.wait(self._poll.every_s)


@contextmanager
def asking(parts: Parts, stop: threading.Event) -> Iterator[None]:
    """While the block runs every outlet that has a poll is asked. A bug in it sets `stop` and is raised at the end."""
    with ExitStack() as closing:
        works = []
        for settings in parts.settings.outlet:
            if (poll := settings.poll()) is not None:
                closing.callback(poll.close)
                back = Back(settings, parts.desk, parts.outbox)
                works.append(Work(f"ask-{settings.name}", Asking(settings.name, poll, back, parts.metrics).run))
        closing.enter_context(beside(works, stop))
        yield
