"""A store with a desk whose events go to one outlet, and the pump that sends them there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from akira.metrics import Metrics
from akira.outlets import Filtered
from akira.pump import Pump
from connectors.outlets.port import Outlet
from connectors.outlets.settings import OutletSettings
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from connectors.store.outgoing import Outgoing
from connectors.store.tickets import Tickets
from pipeline.desk.commands import Command
from pipeline.desk.policy import DeskPolicy
from pipeline.incidents import Incident
from tests.store.faults import MINUTE, incident

CONSOLE = "https://noc.example"


@dataclass
class Told:
    """Do something, then `send`; rows that failed are due again with `send(later)`."""

    store: Store
    desk: Desk
    journal: Journal
    outbox: Outbox
    pump: Pump
    test: Callable[[str], str]
    at_ms: int = 10 * MINUTE

    def happens(self, *incidents: Incident) -> str:
        """Telemetry finds something; the id of the first one's ticket."""
        self.journal.record(list(incidents) or [incident()], None)
        return self.desk.open_tickets()[0].id

    def do(self, ticket_id: str, command: Command, actor: str = "ann") -> None:
        self.at_ms += MINUTE
        assert self.desk.act(ticket_id, command, self.at_ms, actor) is None

    def send(self, later_ms: int = 0) -> None:
        """Pump until nothing more goes."""
        while self.pump.round(self.at_ms + later_ms):
            pass

    def dead(self) -> list[Outgoing]:
        return self.outbox.rows("dead")

    def waiting(self) -> list[Outgoing]:
        return self.outbox.rows("pending")


def plainly(settings: OutletSettings, store: Store) -> Outlet:
    """The outlet as most are opened."""
    return settings.open(CONSOLE)


@contextmanager
def told(
    settings: OutletSettings, folder: Path, opened: Callable[[OutletSettings, Store], Outlet] = plainly
) -> Iterator[Told]:
    """The outlet of `settings` behind a real outbox in `folder`."""
    store = Store.open(f"sqlite:///{folder}/akira.db")
    with closing(store), closing(opened(settings, store)) as outlet:
        policy, outbox = DeskPolicy(), Outbox(store)
        fan_out = lambda ticket, event: (settings.name,) if settings.wants(event) else ()  # noqa: E731 - one line
        pump = Pump(settings.name, Filtered(settings, outlet), outbox, Tickets(store), Metrics("0", lambda: 0.0))
        yield Told(
            store, Desk(store, policy, fan_out=fan_out), Journal(store, policy, fan_out), outbox, pump, outlet.test
        )
