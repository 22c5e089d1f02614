"""The outbox leaves in order, waits for a target that is away, and says the same however late it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from akira.chores import Chores
from akira.metrics import Metrics
from akira.outlets import TicketTopic
from akira.pump import Pump
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.commands import Acknowledge
from pipeline.desk.contract import contract
from pipeline.desk.policy import DeskPolicy
from pipeline.ports import Disconnected
from tests.run.minutes import incident


class Topic:
    """Takes messages, or is away for so many sends."""

    def __init__(self) -> None:
        self.away = 0
        self.bodies: list[dict[str, object]] = []

    def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        if self.away:
            self.away -= 1
            raise Disconnected("topic is away")
        self.bodies += [json.loads(value) for _, value in messages]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path}/akira.db")
    journal = Journal(store, DeskPolicy(), lambda ticket, event: ("kafka",))
    journal.record([incident(1, "x"), incident(2, "y"), incident(1, "z", 2)], None)
    yield store
    store.close()


def outlets(store: Store, topic: Topic) -> Pump:
    return Pump("kafka", TicketTopic(topic), Outbox(store), Tickets(store), Metrics("0", lambda: 0.0))


def test_each_ticket_in_its_order_and_as_it_was_then(store: Store) -> None:
    topic = Topic()
    pump = outlets(store, topic)
    while pump.round(1000):
        pass
    assert sorted((body["id"], body["seq"], body["summary"]) for body in topic.bodies) == [
        ("minute-1", 1, "x"),
        ("minute-1", 2, "z"),
        ("minute-2", 1, "y"),
    ]
    assert [body["seq"] for body in topic.bodies if body["id"] == "minute-1"] == [1, 2]
    last = {str(body["id"]): body for body in topic.bodies}
    for ticket in Tickets(store).folds(Filter()):
        assert json.loads(json.dumps(contract(ticket))).items() <= last[ticket.id].items()


def test_a_target_that_is_away_is_tried_again_later(store: Store) -> None:
    topic = Topic()
    topic.away = 1
    pump = outlets(store, topic)
    pump.round(1000)
    assert [body["id"] for body in topic.bodies] == ["minute-2"], (
        "what follows a row that failed waits, others need not"
    )
    while pump.round(60_000):
        pass
    assert len(topic.bodies) == 3
    page = pump.metrics.page().decode()
    assert 'akira_outbox_deliveries_total{outcome="retry",target="kafka"} 1.0' in page
    assert 'akira_outbox_deliveries_total{outcome="delivered",target="kafka"} 3.0' in page


def test_what_is_left_is_sent_before_the_end_and_the_desk_is_told_of(store: Store) -> None:
    topic, faults = Topic(), []
    pump = outlets(store, topic)
    desk = Desk(store, DeskPolicy())
    with Chores([pump], desk, pump.outbox, pump.metrics, faults.append, keep_sent_ms=2**62).running():
        desk.do("minute-1", Acknowledge(), 2_000_000, "ann")
    assert faults == []
    assert len(topic.bodies) == 3
    page = pump.metrics.page().decode()
    assert 'akira_tickets_open{severity="SEV3",ticket_type="sip_quality"} 2.0' in page
    assert 'akira_outbox_pending{target="kafka"} 0.0' in page


def test_a_fault_in_the_chores_is_not_kept_quiet(store: Store) -> None:
    class Broken(Topic):
        def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
            raise ZeroDivisionError

    faults: list[BaseException] = []
    pump = outlets(store, Broken())
    with Chores(
        [pump], Desk(store, DeskPolicy()), pump.outbox, pump.metrics, faults.append, keep_sent_ms=2**62
    ).running():
        pass
    assert [type(fault) for fault in faults] == [ZeroDivisionError]
