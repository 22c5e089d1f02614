"""The journal of telemetry: one transaction, revisions once, one ticket per incident, tickets of several lives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from connectors.store import schema as s
from connectors.store.append import append
from connectors.store.door import Desk, Done
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.rows import ticket_row
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.commands import Merge, Refusal
from pipeline.desk.fold import fold
from pipeline.desk.observe import observe
from pipeline.desk.policy import DeskPolicy
from pipeline.run import Checkpoint
from tests.store.faults import MINUTE, incident, recovered, report

POLICY = DeskPolicy()


def test_a_revision_read_again_changes_nothing(store: Store) -> None:
    journal, stream = Journal(store, POLICY), [incident(1), incident(2, severity="SEV1", why="because it grows")]
    first = journal.record(stream, None)
    assert [event.kind for event in first] == ["opened", "telemetry_updated", "severity_changed"]
    assert journal.record(stream, None) == []
    assert Tickets(store).head() == len(first)


def test_checkpoint_comes_back_as_the_last_one_written(store: Store, reopened: Callable[[], Store]) -> None:
    journal = Journal(store, POLICY)
    assert journal.checkpoint() is None
    journal.record([incident()], Checkpoint(b"old", {"cdr[0]": 4, "cdr[1]": 2}, MINUTE))
    newest = Checkpoint(b"\x00new", {"cdr[0]": 2**40}, None)
    journal.record([], newest)
    assert Journal(reopened(), POLICY).checkpoint() == newest


def test_nothing_of_a_failed_transaction_remains(store: Store) -> None:
    def breaks(*_: object) -> tuple[str, ...]:
        raise RuntimeError("fan-out broke")

    with pytest.raises(RuntimeError, match="fan-out broke"):
        Journal(store, POLICY, breaks).record([incident()], Checkpoint(b"x", {"cdr[0]": 9}, 1))
    assert Journal(store, POLICY).checkpoint() is None
    assert Tickets(store).head() == 0 and Tickets(store).page(Filter()).rows == ()


def test_the_fault_that_is_back_reopens_within_the_window_and_else_is_a_new_ticket(store: Store) -> None:
    journal, tickets = Journal(store, POLICY), Tickets(store)
    journal.record([incident(1), recovered(10), incident(20, flaps=1)], None)
    ticket = tickets.get("i-1")
    assert ticket is not None and (ticket.state, ticket.reopened, ticket.flaps) == ("open", 1, 1)
    journal.record([recovered(30, flaps=1), incident(30 + POLICY.reopen_window_min + 1, flaps=2)], None)
    second, first = tickets.get("i-1-2"), tickets.get("i-1")
    assert first is not None and first.state == "resolved"
    assert second is not None and (second.state, second.related) == ("open", ("i-1",))
    assert second.opened_at_ms == (30 + POLICY.reopen_window_min + 2) * MINUTE


def test_a_platform_outage_takes_the_others_in_as_children(store: Store) -> None:
    outage = incident(2, key="p-1", cause={}, signals=("platform_down",), lead="platform_down", severity="SEV1")
    Journal(store, POLICY).record([incident(1), outage, incident(3, parent="p-1"), incident(4, parent="p-1")], None)
    child, parent = Tickets(store).get("i-1"), Tickets(store).get("p-1")
    assert child is not None and child.parent == "p-1"
    assert parent is not None and parent.children == ("i-1",)
    assert all(Tickets(store).verify(key) is None for key in ("i-1", "p-1"))


def test_a_merged_fault_holds_its_target_open_until_it_is_over_too(store: Store) -> None:
    journal, desk, tickets = Journal(store, POLICY), Desk(store, POLICY), Tickets(store)
    journal.record([incident(1), incident(1, key="i-2")], None)
    assert isinstance(desk.do("i-2", Merge("i-1", "one supplier"), 3 * MINUTE, "noc"), Done)
    journal.record([recovered(10)], None)
    held = tickets.get("i-1")
    assert held is not None and held.state == "open" and held.absorbed_active == ("i-2",)
    journal.record([recovered(12, key="i-2")], None)
    freed = tickets.get("i-1")
    assert freed is not None and freed.state == "resolved" and freed.absorbed_active == ()
    journal.record([incident(13, key="i-2", flaps=1)], None)
    back = tickets.get("i-1")
    assert back is not None and back.state == "open" and back.absorbed_active == ("i-2",)
    assert tickets.verify("i-1") is None and tickets.verify("i-2") is None


def test_the_database_itself_refuses_a_second_open_ticket_of_an_incident(store: Store) -> None:
    Journal(store, POLICY).record([incident()], None)
    other = fold(observe(None, incident(), POLICY, ticket_id="another-id"))
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(insert(s.TICKETS).values(ticket_row(other, 2)))
    with store.writing() as connection:
        resolved = fold(observe(None, recovered(1), POLICY, ticket_id="another-id"))
        connection.execute(insert(s.TICKETS).values(ticket_row(resolved, 2)))


def test_every_event_gets_an_outbox_row_for_each_target_in_the_same_transaction(store: Store) -> None:
    Journal(store, POLICY, lambda ticket, event: ("kafka", "page") if event.kind == "opened" else ("kafka",)).record(
        [incident(1), recovered(9)], None
    )
    with store.reading() as connection:
        rows = connection.execute(select(s.OUTBOX.c.seq, s.OUTBOX.c.target).order_by(s.OUTBOX.c.id)).tuples().all()
    assert rows == [(1, "kafka"), (1, "page"), (2, "kafka"), (3, "kafka"), (4, "kafka")]


def test_the_same_event_twice_is_refused_by_the_log(store: Store) -> None:
    events = observe(None, incident(), POLICY)
    with store.writing() as connection:
        append(connection, [(fold(events), events)], lambda *_: ())
    with pytest.raises(IntegrityError), store.writing() as connection:
        append(connection, [(fold(events), events)], lambda *_: ())


def test_a_ticket_of_a_person_is_counted_and_an_unknown_one_refused(store: Store) -> None:
    desk = Desk(store, POLICY)
    assert [desk.open(report(), MINUTE, "jo") for _ in range(3)] == ["D-000001", "D-000002", "D-000003"]
    refusal = desk.do("D-000009", Merge("D-000001", "same"), MINUTE, "jo")
    assert isinstance(refusal, Refusal) and refusal.code == "not_found"
