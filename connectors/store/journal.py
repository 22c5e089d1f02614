"""The journal of telemetry: what incidents did to tickets, and where to go on after a crash, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from connectors.store import schema as s
from connectors.store.append import FanOut, InTransaction, append, nobody
from connectors.store.engine import Store
from connectors.store.silences import at
from pipeline.desk.book import enter
from pipeline.desk.events import TicketEvent
from pipeline.desk.policy import DeskPolicy
from pipeline.incidents import Incident
from pipeline.run import Checkpoint


class Journal:
    """Keeps the tickets of telemetry; `pipeline.run.Journal` in a database."""

    def __init__(self, store: Store, policy: DeskPolicy, fan_out: FanOut = nobody) -> None:
        self._store, self._policy, self._fan_out = store, policy, fan_out

    def record(self, incidents: Sequence[Incident], checkpoint: Checkpoint | None) -> list[TicketEvent]:
        """Observe each revision in order and keep the checkpoint; all of it or nothing. Revisions already seen change
        nothing, so records that are read again after a crash double no ticket."""
        written: list[TicketEvent] = []
        with self._store.writing() as connection:
            tickets = InTransaction(connection)
            for incident in incidents:
                quiet = at(connection, incident.at_ms)
                written += append(connection, enter(incident, tickets, self._policy, quiet), self._fan_out)
            if checkpoint is not None:
                _keep(connection, checkpoint)
        return written

    def checkpoint(self) -> Checkpoint | None:
        """The last checkpoint, None before the first."""
        with self._store.reading() as connection:
            newest = connection.execute(select(s.SNAPSHOTS).order_by(s.SNAPSHOTS.c.id.desc()).limit(1)).one_or_none()
            positions = connection.execute(select(s.POSITIONS.c.source, s.POSITIONS.c.next)).tuples().all()
        return None if newest is None else Checkpoint(bytes(newest.watch), dict(positions), newest.clock_ms)


def _keep(connection: Connection, checkpoint: Checkpoint) -> None:
    connection.execute(delete(s.POSITIONS))
    rows = [{"source": source, "next": next_} for source, next_ in checkpoint.positions.items()]
    if rows:
        connection.execute(insert(s.POSITIONS), rows)
    connection.execute(delete(s.SNAPSHOTS))
    connection.execute(insert(s.SNAPSHOTS).values(clock_ms=checkpoint.clock_ms, watch=checkpoint.snapshot))
