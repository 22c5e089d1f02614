"""A pump keeps what became of each message, leaves a target alone that keeps failing, and never its neighbour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from akira.breaker import FIRST_REST_MS, TRIPS
from akira.chores import Chores
from akira.metrics import Metrics
from akira.pump import PERSON_MS, Pump, pumps
from connectors.errors import ConnectorError
from connectors.outlets.port import Refused, Throttled
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from connectors.store.outgoing import Outgoing
from connectors.store.tickets import Tickets
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected
from tests.store.faults import incident


class Taking:
    """Does what it is given for each message, else takes it."""

    def __init__(self, *does: Exception | None | Callable[[], None]) -> None:
        self.does = list(does)
        self.asked: list[str] = []

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str | None:
        self.asked.append(outgoing.key)
        first = self.does.pop(0) if self.does else None
        if isinstance(first, Exception):
            raise first
        if first is not None:
            first()
        return None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Ten tickets of one event each, for two targets."""
    store = Store.open(f"sqlite:///{tmp_path}/akira.db")
    journal = Journal(store, DeskPolicy(), lambda ticket, event: ("one", "two"))
    journal.record([incident(1, f"i-{n}") for n in range(10)], None)
    yield store
    store.close()


def pump(store: Store, target: Taking, name: str = "one") -> Pump:
    return Pump(name, target, Outbox(store), Tickets(store), Metrics("0", lambda: 0.0))


def test_a_target_that_keeps_failing_is_left_alone_and_then_tried_by_one_message(store: Store) -> None:
    target = Taking(*[Disconnected("away")] * (TRIPS + 1))
    sending = pump(store, target)
    sending.round(0)
    assert len(target.asked) == TRIPS, "the rest keep their attempts"
    assert 'akira_outbox_resting{target="one"} 1.0' in sending.metrics.page().decode()
    sending.round(FIRST_REST_MS - 1)
    assert len(target.asked) == TRIPS
    sending.round(FIRST_REST_MS)
    assert len(target.asked) == TRIPS + 1, "one message tries, and fails"
    sending.round(FIRST_REST_MS * 2)
    assert len(target.asked) == TRIPS + 1, "the rest is longer now"
    while sending.round(FIRST_REST_MS * 100):
        pass
    assert len(set(target.asked)) == 10 and Outbox(store).counts()["one", "sent"] == 10
    assert 'akira_outbox_resting{target="one"} 0.0' in sending.metrics.page().decode()


def test_who_asks_for_quiet_gets_it_for_all_messages(store: Store) -> None:
    target = Taking(Throttled("429", 60.0))
    sending = pump(store, target)
    sending.round(0)
    sending.round(59_999)
    assert len(target.asked) == 1
    sending.round(60_000)
    assert len(target.asked) == 11


def test_what_it_will_never_take_and_what_a_person_must_mend(store: Store) -> None:
    target = Taking(Refused("400 no such field"), ConnectorError("401 token refused", "make a new one"))
    sending = pump(store, target)
    while sending.round(0):
        pass
    rows = {row.key: row for row in Outbox(store).rows() if row.target == "one"}
    assert [(row.state, row.last_error) for row in rows.values() if row.last_error] == [
        ("pending", "401 token refused"),
        ("dead", "400 no such field"),
    ]
    assert rows[target.asked[1]].next_at_ms == PERSON_MS


def test_what_was_taken_before_a_bug_is_not_sent_again(store: Store) -> None:
    target = Taking(None, None, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        pump(store, target).round(0)
    assert Outbox(store).counts()["one", "sent"] == 2


def test_a_slow_target_keeps_no_other_waiting(store: Store) -> None:
    through = threading.Event()

    class Counting(Taking):
        def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str | None:
            super().deliver(outgoing, ticket)
            if len(self.asked) == 10:
                through.set()
            return None

    hangs = Taking(lambda: waited.append(through.wait(60)))
    waited: list[bool] = []
    metrics, outbox, faults = Metrics("0", lambda: 0.0), Outbox(store), list[BaseException]()
    sending = pumps(outbox, Tickets(store), {"one": hangs, "two": Counting()}, metrics)
    with Chores(sending, Desk(store, DeskPolicy()), outbox, metrics, faults.append, keep_sent_ms=2**62).running():
        assert through.wait(60)
    assert faults == [] and waited == [True], "all of the other went while the first message of this one hung"
