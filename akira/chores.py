"""What must happen by the clock on the wall beside the loop: the outbox, pages on the rota, gauges of the desk."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from akira.metrics import Metrics
from akira.pump import Pump
from akira.slice_metrics import figures_of
from connectors.clock import now_ms
from connectors.store.door import Desk
from connectors.store.outbox import Outbox

PAUSE_S: Final = 0.25
DESK_EVERY_S: Final = 5.0
PRUNE_EVERY_MS: Final = 3_600_000
PRUNE_AT_ONCE: Final = 1_000
"""Messages forgotten in one transaction; while there are more, as many each time that the desk is looked after."""


@dataclass
class Chores:
    """A thread for the desk and one for each target. A fault in one is a bug: `failed` is told and ends the program."""

    pumps: Sequence[Pump]
    desk: Desk
    outbox: Outbox
    metrics: Metrics
    failed: Callable[[BaseException], None]
    keep_sent_ms: int
    """So long after its event a message that its target took is kept."""
    _prune_at_ms: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run while the block does, and once more after it, so that what the last batch caused is sent."""
        stop = threading.Event()
        works = [partial(self._keep_desk, stop), *(partial(_keep_pumping, pump, stop) for pump in self.pumps)]
        threads = [threading.Thread(target=self._run, args=(work,), name="chores", daemon=True) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            self._run(self._desk)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as fault:
            self.failed(fault)

    def _keep_desk(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._desk()
            stop.wait(DESK_EVERY_S)

    def _desk(self) -> None:
        at_ms = now_ms()
        tickets = self.desk.open_tickets()
        self.desk.escalate(at_ms, tickets)
        self.metrics.tickets(Counter((ticket.severity, str(ticket.ticket_type)) for ticket in tickets))
        active = [ticket for ticket in tickets if ticket.telemetry_active]
        self.metrics.incidents(Counter(signal for ticket in active for signal in ticket.signals))
        self.metrics.slices(figures_of(active))
        owing = [t for t in tickets if t.first_response is None and t.first_response_due_ms < at_ms]
        late = [t for t in tickets if t.next_update_due_ms is not None and t.next_update_due_ms < at_ms]
        self.metrics.overdue(len(owing), len(late))
        counts = self.outbox.counts()
        targets = {target for target, _ in counts}
        pairs = {each: (counts.get((each, "pending"), 0), counts.get((each, "dead"), 0)) for each in targets}
        self.metrics.outbox(pairs)
        self._prune(at_ms)

    def _prune(self, at_ms: int) -> None:
        """Forget old messages, the first time at the start."""
        if at_ms >= self._prune_at_ms:
            forgotten = self.outbox.prune(at_ms - self.keep_sent_ms, PRUNE_AT_ONCE)
            self._prune_at_ms = at_ms if forgotten == PRUNE_AT_ONCE else at_ms + PRUNE_EVERY_MS


def _keep_pumping(pump: Pump, stop: threading.Event) -> None:
    while not stop.is_set():
        if not pump.round(now_ms()):
            stop.wait(PAUSE_S)
    while not pump.breaker.failures and pump.round(now_ms()):
        pass
