"""A row of the outbox as targets are given it."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.store.outcomes import State
from pipeline.desk.events import TicketEvent


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event for one target. `key` is the idempotency key the other side is told."""

    id: int
    target: str
    event: TicketEvent
    state: State
    attempts: int
    next_at_ms: int
    remote_id: str | None
    """What the target calls this ticket, if it said so before."""
    last_error: str

    @property
    def key(self) -> str:
        """Stable over retries and restarts."""
        return f"{self.event.ticket_id}:{self.event.seq}:{self.target}"
