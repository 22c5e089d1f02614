"""`kill -9` at random moments: what was acknowledged is there, what was not is whole or absent, nothing is twice."""

from __future__ import annotations

import multiprocessing
import os
import random
import time

from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import STATES
from pipeline.run import Checkpoint
from tests.store.faults import incident, recovered

KILLS = 12
REVISIONS = 400
TICKETS = 8
FORK = multiprocessing.get_context("fork")
"""A child that is killed must not have to import everything first: the moments of the kills would all be the same."""


def _write(url: str, told: int) -> None:
    """Record the stream from the last checkpoint on; every number is told only after its transaction."""
    store = Store.open(url)
    journal = Journal(store, DeskPolicy(), lambda ticket, event: ("page",))
    mark = journal.checkpoint()
    os.write(told, b"ready\n")
    for number in range(mark.positions["cdr[0]"] if mark else 0, REVISIONS):
        revision, key = number // TICKETS + 1, f"i-{number % TICKETS}"
        made = recovered(revision, key=key) if revision == REVISIONS // TICKETS else incident(revision, key=key)
        due = number % 5 == 4
        journal.record([made], Checkpoint(b"%d" % (number + 1), {"cdr[0]": number + 1}, number) if due else None)
        os.write(told, b"%d\n" % (number + 1))
    store.close()


def _run(url: str, kill_after_s: float | None) -> int:
    """The highest number that the writer told before it was killed so long after it was ready."""
    reader, told = os.pipe()
    writer = FORK.Process(target=_write, args=(url, told))
    writer.start()
    os.close(told)
    with os.fdopen(reader, "rb") as lines:
        assert lines.readline() == b"ready\n"
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            writer.kill()
        said = [line for line in lines if line.endswith(b"\n")]
    writer.join(timeout=60)
    assert kill_after_s is not None or writer.exitcode == 0
    return int(said[-1]) if said else 0


def test_kill_at_random_points_loses_and_doubles_nothing(url: str) -> None:
    rng = random.Random(7)
    acknowledged = 0
    for _ in range(KILLS):
        acknowledged = max(acknowledged, _run(url, rng.uniform(0.0, 0.12)))
        store = Store.open(url)
        tickets = Tickets(store)
        kept = sum(ticket.revision for ticket in tickets.folds(Filter(states=STATES)))
        mark = Journal(store, DeskPolicy()).checkpoint()
        assert kept >= acknowledged
        assert mark is None or int(mark.snapshot) == mark.positions["cdr[0]"] <= kept
        store.close()
    _run(url, None)
    _check_whole(url)


def _check_whole(url: str) -> None:
    store = Store.open(url)
    tickets = Tickets(store)
    folds = list(tickets.folds(Filter(states=STATES)))
    assert sorted(ticket.id for ticket in folds) == [f"i-{n}" for n in range(TICKETS)]
    for ticket in folds:
        assert ticket.revision == REVISIONS // TICKETS and ticket.state == "resolved"
        assert ticket.version == REVISIONS // TICKETS + 2, (
            "one event a revision, then recovered and resolved: none twice"
        )
        assert tickets.verify(ticket.id) is None
    assert Outbox(store).counts() == {("page", "pending"): sum(ticket.version for ticket in folds)}
    store.close()
