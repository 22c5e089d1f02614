"""Writers at the same time: one incident key gives one ticket, and no event is lost or out of order."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier

from connectors.store.door import Desk, Done
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.commands import AddNote
from pipeline.desk.policy import DeskPolicy
from tests.store.faults import MINUTE, incident, report

WRITERS = 8


def _open_one(url: str, ready: Barrier) -> None:
    store = Store.open(url)
    ready.wait(timeout=60)
    Journal(store, DeskPolicy()).record([incident()], None)
    Desk(store, DeskPolicy()).open(report(incident_key="alert-7"), MINUTE, "akira/alertmanager")
    store.close()


def test_eight_processes_with_one_incident_key_make_one_ticket(url: str) -> None:
    fork = multiprocessing.get_context("fork")
    ready = fork.Barrier(WRITERS)
    writers = [fork.Process(target=_open_one, args=(url, ready)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    store = Store.open(url)
    assert sorted(row.id for row in Tickets(store).page(Filter()).rows) == ["D-000001", "i-1"]
    assert Tickets(store).head() == 2
    store.close()


def test_threads_writing_to_one_ticket_keep_its_chain_whole(store: Store, reopened: Callable[[], Store]) -> None:
    desk = Desk(store, DeskPolicy())
    key = desk.open(report(), MINUTE, "jo")
    assert isinstance(key, str)
    desks = [Desk(reopened(), DeskPolicy()) for _ in range(4)]

    def note(number: int) -> bool:
        return isinstance(desks[number % 4].do(key, AddNote(f"note {number}"), MINUTE, "jo"), Done)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(note, range(24)))
    ticket = Tickets(store).get(key)
    assert ticket is not None and len(ticket.notes) == 24 and ticket.version == 25
    assert Tickets(store).verify(key) is None


def test_a_follower_never_skips_an_event_while_others_write(store: Store, reopened: Callable[[], Store]) -> None:
    desks, tickets = [Desk(reopened(), DeskPolicy()) for _ in range(4)], Tickets(store)
    seen: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(desks[n % 4].open, report(f"c{n}"), MINUTE, "jo") for n in range(40)]
        while not all(task.done() for task in work):
            seen += [position for position, _ in tickets.after(seen[-1] if seen else 0)]
    seen += [position for position, _ in tickets.after(seen[-1] if seen else 0)]
    assert [task.result() for task in work] and len(seen) == len(set(seen)) == 40 == tickets.head() - seen[0] + 1
