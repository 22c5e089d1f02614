"""Ten thousand messages wait for receivers that fail at every third call: each arrives once, and in order."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from akira.metrics import Metrics
from akira.pump import pumps
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from connectors.store.outgoing import Outgoing
from connectors.store.tickets import Tickets
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected
from tests.store.faults import incident

TARGETS = ("jira", "kafka", "pagerduty", "slack", "webhook")
TICKETS, REVISIONS = 500, 4
HOUR_MS = 3_600_000


class EveryThirdFails:
    """Takes messages; every third call fails before anything is done."""

    def __init__(self) -> None:
        self.calls = 0
        self.taken: dict[str, list[int]] = defaultdict(list)

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str | None:
        self.calls += 1
        if self.calls % 3 == 0:
            raise Disconnected("the third call")
        assert ticket.version == outgoing.event.seq, "the ticket is as it was then"
        if self.taken[ticket.id]:
            assert outgoing.remote_id == f"their {ticket.id}", "what it was called the first time"
        self.taken[ticket.id].append(outgoing.event.seq)
        return f"their {ticket.id}"


def test_ten_thousand_messages_drain_without_a_double(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/akira.db")
    journal = Journal(store, DeskPolicy(), lambda ticket, event: TARGETS)
    for revision in range(1, REVISIONS + 1):
        made = [incident(revision, f"i-{n}", summary=f"minute {revision}") for n in range(TICKETS)]
        journal.record(made, None)
    outbox = Outbox(store)
    assert sum(outbox.counts().values()) == TICKETS * REVISIONS * len(TARGETS) == 10_000
    receivers = {name: EveryThirdFails() for name in TARGETS}
    sending = pumps(outbox, Tickets(store), receivers, Metrics("0", lambda: 0.0))
    now_ms = 0
    while any(state == "pending" for _, state in outbox.counts()):
        for pump in sending:
            while pump.round(now_ms):
                pass
        now_ms += HOUR_MS
    assert {state for _, state in outbox.counts()} == {"sent"}
    every = {f"i-{n}": list(range(1, REVISIONS + 1)) for n in range(TICKETS)}
    assert all(receiver.taken == every for receiver in receivers.values())
    assert all(receiver.calls > TICKETS * REVISIONS * 1.4 for receiver in receivers.values()), "they did fail"
    store.close()
