"""Mails in a real mailbox are taken once and moved; a server that is away or refuses is told with a hint."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from akira.mailing import Mailing, mailing
from akira.metrics import Metrics
from akira.settings import Settings
from akira.wiring import Parts
from connectors.errors import ConnectorError
from connectors.mail.door import MailDoor
from connectors.mail.imap import Imap
from connectors.mail.settings import ImapSettings, MailSettings
from pipeline.desk.policy import DeskPolicy
from pipeline.ports import Disconnected
from tests.mail.desk import DIRECTORY, MailDesk, mail
from tests.mail.imap_server import PASSWORD, USER, Mailbox, dovecot
from tests.monitoring.servers import until
from tests.ports import free_port

pytestmark = pytest.mark.imap


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with dovecot() as running:
        yield running


@pytest.fixture(autouse=True)
def emptied(mailbox: Mailbox) -> None:
    with mailbox.session() as session:
        for name in ("INBOX", "Akira-done", "Akira-failed"):
            status, count = session.select(name)
            if status == "OK":
                if count != [b"0"]:
                    session.store("1:*", "+FLAGS", r"(\Deleted)")
                session.close()
                if name != "INBOX":
                    session.delete(name)


def settings(server: Mailbox, **more: Any) -> ImapSettings:
    given = {"host": "127.0.0.1", "port": server.port, "ca_file": server.ca_file, "user": USER, "password": PASSWORD}
    return ImapSettings.model_validate(given | more)


def taking(mailbox: Mailbox, desk: MailDesk, **more: Any) -> tuple[Mailing, Metrics]:
    metrics, known = Metrics("0", lambda: 0.0), MailSettings(max_bytes=10_000)
    door = MailDoor(desk.desk, desk.ledger, DIRECTORY, DeskPolicy(), known)
    return Mailing(Imap(settings(mailbox, **more), known.max_bytes), door, metrics, 0.1), metrics


def test_what_comes_is_taken_and_moved(mailbox: Mailbox, desk: MailDesk) -> None:
    mailbox.deliver(mail("all calls fail", subject="one"))
    mailbox.deliver(mail("z" * 50_000, subject="two", message_id="<m-2@x>"))
    mailbox.deliver(mail(subject="robot", message_id="<m-3@x>", Auto_Submitted="auto-replied"))
    mailbox.deliver(b"Subject: broken\r\n\r\nno sender")
    each, metrics = taking(mailbox, desk)
    assert each.once(desk.at_ms)
    assert mailbox.subjects("INBOX") == []
    assert mailbox.subjects("Akira-done") == ["one", "two", "robot"]
    assert mailbox.subjects("Akira-failed") == ["broken"]
    first, second = sorted(desk.desk.open_tickets(), key=lambda ticket: ticket.summary)
    assert (first.summary, second.summary) == ("one", "two")
    assert second.intake.text.endswith("its end is missing.")
    page = metrics.page().decode()
    assert 'akira_mails_total{outcome="opened"} 2.0' in page and 'akira_source_up{source="mail-imap"} 1.0' in page


def test_starttls(mailbox: Mailbox, desk: MailDesk) -> None:
    mailbox.deliver(mail())
    each, _ = taking(mailbox, desk, tls="starttls", port=mailbox.starttls)
    assert each.once(desk.at_ms) and desk.count() == 1


def test_a_server_that_cannot_move_is_copied_from(
    mailbox: Mailbox, desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.deliver(mail(subject="one"))
    each, _ = taking(mailbox, desk)
    for capabilities in (b"IMAP4rev1", b"IMAP4rev1 UIDPLUS"):
        monkeypatch.setattr("imaplib.IMAP4.capability", lambda self, said=capabilities: ("OK", [said]))
        assert each.once(desk.at_ms) and each.once(desk.at_ms)
    assert mailbox.subjects("Akira-done") == ["one"] and desk.count() == 1
    mailbox.deliver(mail(subject="two", message_id="<m-2@x>"))
    assert each.once(desk.at_ms)
    assert mailbox.subjects("INBOX") == ["one"], "marked as deleted only, since it may not expunge what others marked"


def test_a_crash_between_taking_and_moving_makes_no_second_ticket(
    mailbox: Mailbox, desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.deliver(mail())
    each, metrics = taking(mailbox, desk)

    def away(self: Imap, given: object) -> None:
        raise Disconnected("gone")

    with monkeypatch.context() as patched:
        patched.setattr(Imap, "done", away)
        assert not each.once(desk.at_ms)
    assert 'akira_source_up{source="mail-imap"} 0.0' in metrics.page().decode()
    assert each.once(desk.at_ms) and desk.count() == 1
    assert mailbox.subjects("INBOX") == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"password": "wr0ng"}, "are \\[mail.imap\\] user, password"),
        ({"password": "n\xf6n-ascii"}, "must be ASCII"),
        ({"ca_file": None}, "ca_file names the certificate"),
        ({"ca_file": "/nowhere.pem"}, "cannot be read"),
        ({"mailbox": "Elsewhere"}, "there is no mailbox Elsewhere"),
    ],
)
def test_what_a_person_must_mend_is_told_without_the_secret(mailbox: Mailbox, more: dict[str, Any], says: str) -> None:
    with pytest.raises(ConnectorError, match=says) as told:
        list(Imap(settings(mailbox, **more), 10_000).waiting())
    assert "wr0ng" not in str(told.value) and PASSWORD not in str(told.value)


def test_a_server_that_is_away_is_waited_for(mailbox: Mailbox) -> None:
    with pytest.raises(Disconnected, match="ConnectionRefusedError"):
        list(Imap(settings(mailbox, port=free_port()), 10_000).waiting())


def test_it_runs_beside_the_loop_until_stopped(mailbox: Mailbox, desk: MailDesk) -> None:
    given = {"mail": {"poll_s": 0.1, "imap": settings(mailbox).model_dump()}}
    parts = Parts(Settings.model_validate(given), desk.store)
    with mailing(parts, threading.Event()):
        mailbox.deliver(mail("calls fail", message_id="<live@x>"))
        until("the mail is a ticket", desk.desk.open_tickets)
        until("and out of the way", lambda: mailbox.subjects("Akira-done"))


def test_a_password_in_clear_text_leaves_the_loopback_never() -> None:
    with pytest.raises(ValidationError, match="clear text"):
        ImapSettings(host="imap.example", tls="none")
    with pytest.raises(ValidationError, match="three mailboxes"):
        ImapSettings(done="INBOX")
