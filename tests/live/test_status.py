"""What a service says of itself: alive always, ready only while it can work, and why not."""

from __future__ import annotations

import socket
import time

import httpx
import pytest
from starlette.applications import Starlette

from akira.errors import EXIT_AWAY, OperatorError
from akira.live_status import Status
from akira.metrics import Metrics
from akira.serving import served
from pipeline.ports import Batch, Reject
from pipeline.records import empty
from pipeline.run import Step

T0 = 1_760_000_040_000


def status(ready_lag_s: float = 60.0) -> Status:
    return Status(Metrics("0", time.time), ready_lag_s, lambda: {"duplicates": 3, "late": 1}, lag=lambda: {"p[0]": 7})


def test_the_oldest_record_that_waits_is_told_with_every_step() -> None:
    waiting: list[int | None] = [1_000, None]
    told = Status(Metrics("0", lambda: 61.0), 60.0, dict, oldest_ms=lambda: waiting.pop(0))
    told.stepped(step())
    assert "akira_oldest_unprocessed_seconds 60.0" in told.metrics.page().decode()
    told.stepped(step())
    assert "akira_oldest_unprocessed_seconds 0.0" in told.metrics.page().decode()


def step(rejects: int = 0, kept: dict[str, int] | None = None) -> Step:
    refused = tuple(Reject("p[0]", n, None, "not_json", "JSON", "?") for n in range(rejects))
    return Step(Batch("cdr", empty("cdr"), refused), (), (), T0, kept)


def test_ready_only_while_batches_come() -> None:
    told = status()
    with served(Starlette(routes=told.routes()), "127.0.0.1", 0) as address, httpx.Client(base_url=address) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").json() == {"status": "no batch yet", "lag": {"p[0]": 7}}
        told.stepped(step())
        assert client.get("/readyz").json()["status"] == "ready"
        told.away("Kafka is away", 1.0)
        gone = client.get("/readyz")
        assert (gone.status_code, gone.json()["status"], gone.headers["retry-after"]) == (503, "Kafka is away", "5")
        told.stepped(step())
        assert client.get("/readyz").status_code == 200


def test_a_loop_that_hangs_is_not_ready() -> None:
    told = status(ready_lag_s=0.01)
    told.stepped(step())
    time.sleep(0.05)
    assert "silent for" in told.unready()


def test_records_are_counted_by_what_became_of_them() -> None:
    told = status()
    told.stepped(step(rejects=2))
    told.stepped(step(rejects=1, kept={"p[0]": 3}))
    page = told.metrics.page().decode()
    assert 'akira_records_total{kind="cdr",outcome="rejected"} 3.0' in page
    assert 'akira_rejects_total{reason="not_json"} 3.0' in page
    assert 'akira_records_total{kind="cdr",outcome="duplicate"} 3.0' in page, "counted once, not at every step"
    assert 'akira_records_total{kind="cdr",outcome="late"} 1.0' in page


def test_it_is_served_on_a_free_port_and_a_taken_one_is_told() -> None:
    app = Starlette(routes=status().routes())
    with served(app, "127.0.0.1", 0) as address:
        assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with (
            pytest.raises(OperatorError, match="cannot serve on") as told,
            served(app, "127.0.0.1", holder.getsockname()[1]),
        ):
            raise AssertionError("served on a taken port")
    assert told.value.exit_code == EXIT_AWAY
