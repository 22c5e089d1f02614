"""Lists, search, cursors, the log and what tampering does to it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from connectors.errors import ConnectorError
from connectors.store import schema as s
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.tickets import Filter, Page, Tickets
from pipeline.desk.commands import Respond, SetRootCause
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Intake
from tests.store.faults import MINUTE, incident, recovered, report

POLICY = DeskPolicy()


@pytest.fixture
def tickets(store: Store) -> Tickets:
    """A mixed desk: five SEV1 incidents, one of them over, and seven reports."""
    Journal(store, POLICY).record([incident(1, key=f"i-{n}", severity="SEV1") for n in range(4)], None)
    over = [incident(1, key="i-9", severity="SEV1"), recovered(9, key="i-9", severity="SEV1")]
    Journal(store, POLICY).record(over, None)
    desk = Desk(store, POLICY)
    for n in range(7):
        kind = "billing" if n % 2 else "sip_quality"
        made = report(f"cust-{n}", ticket_type=kind, intake=Intake(f"cust-{n}", affected=f"trunk_{n}%"))
        desk.open(made, (10 + n) * MINUTE, "jo")
    return Tickets(store)


def _ids(page: Page) -> list[str]:
    return [row.id for row in page.rows]


def test_cursor_walks_every_row_once_worst_first(tickets: Tickets) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = tickets.page(Filter(), 5, cursor)
        seen += _ids(page)
        if (cursor := page.cursor) is None:
            break
    assert seen[:5] == ["i-9", "i-3", "i-2", "i-1", "i-0"]
    assert seen[5:] == [f"D-{n:06d}" for n in range(7, 0, -1)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(severities=("SEV1",), states=("resolved",)), ["i-9"]),
        (Filter(queues=("Billing",)), ["D-000006", "D-000004", "D-000002"]),
        (Filter(ticket_types=("billing",), customer="cust-1"), ["D-000002"]),
        (Filter(customer="bell"), ["i-9", "i-3", "i-2", "i-1", "i-0"]),
        (Filter(text="GERMANY cust-3"), ["D-000004"]),
        (Filter(text="term-05 i-2"), ["i-2"]),
        (Filter(text="trunk_4%"), ["D-000005"]),
        (Filter(text="trunk?4"), []),
        (Filter(text="%"), [f"D-{n:06d}" for n in range(7, 0, -1)]),
        (Filter(assignee="nobody"), []),
        (Filter(owed_before_ms=18 * MINUTE), ["i-3", "i-2", "i-1", "i-0"]),
    ],
)
def test_filters(tickets: Tickets, wanted: Filter, found: list[str]) -> None:
    assert _ids(tickets.page(wanted)) == found
    assert sum(tickets.count(wanted).values()) == len(found)


def test_what_is_owed_moves_with_the_promise(tickets: Tickets, store: Store) -> None:
    desk = Desk(store, POLICY)
    promise = Respond("looking", "under_investigation", 90 * MINUTE)
    assert desk.act("i-3", promise, 5 * MINUTE, "noc") is None
    assert _ids(tickets.page(Filter(owed_before_ms=18 * MINUTE))) == ["i-2", "i-1", "i-0"]
    assert tickets.page(Filter(text="i-3")).rows[0].owed_ms == 90 * MINUTE


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24=", "WzFd", "\u00e4"])
def test_a_broken_cursor_is_refused(tickets: Tickets, cursor: str) -> None:
    with pytest.raises(ConnectorError, match="not a cursor"):
        tickets.page(Filter(), 5, cursor)


def test_folds_are_the_whole_tickets_oldest_first(tickets: Tickets) -> None:
    folds = list(tickets.folds(Filter(states=("open", "resolved"))))
    assert len(folds) == 12 and folds[0].opened_at_ms <= folds[-1].opened_at_ms
    assert all(tickets.get(one.id) == one for one in folds)


def test_verify_finds_a_changed_past_a_missing_event_and_a_forged_state(tickets: Tickets, store: Store) -> None:
    desk = Desk(store, POLICY)
    assert desk.act("i-1", SetRootCause("supplier"), 9 * MINUTE, "noc") is None
    assert tickets.verify("i-1") is None and tickets.verify("nobody") == "there is no ticket nobody"
    mine = (s.EVENTS.c.ticket_id == "i-1") & (s.EVENTS.c.seq == 2)
    with store.writing() as connection:
        data = json.loads(connection.execute(select(s.EVENTS.c.data).where(mine)).scalar_one())
        forged = json.dumps(data | {"text": "our own mistake"})
        connection.execute(update(s.EVENTS).where(mine).values(data=forged))
    assert tickets.verify("i-1") == "ticket i-1 event 2: its content was changed after it was written"
    with store.writing() as connection:
        connection.execute(s.EVENTS.delete().where(mine))
        connection.execute(s.EVENTS.delete().where(s.EVENTS.c.ticket_id == "i-2"))
        connection.execute(update(s.TICKETS).where(s.TICKETS.c.id == "i-3").values(fold=_forged(connection)))
    assert "not the fold of its events" in str(tickets.verify("i-1"))
    assert tickets.verify("i-2") == "there is no ticket i-2"
    assert "not the fold of its events" in str(tickets.verify("i-3"))


def _forged(connection: object) -> str:
    fold = connection.execute(select(s.TICKETS.c.fold).where(s.TICKETS.c.id == "i-3")).scalar_one()  # type: ignore[attr-defined]
    return str(fold).replace('"state":"open"', '"state":"closed"')
