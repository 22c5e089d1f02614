"""Notices by SMTP to a real server: what is sent, and what becomes of every fault of the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from akira.mail_outlets import opened_outlet
from connectors.outlets.kinds import AnyOutlet
from connectors.outlets.settings import OutletSettings
from pipeline.desk.commands import AddNote, Resolve
from pipeline.directory import Directory
from tests.mail.post import PASSWORD, USER, Post, posting, trust
from tests.outlets.desk import CONSOLE, Told, told
from tests.ports import free_port
from tests.web.conftest import incident

ANY: TypeAdapter[OutletSettings] = TypeAdapter(AnyOutlet)


def settings(port: int, **more: Any) -> OutletSettings:
    given = {
        "kind": "smtp",
        "name": "mail",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "sender": "Akira@noc.example",
        **({} if "kind" in more else {"to": ["lead@noc.example", "duty@noc.example"]}),
        **more,
    }
    return ANY.validate_python(given)


@pytest.fixture
def noc(tmp_path: Path) -> Iterator[Callable[..., Told]]:
    """Makes a desk whose events go to a server by settings of the test's own."""
    with ExitStack() as closing:

        def make(port: int, **more: Any) -> Told:
            opened = lambda known, store: opened_outlet(known, CONSOLE, store, Directory())  # noqa: E731 - one line
            return closing.enter_context(told(settings(port, **more), tmp_path, opened))

        yield make


@pytest.fixture
def post() -> Iterator[Post]:
    with posting() as made:
        yield made


def test_a_ticket_is_one_thread_with_its_picture(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port)
    ticket = desk.happens(incident())
    desk.do(ticket, AddNote("an inner thought"))
    desk.do(ticket, Resolve("rerouted", override=True))
    desk.send()
    first, last = post.mails
    assert first["Subject"] == f"[AKI-{ticket}] SEV1 term-05 rejects calls to Germany-Mobile"
    assert first["To"] == "lead@noc.example, duty@noc.example" and first["From"] == "akira@noc.example"
    assert first["Auto-Submitted"] == "auto-generated" and first["In-Reply-To"] is None
    assert last["In-Reply-To"] == last["References"] == first["Message-ID"] != last["Message-ID"]
    body = first.get_body()
    assert body is not None
    text = body.get_content()
    assert "Customers: big, acme" in text and f"{CONSOLE}/tickets/{ticket}" in text
    assert "rerouted" in last.get_body().get_content()  # type: ignore[union-attr]
    (picture,) = first.iter_attachments()
    assert picture.get_content_type() == "image/png" and picture.get_content()[:8] == b"\x89PNG\r\n\x1a\n"
    assert not any("inner thought" in str(mail) for mail in post.mails)
    assert desk.waiting() == desk.dead() == []


def test_starttls_and_log_in(tmp_path: Path, noc: Callable[..., Told]) -> None:
    safe = trust(tmp_path)
    with posting(starttls=safe.server, log_in=True) as post:
        desk = noc(post.port, tls="starttls", ca_file=safe.ca_file, user=USER, password=PASSWORD)
        desk.happens()
        desk.send()
        assert len(post.mails) == 1 and post.sessions[0].ssl and post.sessions[0].authenticated


def test_tls_from_the_first_byte(tmp_path: Path, noc: Callable[..., Told]) -> None:
    safe = trust(tmp_path)
    with posting(tls=safe.server) as post:
        desk = noc(post.port, tls="tls", ca_file=safe.ca_file)
        desk.happens()
        desk.send()
        assert len(post.mails) == 1


def test_a_server_whose_certificate_is_not_known_gets_nothing(tmp_path: Path, noc: Callable[..., Told]) -> None:
    safe = trust(tmp_path)
    with posting(starttls=safe.server, log_in=True) as post:
        desk = noc(post.port, tls="starttls", user=USER, password=PASSWORD)
        desk.happens()
        desk.send()
        (waiting,) = desk.waiting()
        assert "ca_file" in waiting.last_error and waiting.next_at_ms >= desk.at_ms + 60_000
        assert post.mails == []


def test_a_certificate_of_another_name_is_refused(tmp_path: Path, noc: Callable[..., Told]) -> None:
    safe = trust(tmp_path, "mx.elsewhere.example")
    with posting(tls=safe.server) as post:
        desk = noc(post.port, tls="tls", ca_file=safe.ca_file)
        desk.happens()
        desk.send()
        assert "ca_file" in desk.waiting()[0].last_error and post.mails == []


def test_a_server_without_starttls_gets_nothing(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port, tls="starttls")
    desk.happens()
    desk.send()
    assert "STARTTLS" in desk.waiting()[0].last_error and post.mails == []


def test_a_refused_log_in_waits_for_a_person_and_shows_no_secret(tmp_path: Path, noc: Callable[..., Told]) -> None:
    safe = trust(tmp_path)
    with posting(starttls=safe.server, log_in=True) as post:
        desk = noc(post.port, tls="starttls", ca_file=safe.ca_file, user=USER, password="wr0ng-secret")
        desk.happens()
        desk.send()
        (waiting,) = desk.waiting()
        assert "535" in waiting.last_error and "are user and password right?" in waiting.last_error
        assert waiting.next_at_ms >= desk.at_ms + 60_000 and "wr0ng-secret" not in waiting.last_error


@pytest.mark.parametrize("fault", ["451 greylisted", "421 closing", "452 4.3.1 full"])
def test_a_temporary_failure_is_tried_again(post: Post, noc: Callable[..., Told], fault: str) -> None:
    desk = noc(post.port)
    post.faults.append(fault)
    desk.happens()
    desk.send()
    (waiting,) = desk.waiting()
    assert fault[:3] in waiting.last_error and waiting.attempts == 1
    desk.send(later_ms=60_000)
    assert len(post.mails) == 1 and desk.waiting() == []


def test_what_it_will_never_take_is_a_dead_letter_in_its_words(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port)
    post.faults.append("554 5.7.1 looks like spam")
    desk.happens()
    desk.send()
    assert "554 5.7.1 looks like spam" in desk.dead()[0].last_error


def test_no_answer_after_the_message_makes_no_second_mail_of_another_name(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port, timeout_s=3)
    post.faults.append("late")
    desk.happens()
    desk.send()
    assert "timed out" in desk.waiting()[0].last_error
    desk.send(later_ms=60_000)
    first, second = post.ids()
    assert first == second, "whoever gets it twice sees that it is the same"
    assert post.mails[0]["Date"] == post.mails[1]["Date"] and desk.waiting() == []


def test_a_recipient_that_is_busy_keeps_the_mail_from_all(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port)
    post.recipients["duty@noc.example"] = "450 try later"
    desk.happens()
    desk.send()
    assert post.mails == [] and "450 try later" in desk.waiting()[0].last_error
    post.recipients.clear()
    desk.send(later_ms=60_000)
    assert post.envelopes[0].rcpt_tos == ["lead@noc.example", "duty@noc.example"]


def test_a_recipient_that_is_no_more_is_told_while_the_others_have_it(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port)
    post.recipients["duty@noc.example"] = "550 no such user"
    desk.happens()
    desk.send()
    assert post.envelopes[0].rcpt_tos == ["lead@noc.example"]
    (dead,) = desk.dead()
    assert "duty@noc.example: 550 no such user" in dead.last_error and "lead@" not in dead.last_error


def test_a_sender_that_is_refused_waits_for_a_person(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port)
    post.senders["akira@noc.example"] = "550 not yours"
    desk.happens()
    desk.send()
    assert "550 not yours" in desk.waiting()[0].last_error
    assert desk.waiting()[0].next_at_ms >= desk.at_ms + 60_000


def test_a_server_that_is_away_is_tried_again(noc: Callable[..., Told]) -> None:
    desk = noc(free_port())
    desk.happens()
    desk.send()
    assert "ConnectionRefusedError" in desk.waiting()[0].last_error


def test_words_of_others_make_no_header(post: Post, noc: Callable[..., Told]) -> None:
    desk = noc(post.port)
    desk.happens(incident(summary="calls fail\r\nBcc: eve@else.example\r\n\r\nStörung"))
    desk.send()
    (mail,) = post.mails
    assert mail["Bcc"] is None and "Bcc: eve@else.example" in mail["Subject"] and "Störung" in mail["Subject"]


def test_the_test_message_says_what_it_is(post: Post, noc: Callable[..., Told]) -> None:
    assert "lead@noc.example" in noc(post.port).test("Akira: this is a test")
    assert "this is a test" in post.mails[0].get_content()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"host": "mx.example"}, "clear text"),
        ({"user": "u"}, "user and password"),
        ({"sender": "Akira <a@b.example>"}, "no mail address"),
        ({"to": ["nobody"]}, "no mail address"),
        ({"to": ["a@b.example\r\nBcc: c@d.example"]}, "no mail address"),
        ({"to": []}, "at least 1"),
    ],
)
def test_settings_that_cannot_work_are_refused(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        settings(25, **more)
