"""Create tickets in the store, beside the cheapest thing a rival could do: median and p95 in milliseconds.

Each create is one durable transaction: event, fold, customers, outbox row and idempotency key. The rival in the same
run is a bare SQLite insert of the same bytes with the same durability (WAL, synchronous FULL): the floor of the disk.
Lists and search run over the tickets that were made. Wall-clock times of one client; results.json gets
`ticket_create_ms` (median) and the rest under `store`:

    python -m benchmarks.store [--tickets N] [--url URL]
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from connectors.store.door import Desk, Done
from connectors.store.engine import Store
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.commands import Open, Scope
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Intake

RESULTS = Path(__file__).parent / "results.json"
_AT_MS = 1_790_000_000_000


def timed(work: Callable[[int], object], times: int) -> list[float]:
    """Milliseconds of each call."""
    spent: list[float] = []
    for number in range(times):
        start = time.perf_counter()
        work(number)
        spent.append((time.perf_counter() - start) * 1000)
    return spent


def figures(name: str, spent: list[float]) -> dict[str, float]:
    """Median and p95 under `name`."""
    ordered = sorted(spent)
    return {name: round(statistics.median(spent), 2), f"{name}_p95": round(ordered[int(len(ordered) * 0.95)], 2)}


def floor(folder: Path, times: int) -> list[float]:
    """A bare durable insert of 1,500 bytes."""
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    spent = timed(lambda _: connection.execute("INSERT INTO t (body) VALUES (?)", ("x" * 1500,)), times)
    connection.close()
    return spent


def measure(url: str, folder: Path, times: int) -> dict[str, float]:
    """All figures of one run."""
    store = Store.open(url)
    desk, tickets = Desk(store, DeskPolicy(), fan_out=lambda ticket, event: ("kafka",)), Tickets(store)

    def create(number: int) -> None:
        intake = Intake(f"cust-{number % 500}", affected=f"trunk-{number % 240}", text="no calls to Germany " * 10)
        scope = Scope(production_impact=number % 5 == 0, unable=number % 3)
        command = Open("sip_quality", f"term-{number % 80} rejects calls", intake, scope, "api")
        assert isinstance(desk.do("", command, _AT_MS + number, "bench", once=f"k-{number}"), Done)

    found = figures("ticket_create_ms", timed(create, times))
    found |= figures("sqlite_insert_ms", floor(folder, times))
    found |= figures("list_ms", timed(lambda _: tickets.page(Filter(), 50), 50))
    found |= figures("search_ms", timed(lambda n: tickets.page(Filter(text=f"term-{n} cust-{n}"), 50), 50))
    found["tickets"] = times
    store.close()
    return found


def main() -> None:
    """Print one JSON object, and keep it in the results."""
    parser = argparse.ArgumentParser(description="Create, list and search tickets.")
    parser.add_argument("--tickets", type=int, default=1000)
    parser.add_argument("--url", help="an empty database; a new SQLite file by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = measure(options.url or f"sqlite:///{folder / 'akira.db'}", folder, options.tickets)
    print(json.dumps(found))
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    kept |= {"store": found, "ticket_create_ms": found["ticket_create_ms"]}
    RESULTS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
