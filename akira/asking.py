"""Tools that tell nobody by themselves are asked, each in a thread of its own, what people did there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from akira.chores import now_ms
from akira.metrics import Metrics
from akira.wiring import Parts
from connectors.errors import ConnectorError
from connectors.outlets.back import Back
from connectors.outlets.port import Poll
from pipeline.ports import Disconnected


@dataclass
class Asking:
    """One tool and the desk that does what it says."""

    name: str
    poll: Poll
    back: Back
    metrics: Metrics
    _hint: str = ""

    def once(self, at_ms: int) -> bool:
        """Ask, and do what was said; False when the tool is away or answers something else."""
        try:
            for said in self.poll.ask():
                self.back.take(said, at_ms)
        except (Disconnected, ConnectorError) as wrong:
            self._told(str(wrong))
            return False
        self.poll.taken()
        self._told("")
        return True

    def run(self, stop: threading.Event) -> None:
        """Ask now and again until `stop` is set."""
        while not stop.is_set():
            self.once(now_ms())
            stop.wait(self.poll.every_s)

    def _told(self, hint: str) -> None:
        """Said once for each outage."""
        log = structlog.get_logger("akira.asking")
        if hint and hint != self._hint:
            log.warning("waiting", outlet=self.name, reason=hint)
        elif self._hint and not hint:
            log.info("going on", outlet=self.name, after=self._hint)
        self._hint = hint
        self.metrics.source(self.name, not hint)


@contextmanager
def asking(parts: Parts, stop: threading.Event) -> Iterator[None]:
    """While the block runs every outlet that has a poll is asked. A bug in it sets `stop` and is raised at the end."""
    faults: list[BaseException] = []
    enough = threading.Event()

    def guarded(each: Asking) -> None:
        try:
            each.run(enough)
        except BaseException as fault:
            faults.append(fault)
            stop.set()

    with ExitStack() as closing:
        for settings in parts.settings.outlet:
            poll = settings.poll()
            if poll is None:
                continue
            closing.callback(poll.close)
            each = Asking(settings.name, poll, Back(settings, parts.desk, parts.outbox), parts.metrics)
            thread = threading.Thread(target=guarded, args=(each,), name=f"ask-{settings.name}", daemon=True)
            thread.start()
            closing.callback(thread.join)
        closing.callback(enough.set)
        yield
    if faults:
        raise faults[0]
