"""What the doors remember: mails once, refused records bounded, actions on record."""

from __future__ import annotations

import pytest

from connectors.store import ledger
from connectors.store.door import Desk, Done
from connectors.store.engine import Store
from connectors.store.ledger import AuditLine, Ledger, Seen, remembering
from pipeline.desk.policy import DeskPolicy
from pipeline.ports import Reject
from tests.store.faults import report


def test_a_mail_is_taken_once_and_its_answers_find_the_ticket(store: Store) -> None:
    kept, long = Ledger(store), f"<{'x' * 5000}@example>"
    desk = Desk(store, DeskPolicy())
    ids = []
    for at_ms, name in ((5, "<a@example>"), (7, long)):
        done = desk.do("", report(), at_ms, "akira/mail", also=remembering(name, at_ms))
        assert isinstance(done, Done)
        ids.append(done.ticket.id)
        with pytest.raises(Seen, match=done.ticket.id):
            desk.do("", report(), at_ms + 1, "akira/mail", also=remembering(f" {name} ", at_ms + 1))
    assert len(desk.open_tickets()) == 2, "what a mail does the second time is undone"
    assert kept.ticket_of_mail(["<new@example>", long, "<a@example>"]) == ids[1]
    assert kept.ticket_of_mail(["<new@example>"]) is None and kept.ticket_of_mail([]) is None
    assert (kept.mails_of(ids[0]), kept.mails_of(ids[1])) == (("<a@example>",), ())


def test_the_newest_rejects_are_kept_whatever_bytes_they_hold(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "REJECTS_KEPT", 3)
    kept = Ledger(store)
    kept.refuse([], 1)
    kept.refuse([Reject("cdr[0]", n, "setup_at", "bad_time", "epoch ms", f"{{\0\ud800 {n}") for n in range(5)], 9)
    kept.refuse([Reject("f.csv", None, None, "not_json", "an object", "x")], 10)
    assert [(at, one.source, one.line) for at, one in kept.rejects()] == [
        (10, "f.csv", None),
        (9, "cdr[0]", 4),
        (9, "cdr[0]", 3),
    ]
    assert kept.rejects()[1][1].raw == "{\ufffd\ufffd 4"
    assert len(kept.rejects(reason="bad_time")) == 2


def test_the_audit_is_read_newest_first(store: Store) -> None:
    kept = Ledger(store)
    lines = [AuditLine(n, "jo", "token.new", f"t-{n}") for n in range(3)]
    for line in lines:
        kept.note(line)
    assert kept.audit(2) == [lines[2], lines[1]]
