"""What others must be told leaves here: due rows of the outbox, each to its target, in order for each ticket."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from akira.metrics import Metrics
from connectors.errors import ConnectorError
from connectors.store.outbox import Outbox, Outgoing
from connectors.store.tickets import Tickets
from pipeline.desk.contract import contract
from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected

AT_ONCE: Final = 100
KAFKA: Final = "kafka"


class Target(Protocol):
    """Somebody to tell. Raises Disconnected (try again) or ConnectorError (a person must look)."""

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
        self._sink.send([(ticket.id, message(outgoing.event, ticket))])
        return None


def message(event: TicketEvent, ticket: Ticket) -> bytes:
    """The ticket of the record contract as it was after `event`, and the event that made it so."""
    happened = {"seq": event.seq, "kind": event.kind, "at": event.at_ms, "actor": event.actor, "why": event.why}
    return json.dumps({**contract(ticket), **happened}, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Outlets:
    """The pump: `round` sends what is due and says whether there may be more."""

    outbox: Outbox
    tickets: Tickets
    targets: Mapping[str, Target]
    metrics: Metrics

    def round(self, now_ms: int) -> bool:
        """One pass over the targets. One that is away is left alone until its rows are due again."""
        busy = False
        for name, target in self.targets.items():
            for outgoing in self.outbox.due(now_ms, AT_ONCE, name):
                if not self._deliver(outgoing, target, now_ms):
                    break
                busy = True
        return busy

    def _deliver(self, outgoing: Outgoing, target: Target, now_ms: int) -> bool:
        try:
            remote = target.deliver(outgoing, self._then(outgoing.event))
        except Disconnected as away:
            outcome = self.outbox.failed(outgoing.id, away.hint, now_ms, jitter=random.random())
        except ConnectorError as wrong:
            outcome = self.outbox.failed(outgoing.id, wrong.message, now_ms, jitter=random.random())
        else:
            self.outbox.sent(outgoing.id, remote)
            self.metrics.delivery(outgoing.target, "delivered")
            return True
        self.metrics.delivery(outgoing.target, "dead" if outcome == "dead" else "retry")
        return False

    def _then(self, event: TicketEvent) -> Ticket:
        """The ticket as it was after `event`: the same message however late it is sent."""
        return fold([each for each in self.tickets.events(event.ticket_id) if each.seq <= event.seq])
