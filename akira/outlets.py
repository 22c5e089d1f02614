"""What others must be told leaves here: due rows of the outbox, each to its target, in order for each ticket."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from akira.breaker import Breaker
from akira.metrics import Metrics
from connectors.errors import ConnectorError
from connectors.outlets.port import Outlet, Refused, Throttled
from connectors.outlets.settings import OutletSettings
from connectors.store.outbox import Outbox, Outgoing
from connectors.store.tickets import Tickets
from pipeline.desk.contract import happening
from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected

AT_ONCE: Final = 100
PERSON_MS: Final = 5 * 60_000
"""Between attempts while a person must look, such as at a refused token."""
KAFKA: Final = "kafka"


class Target(Protocol):
    """Somebody to tell; what it raises is told in `connectors.outlets.port.Outlet`."""

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str | None:
        """Tell of one event; `ticket` is as it was after it. What the other side calls the ticket, if it says so."""
        ...


class Sender(Protocol):
    """`connectors.kafka.sinks.KafkaSink`."""

    def send(self, messages: Sequence[tuple[str, bytes]]) -> None: ...


class TicketTopic:
    """Tickets to Kafka. The key is the ticket, so that its events stay in order and a compacted topic keeps the last;
    (`id`, `seq`) in the value is what tells a second delivery."""

    def __init__(self, sink: Sender) -> None:
        self._sink = sink

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str | None:
        """Send and wait for the brokers."""
        told = json.dumps(happening(outgoing.event, ticket), ensure_ascii=False, separators=(",", ":"))
        self._sink.send([(ticket.id, told.encode())])
        return None


@dataclass(frozen=True)
class Filtered:
    """An outlet that is told only of the tickets that its settings ask for; the rest counts as told."""

    settings: OutletSettings
    outlet: Outlet

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str | None:
        """Tell, or leave it out."""
        if not self.settings.hears(ticket, outgoing.event, outgoing.remote_id is not None):
            return None
        return self.outlet.deliver(outgoing, ticket)


class _Past:
    """Tickets as they were after each of their events; the log of a ticket is read once for a batch."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets
        self._known: dict[str, tuple[deque[TicketEvent], Ticket | None]] = {}

    def after(self, event: TicketEvent) -> Ticket:
        """The ticket as it was after `event`: the same message however late it is sent."""
        known = self._known.get(event.ticket_id)
        rest, ticket = known if known else (deque(self._tickets.events(event.ticket_id)), None)
        more: list[TicketEvent] = []
        while rest and rest[0].seq <= event.seq:
            more.append(rest.popleft())
        then = fold(more, ticket)
        self._known[event.ticket_id] = (rest, then)
        return then


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
        past, busy = _Past(self.tickets), False
        held: set[str] = set()
        remotes: dict[str, str] = {}
        due = () if self.breaker.open(now_ms) else self.outbox.due(now_ms, AT_ONCE, self.name)
        for outgoing in due:
            ticket_id = outgoing.event.ticket_id
            if ticket_id in held:
                continue
            known = replace(outgoing, remote_id=remotes.get(ticket_id, outgoing.remote_id))
            outcome = self._deliver(known, past.after(outgoing.event), now_ms, remotes)
            self.metrics.delivery(self.name, outcome)
            busy = busy or outcome == "delivered"
            if outcome != "delivered":
                held.add(ticket_id)
            if self.breaker.open(now_ms):
                break
        self.metrics.resting(self.name, self.breaker.open(now_ms))
        return busy

    def _deliver(self, outgoing: Outgoing, ticket: Ticket, now_ms: int, remotes: dict[str, str]) -> str:
        try:
            remote = self.target.deliver(outgoing, ticket)
        except Disconnected as away:
            asked_ms = round(away.wait_s * 1000) if isinstance(away, Throttled) else None
            return self._failed(outgoing, away.hint, now_ms, asked_ms)
        except Refused as never:
            self.breaker.answered()
            self.outbox.bury(outgoing.id, never.message)
            return "dead"
        except ConnectorError as wrong:
            return self._failed(outgoing, wrong.message, now_ms, None, PERSON_MS)
        self.breaker.answered()
        self.outbox.sent(outgoing.id, remote)
        if remote is not None:
            remotes[outgoing.event.ticket_id] = remote
        return "delivered"

    def _failed(
        self, outgoing: Outgoing, error: str, now_ms: int, asked_ms: int | None, slowly_ms: int | None = None
    ) -> str:
        self.breaker.failed(now_ms, asked_ms)
        wait_ms = asked_ms if asked_ms is not None else slowly_ms
        state = self.outbox.failed(outgoing.id, error, now_ms, jitter=random.random(), wait_ms=wait_ms)
        return "dead" if state == "dead" else "retry"


def pumps(outbox: Outbox, tickets: Tickets, targets: Mapping[str, Target], metrics: Metrics) -> tuple[Pump, ...]:
    """One for each target: a slow one keeps no other waiting."""
    return tuple(Pump(name, target, outbox, tickets, metrics) for name, target in targets.items())
