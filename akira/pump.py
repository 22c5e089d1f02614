"""What others must be told leaves here: due rows of the outbox, each to its target, in order for each ticket."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from akira.breaker import Breaker
from akira.metrics import Metrics
from akira.outlets import Target
from connectors.errors import ConnectorError
from connectors.outlets.port import Refused, Throttled
from connectors.store.outbox import Outbox
from connectors.store.outcomes import Outcome, again, dead, sent
from connectors.store.outgoing import Outgoing
from connectors.store.tickets import Tickets
from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected

AT_ONCE: Final = 100
TOGETHER_S: Final = 0.05
"""Outcomes within this time are kept in one transaction; what a crash loses of it is sent again, with the same keys."""
PERSON_MS: Final = 5 * 60_000
"""Between attempts while a person must look, such as at a refused token."""
_TOLD: Final = {"sent": "delivered", "pending": "retry", "dead": "dead"}


@dataclass
class Pump:
    """Sends what is due to one target."""

    name: str
    target: Target
    outbox: Outbox
    tickets: Tickets
    metrics: Metrics
    breaker: Breaker = field(default_factory=Breaker)

    def round(self, now_ms: int) -> bool:
        """One batch; whether anything was sent, so that there may be more. What follows a message that failed waits
        with it; other tickets go on, until the breaker opens."""
        busy, held, remotes = False, set[str](), dict[str, str]()
        due = () if self.breaker.open(now_ms) else self.outbox.due(now_ms, AT_ONCE, self.name)
        past = _Past(self.tickets, due)
        with self._keeping() as keep:
            for outgoing in due:
                ticket_id = outgoing.event.ticket_id
                if ticket_id in held:
                    continue
                known = replace(outgoing, remote_id=remotes.get(ticket_id, outgoing.remote_id))
                outcome = self._told(known, past.after(outgoing.event), now_ms)
                keep(outcome)
                if outcome.remote_id is not None:
                    remotes[ticket_id] = outcome.remote_id
                if outcome.state != "sent":
                    held.add(ticket_id)
                busy = busy or outcome.state == "sent"
                if self.breaker.open(now_ms):
                    break
        self.metrics.resting(self.name, self.breaker.open(now_ms))
        return busy

    def _told(self, outgoing: Outgoing, ticket: Ticket, now_ms: int) -> Outcome:
        try:
            remote = self.target.deliver(outgoing, ticket)
        except Throttled as busy:
            return self._later(outgoing, busy.hint, now_ms, round(busy.wait_s * 1000), rest=True)
        except Disconnected as away:
            return self._later(outgoing, away.hint, now_ms)
        except Refused as never:
            self.breaker.answered()
            return dead(outgoing.id, outgoing.attempts, never.message)
        except ConnectorError as wrong:
            return self._later(outgoing, wrong.message, now_ms, PERSON_MS)
        self.breaker.answered()
        return sent(outgoing.id, remote)

    def _later(
        self, outgoing: Outgoing, error: str, now_ms: int, wait_ms: int | None = None, *, rest: bool = False
    ) -> Outcome:
        self.breaker.failed(now_ms, wait_ms if rest else None)
        return again(outgoing.id, outgoing.attempts, error, now_ms, jitter=random.random(), wait_ms=wait_ms)

    @contextmanager
    def _keeping(self) -> Iterator[Callable[[Outcome], None]]:
        """Outcomes are kept soon, and at the end whatever happens."""
        open_: list[Outcome] = []
        since_s = time.monotonic()

        def settle() -> None:
            nonlocal since_s
            self.outbox.settle(open_)
            open_.clear()
            since_s = time.monotonic()

        def keep(outcome: Outcome) -> None:
            open_.append(outcome)
            self.metrics.delivery(self.name, _TOLD[outcome.state])
            if time.monotonic() - since_s >= TOGETHER_S:
                settle()

        try:
            yield keep
        finally:
            settle()


class _Past:
    """Tickets as they were after each event of a batch; the logs that this takes are read at once."""

    def __init__(self, tickets: Tickets, batch: Sequence[Outgoing]) -> None:
        later = {each.event.ticket_id for each in batch if each.event.seq > 1}
        self._logs = tickets.logs(later) if later else {}
        self._then: dict[str, Ticket] = {}

    def after(self, event: TicketEvent) -> Ticket:
        """The ticket as it was after `event`: the same message however late it is sent."""
        before = self._then.get(event.ticket_id)
        version = before.version if before else 0
        log = self._logs.get(event.ticket_id, [event])
        then = fold([each for each in log if version < each.seq <= event.seq], before)
        self._then[event.ticket_id] = then
        return then


def pumps(outbox: Outbox, tickets: Tickets, targets: Mapping[str, Target], metrics: Metrics) -> tuple[Pump, ...]:
    """One for each target: a slow one keeps no other waiting."""
    return tuple(Pump(name, target, outbox, tickets, metrics) for name, target in targets.items())
