"""The journal of a replay: tickets in memory, by the same rules of the desk as the store keeps them by."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.ids import of_incident
from pipeline.desk.observe import observe, succeeds
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Incident
from pipeline.run import Checkpoint


class MemoryJournal:
    """Keeps nothing beyond the process: what a replay reads can be read again, so checkpoints are not taken."""

    def __init__(self, policy: DeskPolicy) -> None:
        self.policy = policy
        self.tickets: dict[str, Ticket] = {}
        """By id, in the order they were opened."""
        self.events: list[TicketEvent] = []
        self._lives: dict[str, list[str]] = {}

    def record(self, incidents: Sequence[Incident], checkpoint: Checkpoint | None) -> Sequence[TicketEvent]:
        """Let the desk observe each incident; the events that this made."""
        written: list[TicketEvent] = []
        for incident in incidents:
            events = self._observed(incident)
            if events:
                key = events[0].ticket_id
                self.tickets[key] = fold(events, self.tickets.get(key))
            written += events
        self.events += written
        return written

    def _observed(self, incident: Incident) -> list[TicketEvent]:
        lives = self._lives.setdefault(incident.id, [])
        ticket = self.tickets[lives[-1]] if lives else None
        if ticket is None or succeeds(ticket, incident, self.policy):
            earlier = tuple(lives)
            lives.append(of_incident(incident.id, len(lives) + 1))
            return observe(None, incident, self.policy, ticket_id=lives[-1], related=earlier)
        return observe(ticket, incident, self.policy)
