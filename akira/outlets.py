"""Whom others of tickets are told by: the topic of tickets, and the outlets of the settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from connectors.outlets.port import Outlet
from connectors.outlets.settings import OutletSettings
from connectors.store.outgoing import Outgoing
from pipeline.desk.contract import happening
from pipeline.desk.ticket import Ticket

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
