"""A customer's mail becomes a ticket with what it says, and an answer lands on the ticket it answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.mail.threads import message_id
from pipeline.desk.commands import Acknowledge, AddEvidence, Close, ConfirmWindow, Merge, Resolve, SetRootCause
from pipeline.desk.intake import missing
from pipeline.directory import Directory
from tests.mail.desk import MINUTE, NOW, OURS, MailDesk, mail, mail_desk

COMPLAINT = """Hello,

all our calls to Germany via acme-t1 fail since 12:40 UTC.
Account: A-18

Two examples:
 - +442071234567 -> +493012345678, 12:41:07
 - Call-ID: 3f9a77c0@10.1.1.9 (503)

Regards, Ann
"""


def test_what_the_text_says_is_on_the_intake(desk: MailDesk) -> None:
    ticket = desk.opened(mail(COMPLAINT, subject="Re: Fwd: Calls to Germany fail"))
    intake = ticket.intake
    assert (ticket.summary, ticket.door, ticket.opened_by) == ("Calls to Germany fail", "mail", "akira/mail")
    assert (intake.customer, intake.account, intake.affected) == ("acme", "A-18", "acme-t1")
    assert (intake.from_ms, intake.to_ms) == (NOW - 80 * MINUTE, None)
    assert intake.examples == ("+442071234567 -> +493012345678, 12:41:07", "Call-ID: 3f9a77c0@10.1.1.9 (503)")
    assert intake.reporter == "ann@acme.example" and "Regards, Ann" in intake.text
    assert missing(intake, ticket.ticket_type) == ()


def test_service_that_is_hit_now_is_an_incident_by_the_table_of_severities(desk: MailDesk) -> None:
    ticket = desk.opened(mail(COMPLAINT))
    assert ticket.incident and ticket.severity == "SEV2", "acme is a major customer"
    quiet = desk.opened(mail("Which codec do you prefer on trunk acme-t2?", message_id="<m-2@x>"))
    assert not quiet.incident and quiet.severity == "SEV3"


@pytest.mark.parametrize(
    ("subject", "text", "ticket_type", "queue"),
    [
        ("Invoice 2026-11", "Please send a credit note: the calls were billed twice.", "billing", "Billing"),
        ("No PDD improvement", "PDD on sip trunk acme-t1 is 9 s, ASR fell", "sip_quality", "NOC"),
        ("CDRs", "The CDR files of yesterday are missing records", "cdr_pipeline", "NOC"),
        ("Blocked", "We topped up but the prepaid balance is still blocked for traffic", "balance", "NOC"),
        ("Login", "I lost my phone and cannot log in, please reset MFA", "access", "Support"),
        ("Hello", "Could somebody ring me?", "sip_quality", "NOC"),
        ("Hello", "Please phone me", "sip_quality", "NOC"),
    ],
)
def test_the_class_is_a_suggestion_from_the_words(
    desk: MailDesk, subject: str, text: str, ticket_type: str, queue: str
) -> None:
    ticket = desk.opened(mail(text, subject=subject))
    assert (ticket.ticket_type, ticket.queue) == (ticket_type, queue)
    (note,) = ticket.notes
    assert f"Class {ticket_type} is a suggestion" in note.text and not note.public


def test_the_customer_is_found_by_address_then_domain_then_words(desk: MailDesk) -> None:
    said = {
        "bell.noc@gmail.com": "bell",
        "somebody@gmail.com": "",
        "new@acme.example": "acme",
        "x@elsewhere.example": "",
    }
    for n, (sender, customer) in enumerate(said.items()):
        assert desk.opened(mail(sender=sender, message_id=f"<c-{n}@x>")).intake.customer == customer
    by_name = mail("Customer: ACME Telecom Ltd\ncalls fail", sender="x@elsewhere.example", message_id="<c-9@x>")
    assert desk.opened(by_name).intake.customer == "acme"
    by_trunk = mail("acme-t2 has no audio", sender="x@elsewhere.example", message_id="<c-10@x>")
    assert desk.opened(by_trunk).intake.customer == "acme"


def test_an_unknown_customer_is_a_warning_and_no_wall(desk: MailDesk) -> None:
    ticket = desk.opened(mail("Customer: Nobody & Sons\ncalls fail", sender="x@nobody.example"))
    assert ticket.intake.customer == "Nobody & Sons" and "not in the directory" in ticket.intake.warnings[0]


def test_it_works_without_a_directory(tmp_path: Path) -> None:
    with mail_desk(tmp_path, Directory()) as desk:
        assert desk.opened(mail(COMPLAINT)).intake.affected == ""


def test_other_tickets_of_the_customer_are_named_to_whoever_looks(desk: MailDesk) -> None:
    first = desk.opened(mail(COMPLAINT))
    second = desk.opened(mail("calls to France fail too", message_id="<m-2@x>"))
    assert first.id in second.notes[0].text


def test_the_same_mail_again_changes_nothing(desk: MailDesk) -> None:
    ticket = desk.opened(mail(COMPLAINT))
    again = desk.take(mail(COMPLAINT))
    assert (again.outcome, again.ticket_id) == ("known", ticket.id)
    assert desk.count() == 1 and desk.ticket(ticket.id).version == ticket.version


def test_a_crash_after_the_ticket_makes_no_second_one(desk: MailDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(BaseException):
        pass

    def crash(*given: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr("connectors.mail.door.AddNote", crash)
        with pytest.raises(Crash):
            desk.take(mail(COMPLAINT))
    (ticket,) = desk.desk.open_tickets()
    assert desk.ledger.mails_of(ticket.id) == ("<m-1@acme.example>",), "in one transaction"
    assert desk.take(mail(COMPLAINT)).ticket_id == ticket.id and desk.count() == 1


def test_two_inlets_with_the_same_mail_make_one_ticket(desk: MailDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = desk.opened(mail(COMPLAINT))
    monkeypatch.setattr(desk.ledger, "ticket_of_mail", lambda ids: None)
    again = desk.take(mail(COMPLAINT))
    assert (again.outcome, again.ticket_id) == ("known", ticket.id) and desk.count() == 1


def test_a_mail_without_an_id_is_known_by_its_bytes(desk: MailDesk) -> None:
    ticket = desk.opened(mail(message_id=None))
    assert desk.take(mail(message_id=None)).outcome == "known"
    assert desk.opened(mail("another", message_id=None)).id != ticket.id


ANSWER = """Until 13:10 it was bad, A-17, trunk: acme-t2
Window: 2026-11-29 12:00 to 13:10

On Sun, 29 Nov 2026 at 14:05, NOC <noc@carrier.example> wrote:
> Please tell us:
> - which account
"""


@pytest.mark.parametrize("how", ["own id", "customer's id", "references", "tag"])
def test_an_answer_is_a_note_and_fills_what_was_missing(desk: MailDesk, how: str) -> None:
    ticket = desk.opened(mail("Calls fail"))
    headers = {
        "own id": {"In_Reply_To": message_id(ticket.id, "3.replies", "carrier.example")},
        "customer's id": {"In_Reply_To": "<m-1@acme.example>"},
        "references": {"References": "<x@y> <m-1@acme.example> <z@y>", "In_Reply_To": "<z@y>"},
        "tag": {},
    }[how]
    subject = f"AW: [AKI-{ticket.id}] Calls fail" if how == "tag" else "Re: your mail"
    taken = desk.take(mail(ANSWER, subject=subject, message_id="<m-2@acme.example>", **headers))
    assert (taken.outcome, taken.ticket_id) == ("answered", ticket.id)
    now = desk.ticket(ticket.id)
    assert now.notes[-1].public and now.notes[-1].text.startswith("ann@acme.example wrote:\n\nUntil 13:10")
    assert "Please tell us" not in now.notes[-1].text
    assert (now.intake.account, now.intake.affected) == ("A-17", "acme-t2")
    assert (now.intake.from_ms, now.intake.to_ms) == (NOW - 120 * MINUTE, NOW - 50 * MINUTE)
    assert desk.ledger.mails_of(ticket.id) == ("<m-1@acme.example>", "<m-2@acme.example>")


def test_an_answer_takes_nothing_back(desk: MailDesk) -> None:
    ticket = desk.opened(mail(COMPLAINT))
    desk.take(mail("Account: B-1, since 13:30", message_id="<m-2@x>", In_Reply_To="<m-1@acme.example>"))
    now = desk.ticket(ticket.id).intake
    assert (now.account, now.from_ms) == ("A-18", ticket.intake.from_ms)


def test_the_thread_counts_before_the_tag(desk: MailDesk) -> None:
    first, second = desk.opened(mail()), desk.opened(mail(message_id="<m-2@x>"))
    answer = mail(subject=f"[AKI-{second.id}]", message_id="<m-3@x>", In_Reply_To="<m-1@acme.example>")
    assert desk.take(answer).ticket_id == first.id


def test_who_answers_a_ticket_that_is_not_theirs_is_called_a_stranger(desk: MailDesk) -> None:
    ticket = desk.opened(mail())
    desk.take(mail(sender="eve@else.example", subject=f"[AKI-{ticket.id}]", message_id="<m-2@x>"))
    assert "eve@else.example (a stranger to this ticket) wrote" in desk.ticket(ticket.id).notes[-1].text


def test_a_tag_of_no_ticket_opens_one(desk: MailDesk) -> None:
    assert desk.opened(mail(subject="[AKI-D-999999] calls fail")).summary == "calls fail"


def test_an_answer_goes_where_its_ticket_was_merged(desk: MailDesk) -> None:
    first, second = desk.opened(mail()), desk.opened(mail(message_id="<m-2@x>"))
    assert desk.desk.act(first.id, Merge(second.id, "the same"), desk.at_ms, "bob") is None
    assert desk.take(mail(message_id="<m-3@x>", In_Reply_To="<m-1@acme.example>")).ticket_id == second.id


@pytest.mark.parametrize("closed", [False, True])
def test_an_answer_to_what_is_over_is_a_new_ticket_beside_it(desk: MailDesk, closed: bool) -> None:
    ticket = desk.opened(mail("Please reset MFA", subject="Login"))
    for command in (Acknowledge(), Resolve("reset")):
        assert desk.desk.act(ticket.id, command, desk.at_ms, "bob") is None
    if closed:
        _close(desk, ticket.id)
    new = desk.opened(mail("All calls fail again", message_id="<m-2@x>", In_Reply_To="<m-1@acme.example>"))
    assert new.id != ticket.id and ticket.id in new.related
    assert (new.ticket_type, new.incident) == ("access", False), "of the class that it was; a person looks"


def _close(desk: MailDesk, ticket_id: str) -> None:
    for command in (
        SetRootCause("phone lost"),
        AddEvidence("command", "akira ticket show"),
        ConfirmWindow(),
        Close("done"),
    ):
        assert desk.desk.act(ticket_id, command, desk.at_ms, "bob") is None


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, "auto-replied"),
        ({"Auto_Submitted": "auto-generated; owner-email=x"}, "auto-generated"),
        ({"Precedence": "bulk"}, "bulk"),
        ({"List_Id": "<noc.lists.example>"}, "List-Id"),
        ({"X_Autoreply": "yes"}, "X-Autoreply"),
        ({"Return_Path": "<>"}, "Return-Path"),
        ({"sender": OURS}, "own"),
        ({"sender": "MAILER-DAEMON@mx.example"}, "mail server"),
        ({"message_id": "<akira+D-000001+3.replies@carrier.example>"}, "own"),
    ],
)
def test_programs_open_nothing_and_answer_nothing(desk: MailDesk, headers: dict[str, str], why: str) -> None:
    ticket = desk.opened(mail())
    given = {"message_id": "<auto-1@x>", "subject": f"Out of office [AKI-{ticket.id}]", **headers}
    taken = desk.take(mail(**given))
    assert taken.outcome == "ignored" and why in taken.why
    assert desk.count() == 1 and desk.ticket(ticket.id).version == ticket.version


def test_auto_submitted_no_is_a_person(desk: MailDesk) -> None:
    assert desk.opened(mail(Auto_Submitted="no"))


def test_an_address_that_floods_is_stopped(tmp_path: Path) -> None:
    with mail_desk(tmp_path, hourly=3) as desk:
        outcomes = [desk.take(mail(message_id=f"<f-{n}@x>")).outcome for n in range(5)]
        assert outcomes == ["opened"] * 3 + ["refused"] * 2
        assert desk.take(mail(message_id="<g@x>", sender="bob@acme.example")).outcome == "opened"
        desk.at_ms += 60 * MINUTE
        assert desk.take(mail(message_id="<h@x>")).outcome == "opened"
