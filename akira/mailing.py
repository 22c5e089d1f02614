"""Mails of customers to the desk, each inlet in a thread of its own beside the live loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import structlog

from akira.beside import Outage, Work, beside
from akira.metrics import Metrics
from akira.wiring import Parts
from connectors.clock import now_ms
from connectors.errors import ConnectorError
from connectors.mail.addresses import is_address
from connectors.mail.door import MailDoor
from connectors.mail.dropdir import DropDir
from connectors.mail.imap import Imap
from connectors.mail.inlet import Inlet
from connectors.outlets.smtp import MailSettings
from connectors.store.ledger import Ledger
from pipeline.ports import Disconnected

WAIT_MOST_S: Final = 300.0


class Mailing:
    """One inlet and the door of the desk."""

    def __init__(self, inlet: Inlet, door: MailDoor, metrics: Metrics, poll_s: float) -> None:
        self._inlet, self._door, self._metrics, self._poll_s = inlet, door, metrics, poll_s
        self._outage = Outage(inlet.name, metrics)
        metrics.mail("refused", 0)

    def once(self, at_ms: int) -> bool:
        """Take what lies there; False when it cannot be reached."""
        log = structlog.get_logger("akira.mailing")
        try:
            for mail in self._inlet.waiting():
                taken = self._door.take(mail.raw, at_ms)
                self._metrics.mail(taken.outcome)
                log.info(taken.outcome, mail=mail.key, ticket=taken.ticket_id, why=taken.why)
                if taken.outcome == "refused":
                    self._inlet.failed(mail, taken.why)
                else:
                    self._inlet.done(mail)
        except (Disconnected, ConnectorError) as wrong:
            self._outage.told(str(wrong))
            return False
        self._outage.told("")
        return True

    def run(self, stop: threading.Event) -> None:
        """Look now and again until `stop` is set, less often while it cannot be reached."""
        tries = 0
        while not stop.is_set():
            tries = 0 if self.once(now_ms()) else min(tries + 1, 10)
            stop.wait(min(self._poll_s * 2**tries, max(WAIT_MOST_S, self._poll_s)))


@contextmanager
def mailing(parts: Parts, stop: threading.Event) -> Iterator[None]:
    """While the block runs the inlets of [mail] are looked at. A bug in it sets `stop` and is raised at the end."""
    settings = parts.settings.mail
    inlets: list[Inlet] = [DropDir(Path(settings.drop), settings.max_bytes)] if settings.drop else []
    if settings.imap.host:
        inlets.append(Imap(settings.imap, settings.max_bytes))
    own = {each.sender for each in parts.settings.outlet if isinstance(each, MailSettings)}
    own |= {settings.imap.user.lower()} if is_address(settings.imap.user) else set()
    with ExitStack() as closing:
        for inlet in inlets:
            closing.callback(inlet.close)
        door = MailDoor(parts.desk, Ledger(parts.store), parts.directory, parts.settings.policy, settings, own)
        works = [Work(inlet.name, Mailing(inlet, door, parts.metrics, settings.poll_s).run) for inlet in inlets]
        closing.enter_context(beside(works, stop))
        yield
