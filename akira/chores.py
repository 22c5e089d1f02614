"""What must happen by the clock on the wall beside the loop: the outbox, pages on the rota, gauges of the desk."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from akira.metrics import Metrics
from akira.outlets import Outlets
from akira.slice_metrics import figures_of
from connectors.store.door import Desk
from connectors.store.outbox import Outbox

PAUSE_S: Final = 0.25
DESK_EVERY_S: Final = 5.0


@dataclass
class Chores:
    """One thread. A fault in it is a bug: it is handed to `failed`, which ends the program."""

    outlets: Outlets
    desk: Desk
    outbox: Outbox
    metrics: Metrics
    failed: Callable[[BaseException], None]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run while the block does, and once more after it, so that what the last batch caused is sent."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,), name="chores", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        next_desk_s = 0.0
        try:
            while not stop.is_set():
                busy = self.outlets.round(now_ms())
                if time.monotonic() >= next_desk_s:
                    next_desk_s = time.monotonic() + DESK_EVERY_S
                    self._desk()
                if not busy:
                    stop.wait(PAUSE_S)
            while self.outlets.round(now_ms()):
                pass
            self._desk()
        except BaseException as fault:
            self.failed(fault)

    def _desk(self) -> None:
        at_ms = now_ms()
        self.desk.escalate(at_ms)
        tickets = self.desk.open_tickets()
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


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000
