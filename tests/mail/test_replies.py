"""Customers get receipts, responses and the end by mail, in their own thread; what is said inside stays there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from akira.mail_outlets import opened_outlet
from connectors.mail.door import MailDoor
from connectors.mail.settings import MailSettings
from connectors.store.ledger import Ledger
from pipeline.desk.commands import Acknowledge, AddNote, Open, Resolve, Respond, SetRootCause
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Intake
from tests.mail.desk import DIRECTORY, MINUTE, mail
from tests.mail.post import Post, posting
from tests.mail.test_smtp import settings
from tests.outlets.desk import CONSOLE, Told, told
from tests.web.conftest import incident

HOUR = 60 * MINUTE


@pytest.fixture
def post() -> Iterator[Post]:
    with posting() as made:
        yield made


@pytest.fixture
def noc(tmp_path: Path, post: Post) -> Iterator[Callable[..., Told]]:
    """Makes a desk that writes to customers, by settings of the test's own."""
    with ExitStack() as closing:

        def make(**more: Any) -> Told:
            given: dict[str, Any] = {
                "kind": "customer_mail",
                "name": "replies",
                "sender": "noc@carrier.example",
                **more,
            }
            known = settings(post.port, **given)
            opened = lambda known, store: opened_outlet(known, CONSOLE, store, DIRECTORY)  # noqa: E731 - one line
            return closing.enter_context(told(known, tmp_path, opened))

        yield make


def door(noc: Told) -> MailDoor:
    own = ("noc@carrier.example",)
    return MailDoor(noc.desk, Ledger(noc.store), DIRECTORY, DeskPolicy(), MailSettings(), own)


def answer(noc: Told, ticket_id: str, text: str, stance: Any = "under_investigation") -> None:
    noc.do(ticket_id, Respond(text, stance, noc.at_ms + HOUR))


def body(post: Post, place: int = -1) -> str:
    part = post.mails[place].get_body()
    assert part is not None
    return str(part.get_content())


def test_a_mail_its_receipt_the_reply_and_the_answer_are_one_thread(noc: Callable[..., Told], post: Post) -> None:
    desk = noc()
    taken = door(desk).take(mail("calls to Germany fail", message_id="<m-1@acme.example>"), desk.at_ms)
    desk.send()
    receipt = post.mails[0]
    assert receipt["To"] == "ann@acme.example" and receipt["Auto-Submitted"] == "auto-replied"
    assert receipt["Subject"] == f"Re: [AKI-{taken.ticket_id}] Calls to Germany fail"
    assert receipt["In-Reply-To"] == receipt["References"] == "<m-1@acme.example>"
    assert "which account" in body(post) and "examples" in body(post) and taken.ticket_id in body(post)

    answer(desk, taken.ticket_id, "We are looking.")
    desk.send()
    reply = post.mails[1]
    assert reply["Auto-Submitted"] is None, "a person wrote it"
    assert reply["In-Reply-To"] == "<m-1@acme.example>"
    assert "We are looking." in body(post) and "Next update by" in body(post) and "is received" in body(post)

    back = mail("Account: A-17", message_id="<m-2@acme.example>", In_Reply_To=reply["Message-ID"])
    assert door(desk).take(back, desk.at_ms).ticket_id == taken.ticket_id
    answer(desk, taken.ticket_id, "Thank you.")
    desk.send()
    assert post.mails[2]["In-Reply-To"] == "<m-2@acme.example>"
    thread = post.mails[2]["References"].split()
    assert thread == [receipt["Message-ID"], "<m-1@acme.example>", "<m-2@acme.example>"]


def test_our_own_mails_that_come_back_open_nothing(noc: Callable[..., Told], post: Post) -> None:
    desk = noc()
    door(desk).take(mail(), desk.at_ms)
    desk.send()
    assert door(desk).take(post.mails[0].as_bytes(), desk.at_ms).outcome == "ignored"
    assert len(desk.desk.open_tickets()) == 1


def test_an_answer_of_a_program_to_the_receipt_goes_no_further(noc: Callable[..., Told], post: Post) -> None:
    desk = noc()
    taken = door(desk).take(mail(), desk.at_ms)
    desk.send()
    robot = mail("I am away", message_id="<robot@acme.example>", In_Reply_To=post.mails[0]["Message-ID"])
    assert door(desk).take(robot, desk.at_ms).ticket_id == taken.ticket_id, "without marks it is taken as a person's"
    desk.send()
    assert len(post.mails) == 1, "but no mail answers it"


def test_receipts_can_be_left_out(noc: Callable[..., Told], post: Post) -> None:
    desk = noc(receipts=False)
    door(desk).take(mail(), desk.at_ms)
    desk.send()
    assert post.mails == [] and desk.dead() == desk.waiting() == []


def test_what_is_said_inside_stays_inside(noc: Callable[..., Told], post: Post) -> None:
    desk = noc(receipts=False)
    ticket = door(desk).take(mail(), desk.at_ms).ticket_id
    desk.do(ticket, Acknowledge())
    desk.do(ticket, AddNote("SECRET: supplier is bankrupt"))
    desk.do(ticket, SetRootCause("SECRET: we forgot the invoice"))
    answer(desk, ticket, "We have rerouted your calls.")
    desk.do(ticket, Resolve("SECRET reason"))
    desk.send()
    assert len(post.mails) == 2
    assert "The service is restored." in body(post) and post.mails[1]["Auto-Submitted"] is None
    assert not any("SECRET" in str(each) for each in post.mails)


def test_nobody_hears_of_the_end_who_did_not_hear_of_the_fault(noc: Callable[..., Told], post: Post) -> None:
    desk = noc()
    ticket = desk.happens(incident())
    desk.do(ticket, Resolve("over", override=True))
    desk.send()
    assert post.mails == [] and desk.waiting() == desk.dead() == []


def test_an_incident_is_told_to_the_contacts_of_its_customers_unseen_by_each_other(
    noc: Callable[..., Told], post: Post
) -> None:
    desk = noc()
    ticket = desk.happens(incident())
    answer(desk, ticket, "Calls to Germany fail, we reroute.")
    desk.send()
    (sent,), (envelope,) = post.mails, post.envelopes
    assert envelope.rcpt_tos == ["noc@acme.example", "voice@acme.example"], "big has no contact"
    assert sent["Subject"] == f"[AKI-{ticket}] call completion or quality", "no supplier is named"
    assert sent["To"] == "undisclosed-recipients:;" and "acme" not in f"{sent.items()} {body(post)}"
    (picture,) = sent.iter_attachments()
    assert picture.get_content_type() == "image/png"
    desk.do(ticket, Resolve("rerouted", override=True))
    desk.send()
    assert post.mails[1]["In-Reply-To"] == sent["Message-ID"]


def test_many_customers_are_told_in_parts_of_which_one_may_fail(
    noc: Callable[..., Told], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.outlets.customer_mail.RECIPIENTS", 1)
    post.recipients |= {"noc@acme.example": "550 no such user", "voice@acme.example": "450 later"}
    desk = noc()
    ticket = desk.happens(incident())
    answer(desk, ticket, "Calls to Germany fail, we reroute.")
    desk.send()
    assert "voice@acme.example: 450 later" in desk.waiting()[0].last_error
    del post.recipients["voice@acme.example"]
    desk.send(later_ms=HOUR)
    assert [each.rcpt_tos for each in post.envelopes] == [["voice@acme.example"]]
    assert "noc@acme.example: 550" in desk.dead()[0].last_error


def test_a_part_that_comes_again_is_the_same_mail(
    noc: Callable[..., Told], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.outlets.customer_mail.RECIPIENTS", 1)
    post.recipients["voice@acme.example"] = "450 later"
    desk = noc()
    answer(desk, desk.happens(incident()), "Calls to Germany fail, we reroute.")
    desk.send()
    post.recipients.clear()
    desk.send(later_ms=HOUR)
    assert [each.rcpt_tos[0].partition("@")[0] for each in post.envelopes] == ["noc", "noc", "voice"]
    first, again, other = post.ids()
    assert first == again != other


def test_a_reporter_by_mail_is_written_to_alone(noc: Callable[..., Told], post: Post) -> None:
    desk = noc()
    intake = Intake(customer="acme", reporter="Ann Example <Ann@Acme.Example>")
    ticket = desk.desk.open(Open("billing", "Invoice 7", intake), desk.at_ms, "bob")
    assert isinstance(ticket, str)
    answer(desk, ticket, "We look at it.")
    desk.send()
    assert [each.rcpt_tos for each in post.envelopes] == [["ann@acme.example"]], (
        "and no receipt: it came by the console"
    )


def test_a_reply_to_nobody_is_a_dead_letter_that_says_so(noc: Callable[..., Told], post: Post) -> None:
    desk = noc()
    intake = Intake(customer="nobody", reporter="by telephone")
    ticket = desk.desk.open(Open("billing", "Invoice 7", intake), desk.at_ms, "bob")
    assert isinstance(ticket, str)
    answer(desk, ticket, "We look at it.")
    desk.send()
    (dead,) = desk.dead()
    assert "nobody to write to" in dead.last_error and "contact in the directory" in dead.last_error


def test_classes_and_queues_choose_whose_replies_leave_here(noc: Callable[..., Told], post: Post) -> None:
    desk = noc(queues=["Billing"])
    door(desk).take(mail("calls fail"), desk.at_ms)
    door(desk).take(mail("the invoice is wrong", subject="Invoice", message_id="<m-2@x>"), desk.at_ms)
    desk.send()
    assert [each["Subject"].split("] ")[1] for each in post.mails] == ["Invoice"]


def test_the_test_message_bothers_no_customer(noc: Callable[..., Told], post: Post) -> None:
    noc().test("Akira: this is a test")
    assert post.envelopes[0].rcpt_tos == ["noc@carrier.example"]
