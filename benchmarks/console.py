"""Console with 1,000 open tickets that hold 10,000 open alerts: list, search, live update, opening a ticket by HTTP.

Rival in the same run, where its Debian packages are installed: Request Tracker 5 opening a ticket over its REST API, on
SQLite as well. Wall-clock times of one client. Into results.json go `console_list_ms`, `search_ms` (95th percentiles),
`console_list_kb`, `live_update_s` (slowest), `api_create_ms` and `rt_create_ms` (medians):

    python -m benchmarks.console [--times N]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from akira.serving import served
from akira.web.app import create_app
from connectors.alertmanager.book import Book, Known
from connectors.store.engine import Store
from connectors.store.journal import Journal
from pipeline.desk.policy import DeskPolicy
from pipeline.incidents import Evidence, Figure, Impact, Incident, Point
from tests.rt.server import SERVER, SETUP, request_tracker

RESULTS = Path(__file__).parent / "results.json"
START_MS = 1_750_000_000_000
TICKETS, ALERTS, REVISIONS = 1_000, 10_000, 10
CREATES = 40


def incident(number: int, revision: int) -> Incident:
    """An incident with an hour of evidence, five customers and ten example calls."""
    at = START_MS + number * 60_000
    points = tuple(Point(at + n * 60_000, 100, 0.3, 0.58, 0.55, 0.61) for n in range(60))
    figure = Figure("asr_drop", "ASR", 0.3, 0.58, 0.56, 0.6, 3912, "ratio")
    return Incident(
        id=f"I-{number:05d}",
        revision=revision,
        at_ms=at + revision * 60_000,
        opened_at_ms=at,
        onset_ms=at - 180_000,
        ended_ms=None,
        recovered_at_ms=None,
        ticket_type="sip_quality",
        signals=("asr_drop",),
        lead="asr_drop",
        cause={"terminator": (f"term-{number % 97}",), "destination": (f"destination-{number % 211}",)},
        customers=tuple(Impact(f"customer-{(number * 7 + n) % 500}", n == 0, 300, 200, 120.0, 0.4) for n in range(5)),
        severity=("SEV3", "SEV2", "SEV3", "SEV1")[number % 4],  # type: ignore[arg-type]
        why="because a route fails for several customers",
        summary=f"term-{number % 97} rejects calls to destination-{number % 211}",
        evidence=Evidence((figure,), points, tuple(f"call-{number}-{n}" for n in range(10))),
    )


def timed(ask: Callable[[], httpx.Response], times: int) -> tuple[list[float], int]:
    """Milliseconds of each of `times` requests, and the bytes of the last answer."""
    spent, size = [], 0
    for _ in range(times):
        began = time.perf_counter()
        answer = ask()
        spent.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
        size = len(answer.content)
    return spent, size


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[18]


def live_update_s(client: httpx.Client, times: int) -> float:
    """The slowest of `times` waits from a command's answer to its event in the stream, in seconds."""
    slowest = 0.0
    with client.stream("GET", "/api/v1/events/stream") as stream:
        lines = stream.iter_lines()
        next(lines)
        time.sleep(0.5)
        for number in range(times):
            began = time.perf_counter()
            client.post(f"/api/v1/tickets/I-{number:05d}/add-note", json={"text": "seen"}).raise_for_status()
            while not next(lines).startswith("data: "):
                pass
            slowest = max(slowest, time.perf_counter() - began)
    return slowest


def alert(number: int) -> Known:
    """An open alert of one of the tickets."""
    return Known(f"{number:016x}", START_MS + number, f"I-{number % TICKETS:05d}", "prometheus-main")


def create(client: httpx.Client) -> httpx.Response:
    """Open a ticket."""
    body = {"ticket_type": "sip_quality", "summary": "calls to Germany fail", "intake": {"customer": "customer-7"}}
    return client.post("/api/v1/tickets", json=body)


def rt_create_ms(folder: Path) -> float | None:
    """The median of the same by Request Tracker; None where it is not installed."""
    if not (shutil.which(SETUP) and SERVER.exists()):
        print(f"Request Tracker 5 is not installed: no rival ({SETUP})")
        return None
    (folder / "rt").mkdir()
    with request_tracker(folder / "rt") as rt:
        headers = {"Authorization": f"token {rt.tokens['akira']}"}
        with httpx.Client(base_url=f"{rt.url}/REST/2.0", headers=headers, timeout=60) as client:
            body = {"Queue": "NOC", "Subject": "calls to Germany fail"}
            return statistics.median(timed(lambda: client.post("/ticket", json=body), CREATES)[0])


def main() -> None:
    """Fill a store, measure, and merge the figures into results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=60)
    times: int = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        store, policy = Store.open(f"sqlite:///{folder}/akira.db"), DeskPolicy()
        journal = Journal(store, policy)
        for revision in range(1, REVISIONS + 1):
            journal.record([incident(number, revision) for number in range(TICKETS)], None)
        Book(store).put(*(alert(number) for number in range(ALERTS)))
        app = create_app(store, policy)
        token, _ = app.state.tokens.issue("bench", "admin", at_ms=app.state.clock(), by="bench", lasts_ms=None)
        headers = {"Authorization": f"Bearer {token}"}
        with served(app, "127.0.0.1", 0) as address, httpx.Client(base_url=address, headers=headers) as client:
            client.get("/queue")
            list_ms, size = timed(lambda: client.get("/queue"), times)
            search_ms, _ = timed(lambda: client.get("/queue", params={"q": "term-13 customer-77"}), times)
            figures = {
                "console_list_ms": round(p95(list_ms), 1),
                "console_list_kb": round(size / 1000, 1),
                "search_ms": round(p95(search_ms), 1),
                "live_update_s": round(live_update_s(client, 10), 2),
                "api_create_ms": round(statistics.median(timed(lambda: create(client), CREATES)[0]), 1),
            }
        store.close()
        if (rival := rt_create_ms(Path(folder))) is not None:
            figures["rt_create_ms"] = round(rival, 1)
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
