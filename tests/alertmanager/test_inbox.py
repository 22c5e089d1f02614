"""From alerts to tickets: taken once, joined, held, confirmed, and never closed by silence."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.alertmanager.alert import Alert
from connectors.alertmanager.book import Book
from connectors.alertmanager.inbox import ACTOR, Inbox
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.store.engine import Store
from pipeline.desk.commands import AddEvidence, Close, ConfirmWindow, LinkPostmortem, Resolve, Respond, SetRootCause
from tests.alertmanager.desk import MINUTE, NOW, Desk, alert, heartbeat

SETTINGS = AlertmanagerSettings(hold_s=180)


class Bench:
    """A desk, a book in memory and an inbox between them."""

    def __init__(self, folder: Path) -> None:
        self.desk, self.seen = Desk(), Counter[str]()
        self.book = Book(Store.open(f"sqlite:///{folder}/akira.db"))
        self.inbox = Inbox(self.desk, self.book, SETTINGS, self._told)

    def _told(self, outcome: str) -> None:
        self.seen[outcome] += 1

    def restart(self) -> None:
        """A new process on the same store."""
        self.inbox = Inbox(self.desk, self.book, SETTINGS, self._told)

    def hear(self, first: int, last: int, *listed: Alert, **labels: str) -> None:
        """The list is fetched every minute from `first` to `last` (after NOW), with a fresh heartbeat in it."""
        for minute in range(first, last + 1):
            at_ms = NOW + minute * MINUTE
            self.inbox.reconcile([*listed, heartbeat(at_ms, **labels)], at_ms)

    def only(self) -> str:
        (ticket,) = self.desk.tickets.values()
        return ticket.state

    def notes(self, ticket_id: str) -> list[str]:
        return [note.text for note in self.desk.tickets[ticket_id].notes]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def resolved(one: Alert, at_ms: int) -> Alert:
    return replace(one, ends_ms=at_ms)


def test_an_alert_that_nothing_explains_opens_a_ticket_with_all_it_knows(bench: Bench) -> None:
    bench.inbox.take([alert(trunk="t1", customer="acme", account="a-7")], NOW)
    (ticket,) = bench.desk.tickets.values()
    assert (ticket.door, ticket.ticket_type, ticket.queue, ticket.incident) == (
        "alertmanager",
        "sip_quality",
        "NOC",
        True,
    )
    assert (ticket.intake.customer, ticket.intake.account, ticket.intake.affected) == ("acme", "a-7", "t1")
    assert ticket.intake.from_ms == NOW - MINUTE and "trunk = t1" in ticket.intake.text
    assert "http://prom/graph" in ticket.intake.text and ticket.summary == "TrunkDown says so"


def test_the_severity_label_does_not_grade(bench: Bench) -> None:
    bench.inbox.take([alert(severity="SEV1", customer="acme"), alert(severity="info", trunk="t2")], NOW)
    one, two = bench.desk.tickets.values()
    assert one.severity == "SEV3" and one.incident
    assert not two.incident


def test_an_alert_joins_the_incident_that_explains_it(bench: Bench) -> None:
    bench.desk.telemetry("I-1", {"terminator": ("term-05",)})
    bench.inbox.take([alert(terminator="term-05"), alert("Probe", supplier="term-05")], NOW)
    assert list(bench.desk.tickets) == ["I-1"] and bench.seen == {"joined": 2}
    assert "TrunkDown on severity=critical, terminator=term-05 fires" in bench.notes("I-1")[0]


def test_the_same_delivery_again_and_from_a_second_alertmanager_changes_nothing(bench: Bench) -> None:
    one = alert(trunk="t1")
    for _ in range(4):
        bench.inbox.take([one], NOW)
    bench.restart()
    bench.inbox.take([one], NOW + MINUTE)
    assert bench.seen == {"opened": 1, "known": 4}
    assert len(bench.desk.tickets) == 1 and bench.notes("D-000001") == []


def test_a_crash_between_desk_and_book_makes_no_second_ticket(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(bench.book, "put", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            bench.inbox.take([alert(trunk="t1")], NOW)
    bench.restart()
    bench.inbox.take([alert(trunk="t1")], NOW)
    assert len(bench.desk.tickets) == 1


def test_resolved_is_held_and_counts_only_with_a_heartbeat_after_it(bench: Bench) -> None:
    one = alert(trunk="t1")
    bench.inbox.take([one], NOW)
    bench.inbox.take([resolved(one, NOW + MINUTE)], NOW + MINUTE)
    assert bench.only() == "open" and "Not believed yet" in bench.notes("D-000001")[0]
    bench.hear(1, 3)
    assert bench.only() == "open"
    bench.hear(4, 4)
    assert bench.only() == "resolved" and bench.seen["over"] == 1
    assert bench.desk.tickets["D-000001"].resolved_by == ACTOR and bench.desk.refusals == []


def test_a_dead_prometheus_closes_nothing(bench: Bench) -> None:
    """It sends a false `resolved` 220 s after its death, and its heartbeat ends with it."""
    one = alert(trunk="t1")
    bench.inbox.take([one], NOW)
    bench.inbox.reconcile([one, heartbeat(NOW)], NOW)
    bench.inbox.take([resolved(one, NOW + 220_000)], NOW + 220_000)
    for minute in range(4, 600, 7):
        bench.inbox.reconcile([], NOW + minute * MINUTE)
    assert bench.only() == "open" and bench.seen["over"] == 0


def test_a_prometheus_that_starts_again_gets_the_time_to_find_the_fault_again(bench: Bench) -> None:
    one = alert(trunk="t1")
    bench.inbox.take([one], NOW)
    bench.inbox.take([resolved(one, NOW + 4 * MINUTE)], NOW + 4 * MINUTE)
    bench.inbox.reconcile([], NOW + 30 * MINUTE)
    bench.hear(60, 62)
    assert bench.only() == "open"
    bench.hear(63, 90, replace(one, starts_ms=NOW + 62 * MINUTE))
    assert bench.only() == "open" and bench.seen["over"] == 0


def test_the_heartbeat_of_another_prometheus_does_not_count(bench: Bench) -> None:
    one = alert(trunk="t1", prometheus="north")
    bench.inbox.take([one, resolved(one, NOW)], NOW)
    bench.hear(0, 90, prometheus="south")
    assert bench.only() == "open"
    bench.hear(91, 94, prometheus="north")
    assert bench.only() == "resolved"


def test_a_killed_alertmanager_that_never_sends_resolved_is_found_out_by_the_list(bench: Bench) -> None:
    one = alert(trunk="t1")
    bench.inbox.take([one], NOW)
    bench.inbox.reconcile([heartbeat(NOW + MINUTE)], NOW + MINUTE)
    assert bench.only() == "open"
    bench.inbox.reconcile([heartbeat(NOW + 3 * MINUTE)], NOW + 3 * MINUTE)
    assert bench.only() == "open"
    bench.inbox.reconcile([heartbeat(NOW + 5 * MINUTE)], NOW + 5 * MINUTE)
    assert bench.only() == "resolved"


def test_an_alertmanager_restarted_empty_is_no_recovery_when_the_alert_comes_back(bench: Bench) -> None:
    one = alert(trunk="t1")
    bench.inbox.take([one], NOW)
    bench.inbox.reconcile([], NOW + MINUTE)
    bench.inbox.reconcile([one, heartbeat(NOW + 2 * MINUTE)], NOW + 2 * MINUTE)
    bench.inbox.reconcile([one, heartbeat(NOW + 30 * MINUTE)], NOW + 30 * MINUTE)
    assert bench.only() == "open" and bench.seen["over"] == 0
    assert "fires again or still" in bench.notes("D-000001")[1]


def test_an_alert_that_the_webhook_lost_is_taken_from_the_list(bench: Bench) -> None:
    bench.inbox.reconcile([alert(trunk="t1"), heartbeat(NOW)], NOW)
    assert bench.seen["opened"] == 1


def test_silenced_and_inhibited_alerts_open_nothing_but_still_last(bench: Bench) -> None:
    quiet = replace(alert(trunk="t1"), suppressed=True)
    bench.inbox.reconcile([quiet], NOW)
    assert bench.desk.tickets == {} and bench.seen == {"suppressed": 1}
    bench.inbox.reconcile([replace(quiet, suppressed=False)], NOW)
    bench.inbox.reconcile([quiet, heartbeat(NOW + 30 * MINUTE)], NOW + 30 * MINUTE)
    assert bench.only() == "open"


def test_akiras_own_alerts_and_heartbeats_come_back_without_effect(bench: Bench) -> None:
    bench.inbox.take([alert("AkiraTicket", akira_ticket="I-1"), alert("AkiraLag"), heartbeat(NOW)], NOW)
    assert bench.desk.tickets == {} and bench.seen == {"own": 3}


def test_a_flap_while_the_ticket_is_open_is_a_note_not_a_ticket(bench: Bench) -> None:
    for n in range(10):
        one = alert(trunk="t1", starts=NOW + n * MINUTE)
        bench.inbox.take([one], NOW + n * MINUTE)
        bench.inbox.take([resolved(one, NOW + n * MINUTE + 6000)], NOW + n * MINUTE + 6000)
    assert len(bench.desk.tickets) == 1 and bench.seen["opened"] == 1 and bench.seen["joined"] == 9


def test_back_soon_after_its_end_reopens_and_late_opens_a_new_ticket(bench: Bench) -> None:
    one = alert(trunk="t1")
    bench.inbox.take([one, resolved(one, NOW)], NOW)
    bench.hear(0, 5)
    assert bench.only() == "resolved"
    bench.inbox.take([replace(one, starts_ms=NOW + 20 * MINUTE)], NOW + 20 * MINUTE)
    assert bench.only() == "open" and bench.seen["reopened"] == 1
    bench.inbox.take([resolved(replace(one, starts_ms=NOW + 20 * MINUTE), NOW + 21 * MINUTE)], NOW + 21 * MINUTE)
    bench.hear(21, 30)
    assert bench.only() == "resolved"
    bench.inbox.take([replace(one, starts_ms=NOW + 200 * MINUTE)], NOW + 200 * MINUTE)
    assert len(bench.desk.tickets) == 2


def test_a_person_who_closes_is_not_overruled_while_the_alert_goes_on(bench: Bench) -> None:
    one = alert(trunk="t1")
    bench.inbox.take([one], NOW)
    for command in (
        Respond("We have it.", "under_investigation", NOW + 60 * MINUTE),
        SetRootCause("planned work of the supplier"),
        AddEvidence("link", "https://noc.example/graph"),
        ConfirmWindow(NOW - MINUTE, NOW),
        LinkPostmortem("https://noc.example/pm"),
        Resolve("known work, accepted"),
        Close(),
    ):
        assert bench.desk.act("D-000001", command, NOW) is None
    for minute in range(1, 60):
        bench.inbox.take([one], NOW + minute * MINUTE)
        bench.inbox.reconcile([one, heartbeat(NOW + minute * MINUTE)], NOW + minute * MINUTE)
    assert bench.only() == "closed"


def test_a_ticket_of_two_alerts_waits_for_both(bench: Bench) -> None:
    one, two = alert(trunk="t1"), alert("Probe", trunk="t1")
    bench.inbox.take([one, two], NOW)
    assert bench.seen == {"opened": 1, "joined": 1}
    bench.inbox.take([resolved(one, NOW)], NOW)
    bench.inbox.reconcile([two, heartbeat(NOW + 10 * MINUTE)], NOW + 10 * MINUTE)
    assert bench.only() == "open"
    bench.inbox.reconcile([heartbeat(NOW + 11 * MINUTE)], NOW + 11 * MINUTE)
    bench.inbox.reconcile([heartbeat(NOW + 20 * MINUTE)], NOW + 20 * MINUTE)
    assert bench.only() == "resolved"


def test_an_alert_never_resolves_a_ticket_of_telemetry(bench: Bench) -> None:
    bench.desk.telemetry("I-1", {"trunk": ("t1",)})
    one = alert(trunk="t1")
    bench.inbox.take([one], NOW)
    bench.inbox.take([resolved(one, NOW)], NOW)
    bench.hear(0, 10)
    assert bench.only() == "open" and "its Prometheus was alive" in bench.notes("I-1")[-1]


def test_when_telemetry_finds_the_fault_later_the_alerts_ticket_goes_into_it(bench: Bench) -> None:
    one = alert(terminator="term-05")
    bench.inbox.take([one], NOW)
    bench.desk.telemetry("I-1", {"terminator": ("term-05",)})
    bench.inbox.reconcile([one], NOW + MINUTE)
    assert bench.desk.tickets["D-000001"].state == "merged" and bench.desk.tickets["D-000001"].merged_into == "I-1"
    bench.inbox.reconcile([heartbeat(NOW + 2 * MINUTE)], NOW + 2 * MINUTE)
    bench.inbox.reconcile([heartbeat(NOW + 9 * MINUTE)], NOW + 9 * MINUTE)
    assert bench.desk.tickets["I-1"].state == "open"


ups = st.lists(st.sampled_from(["fires", "resolved", "again", "list", "empty"]), min_size=1, max_size=15)


@settings(max_examples=40, deadline=None)
@given(ups)
def test_whatever_is_delivered_there_is_one_open_ticket_at_most_and_no_silence_resolves(steps: list[str]) -> None:
    folder = tempfile.TemporaryDirectory()
    bench = Bench(Path(folder.name))
    one, at_ms = alert(trunk="t1"), NOW
    for step in steps:
        at_ms += 10 * MINUTE
        if step == "fires":
            bench.inbox.take([one], at_ms)
        elif step == "resolved":
            bench.inbox.take([resolved(one, at_ms)], at_ms)
        elif step == "again":
            one = replace(one, starts_ms=at_ms)
            bench.inbox.take([one], at_ms)
        else:
            bench.inbox.reconcile([one] if step == "list" else [], at_ms)
    assert len(bench.desk.open_tickets()) <= 1 and len(bench.desk.tickets) <= 1
    assert all(ticket.state == "open" for ticket in bench.desk.tickets.values())
    assert bench.desk.refusals == []
