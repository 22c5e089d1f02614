"""What the doors remember: mails once, refused records bounded, actions on record."""

from __future__ import annotations

import pytest

from connectors.store import ledger
from connectors.store.engine import Store
from connectors.store.ledger import AuditLine, Ledger
from pipeline.ports import Reject


def test_a_mail_is_taken_once_and_its_answers_find_the_ticket(store: Store) -> None:
    kept, long = Ledger(store), f"<{'x' * 5000}@example>"
    assert kept.mail_seen("<a@example>", "D-1", 5) and not kept.mail_seen(" <a@example> ", "D-2", 6)
    assert kept.mail_seen(long, "D-3", 7) and not kept.mail_seen(long, "D-4", 8)
    assert kept.ticket_of_mail(["<new@example>", long, "<a@example>"]) == "D-3"
    assert kept.ticket_of_mail(["<new@example>"]) is None and kept.ticket_of_mail([]) is None


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
