"""What the chores do beside the pumps: old messages of the outbox are forgotten, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import akira.chores
from akira.chores import PRUNE_EVERY_MS, Chores
from akira.metrics import Metrics
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from connectors.store.outcomes import sent
from pipeline.desk.policy import DeskPolicy
from tests.store.faults import incident


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[tuple[Store, Outbox]]:
    """A ticket of five events, all taken by its target but the last."""
    store = Store.open(f"sqlite:///{tmp_path}/akira.db")
    journal = Journal(store, DeskPolicy(), lambda ticket, event: ("jira",))
    journal.record([incident(n, severity="SEV2" if n % 2 else "SEV3") for n in range(1, 6)], None)
    made = Outbox(store)
    made.settle([sent(row.id) for row in made.due(0)])
    yield store, made
    store.close()


def test_old_messages_go_a_batch_a_round_and_then_once_an_hour(
    outbox: tuple[Store, Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rows = outbox
    now, faults = [0], list[BaseException]()
    monkeypatch.setattr(akira.chores, "now_ms", lambda: now[0])
    monkeypatch.setattr(akira.chores, "PRUNE_AT_ONCE", 2)
    chores = Chores((), Desk(store, DeskPolicy()), rows, Metrics("0", lambda: 0.0), faults.append, keep_sent_ms=1_000)

    def left_at(at_ms: int) -> int:
        now[0] = at_ms
        with chores.running():
            pass
        return len(rows.rows())

    every = len(rows.rows())
    oldest = min(row.event.at_ms for row in rows.rows())
    assert every > 5
    assert left_at(oldest + 1_000) == every, "a second after its event it is kept"
    left = [every]
    while left[-1] != left_at(2**50):
        left.append(len(rows.rows()))
    assert left[-1] == 1 and len(left) > 1, "batch after batch, until none is found"
    Journal(store, DeskPolicy(), lambda ticket, event: ("jira",)).record([incident(6, severity="SEV3")], None)
    rows.settle([sent(row.id) for row in rows.due(0)])
    assert left_at(now[0] + PRUNE_EVERY_MS - 1) > 1, "within the hour nothing is looked for"
    assert left_at(now[0] + 1) == 1
    assert faults == []
