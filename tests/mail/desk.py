"""A desk behind the door for mails, and mails for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from connectors.mail.door import MailDoor, Taken
from connectors.mail.settings import MailSettings
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.ledger import Ledger
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.directory import Customer, Directory

NOW = 1_795_960_800_000
"""2026-11-29 14:00 UTC."""
MINUTE = 60_000
OURS = "noc@carrier.example"
DIRECTORY = Directory(
    customers=(
        Customer(
            id="acme",
            name="Acme Telecom Ltd",
            major=True,
            accounts=("A-17", "A-18"),
            trunks=("acme-t1", "acme-t2"),
            contact="Noc <noc@acme.example>, voice@acme.example",
        ),
        Customer(id="bell", name="Bell", contact="bell.noc@gmail.com", accounts=("B-1",)),
    )
)


def mail(
    text: str = "calls fail",
    *,
    sender: str = "Ann <ann@acme.example>",
    subject: str = "Calls to Germany fail",
    message_id: str | None = "<m-1@acme.example>",
    **headers: str,
) -> bytes:
    """A person's mail; `headers` are added, `_` in their names is `-`."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, OURS, subject
    made["Date"] = "Sun, 29 Nov 2026 13:58:00 +0000"
    if message_id is not None:
        made["Message-ID"] = message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


@dataclass
class MailDesk:
    """The door, and what lies behind it."""

    store: Store
    desk: Desk
    ledger: Ledger
    door: MailDoor
    at_ms: int = NOW

    def take(self, raw: bytes) -> Taken:
        self.at_ms += MINUTE
        return self.door.take(raw, self.at_ms)

    def opened(self, raw: bytes) -> Ticket:
        """The ticket that a mail must open."""
        taken = self.take(raw)
        assert taken.outcome == "opened", taken
        return self.ticket(taken.ticket_id)

    def ticket(self, ticket_id: str) -> Ticket:
        found = self.desk.ticket(ticket_id)
        assert found is not None
        return found

    def count(self) -> int:
        return len(self.desk.open_tickets())


@contextmanager
def mail_desk(folder: Path, directory: Directory = DIRECTORY, **settings: Any) -> Iterator[MailDesk]:
    """A desk of its own in `folder`."""
    store, policy = Store.open(f"sqlite:///{folder}/akira.db"), DeskPolicy()
    with closing(store):
        desk, ledger = Desk(store, policy, directory), Ledger(store)
        door = MailDoor(desk, ledger, directory, policy, MailSettings(**settings), own=(OURS,))
        yield MailDesk(store, desk, ledger, door)
