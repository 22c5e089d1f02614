"""The door for people and alerts: stale edits, double submits, joins, bonds, escalation."""

from __future__ import annotations

from dataclasses import replace

from connectors.store.door import Desk, Done
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.silences import Silences
from connectors.store.tickets import Tickets
from pipeline.desk.commands import Acknowledge, AddNote, Close, Refusal, SetParent, Split, Unsplit
from pipeline.desk.policy import DeskPolicy, RotaPolicy
from pipeline.desk.silences import Quiet
from pipeline.desk.ticket import Intake
from pipeline.directory import Customer, Directory
from tests.store.faults import MINUTE, incident, report

POLICY = DeskPolicy()


def test_a_stale_edit_is_refused_with_both_versions(store: Store) -> None:
    desk = Desk(store, POLICY)
    key = desk.open(report(), MINUTE, "jo")
    assert isinstance(key, str)
    assert isinstance(desk.do(key, AddNote("first"), MINUTE, "jo", if_version=1), Done)
    refusal = desk.do(key, AddNote("second"), MINUTE, "al", if_version=1)
    assert isinstance(refusal, Refusal) and refusal.code == "stale"
    assert "you saw version 1, it is 2" in refusal.message


def test_double_submit_makes_one_ticket_and_another_request_under_the_key_is_refused(store: Store) -> None:
    desk = Desk(store, POLICY)
    first, again = (desk.do("", report(), MINUTE, "jo", once="form-1") for _ in range(2))
    assert isinstance(first, Done) and isinstance(again, Done)
    assert again.known and again.ticket.id == first.ticket.id and again.events == ()
    other = desk.do("", report("bell"), MINUTE, "jo", once="form-1")
    assert isinstance(other, Refusal) and other.code == "exists"
    assert isinstance(someone := desk.do("", report(), MINUTE, "al", once="form-1"), Done)
    assert someone.ticket.id != first.ticket.id


def test_a_refused_command_does_not_use_up_its_key(store: Store) -> None:
    desk = Desk(store, POLICY)
    assert isinstance(desk.do("", report(summary=" "), MINUTE, "jo", once="k"), Refusal)
    assert isinstance(desk.do("", report(), MINUTE, "jo", once="k"), Done)


def test_an_alert_of_the_same_key_joins_the_open_ticket(store: Store) -> None:
    desk = Desk(store, POLICY)
    alert = report(incident_key="alertmanager:{job=sip}", door="alertmanager")
    first, again = desk.open(alert, MINUTE, "akira/alertmanager"), desk.open(alert, MINUTE, "akira/alertmanager")
    assert first == again == "D-000001"


def test_unknown_customer_is_a_warning_on_the_ticket(store: Store) -> None:
    desk = Desk(store, POLICY, Directory(customers=(Customer(id="bell", major=True),)))
    done = desk.do("", report("acme"), MINUTE, "jo")
    assert isinstance(done, Done) and "acme is not in the directory" in done.ticket.intake.warnings[0]


def test_split_and_unsplit_leave_both_logs_whole(store: Store) -> None:
    desk, tickets = Desk(store, POLICY), Tickets(store)
    Journal(store, POLICY).record([incident()], None)
    made = desk.do("i-1", Split(("bell",), "bell has another fault", "its errors differ"), 5 * MINUTE, "noc")
    assert isinstance(made, Done) and made.ticket.split_into == ("i-1.1",)
    child = tickets.get("i-1.1")
    assert child is not None and [impact.customer for impact in child.customers] == ["bell"]
    assert isinstance(desk.do("i-1.1", Unsplit("it was the same"), 6 * MINUTE, "noc"), Done)
    back = tickets.get("i-1")
    assert back is not None and back.split_into == () and back.absorbed == ("i-1.1",)
    assert tickets.verify("i-1") is None and tickets.verify("i-1.1") is None


def test_a_new_parent_takes_the_child_from_the_old_one(store: Store) -> None:
    desk, tickets = Desk(store, POLICY), Tickets(store)
    for customer in ("acme", "bell", "cato"):
        desk.open(report(customer), MINUTE, "jo")
    assert isinstance(desk.do("D-000001", SetParent("D-000002", "part"), MINUTE, "jo"), Done)
    assert isinstance(desk.do("D-000001", SetParent("D-000003", "rather"), MINUTE, "jo"), Done)
    old, new = tickets.get("D-000002"), tickets.get("D-000003")
    assert old is not None and old.children == () and new is not None and new.children == ("D-000001",)


def test_what_a_stranger_writes_is_stored_and_comes_back_inert(store: Store) -> None:
    desk = Desk(store, POLICY)
    nasty = "<script>alert(1)</script> \0 \ud800 '); DROP TABLE tickets; -- \\u0000"
    done = desk.do("", report(summary=nasty[:300], intake=Intake("acme\0", text=nasty)), MINUTE, "jo")
    assert isinstance(done, Done)
    stored = Tickets(store).get(done.ticket.id)
    assert stored == done.ticket and stored.intake.customer == "acme\ufffd"
    assert stored.intake.text == nasty.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert Tickets(store).verify(done.ticket.id) is None


def test_too_long_is_refused_by_name(store: Store) -> None:
    refusal = Desk(store, POLICY).do("", report(intake=Intake("a" * 256)), MINUTE, "jo")
    assert isinstance(refusal, Refusal) and "intake.customer is too long: at most 255 characters" in refusal.message


def test_machines_close_nothing_through_the_door(store: Store) -> None:
    desk = Desk(store, POLICY)
    key = desk.open(report(), MINUTE, "akira/mail")
    assert isinstance(key, str)
    refusal = desk.do(key, Close(), MINUTE, "akira/mail")
    assert isinstance(refusal, Refusal) and refusal.code == "machine"


def test_unacknowledged_incidents_page_along_the_rota_until_somebody_acknowledges(store: Store) -> None:
    policy = replace_rota(POLICY, RotaPolicy(people=("ann", "bob", "cy"), steps=2))
    desk = Desk(store, policy)
    Journal(store, policy).record([incident(severity="SEV1")], None)
    paged = [event.data["to"] for minute in range(2, 30) for event in desk.escalate(minute * MINUTE)]
    assert paged == ["ann", "bob"]
    assert isinstance(desk.do("i-1", Acknowledge(), 31 * MINUTE, "bob"), Done)
    assert desk.escalate(60 * MINUTE) == []


def test_a_silence_hides_pages_and_counts_what_it_hid(store: Store) -> None:
    silences = Silences(store, POLICY)
    quiet = Quiet("q-1", "maintenance", {"terminator": ("term-05",)}, 0, 60 * MINUTE, "their upgrade", "noc")
    assert silences.add(quiet, 0) is None
    assert silences.add(quiet, 0) is not None
    endless = silences.add(replace(quiet, id="q-2", ends_ms=400 * 86_400_000), 0)
    assert endless is not None and "give its end" in endless.hint
    policy = replace_rota(POLICY, RotaPolicy(people=("ann",)))
    Journal(store, policy).record([incident(), incident(key="i-2", cause={"terminator": ("term-06",)})], None)
    paged = Desk(store, policy).escalate(5 * MINUTE)
    assert [event.ticket_id for event in paged] == ["i-2"]
    assert [(one.id, one.hidden) for one in silences.all()] == [("q-1", 1)]
    assert silences.end("q-1", 6 * MINUTE, "jo") and not silences.end("q-1", 7 * MINUTE, "jo")


def replace_rota(policy: DeskPolicy, rota: RotaPolicy) -> DeskPolicy:
    """The policy with another rota."""
    return policy.model_copy(update={"rota": rota})
