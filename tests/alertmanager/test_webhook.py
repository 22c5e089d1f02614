"""The webhook door: what Alertmanager really sends, what a wrong sender sends, and overload that it sends again."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from akira.serving import served
from connectors.alertmanager.alert import Alert
from connectors.alertmanager.book import Book
from connectors.alertmanager.inbox import Inbox
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.alertmanager.webhook import PATH, router
from connectors.store.engine import Store
from pipeline.ports import Disconnected
from tests.alertmanager.desk import NOW, Desk, alert

_NUMBERS = itertools.count()
TOKEN = {"Authorization": "Bearer right"}


def delivery(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A webhook of version 4 as Alertmanager 0.25 sends it, with a field of a later version."""
    body = {
        "receiver": "akira",
        "status": "firing",
        "alerts": list(alerts) or [one()],
        "groupLabels": {"alertname": "TrunkDown"},
        "commonLabels": {"alertname": "TrunkDown"},
        "commonAnnotations": {},
        "externalURL": "http://am:9093",
        "version": "4",
        "groupKey": '{}:{alertname="TrunkDown"}',
        "truncatedAlerts": 0,
        "notification_reason": "new in main",
    }
    return body | more


def one(**more: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "TrunkDown", "trunk": "t1", "severity": "critical"},
        "annotations": {"summary": "trunk t1 is down"},
        "startsAt": "2026-11-24T19:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prom:9090/graph",
        "fingerprint": "3f2a9c0d1b4e5f60",
    } | more


class Door:
    """The door on a loopback port, with a desk behind it."""

    def __init__(self, folder: Path, running: ExitStack, **more: Any) -> None:
        store = Store.open(f"sqlite:///{folder}/{next(_NUMBERS)}.db")
        running.callback(store.close)
        self.desk, self.shed, self.listed = Desk(), 0, list[Alert]()
        self.inbox = Inbox(self.desk, Book(store), AlertmanagerSettings(), lambda _: None)
        app = FastAPI()
        given = {"authorised": "right".__eq__, "listed": lambda: self.listed, "shed": self._shed, "now_ms": lambda: NOW}
        app.include_router(router(self.inbox, **(given | more)))
        self.url = running.enter_context(served(app, "127.0.0.1", 0)) + PATH

    def _shed(self) -> None:
        self.shed += 1

    def post(self, body: Any, **more: Any) -> Any:
        given = {"json": body} if not isinstance(body, bytes) else {"content": body}
        return httpx.post(self.url, timeout=30, **({"headers": TOKEN} | given | more))


MakeDoor = Callable[..., Door]


@pytest.fixture
def make_door(tmp_path: Path) -> Iterator[MakeDoor]:
    with ExitStack() as running:
        yield lambda **more: Door(tmp_path, running, **more)


def test_a_delivery_opens_a_ticket_and_the_same_again_none(make_door: MakeDoor) -> None:
    door = make_door()
    for _ in range(4):
        assert door.post(delivery()).status_code == 204
    (ticket,) = door.desk.tickets.values()
    assert ticket.summary == "trunk t1 is down" and ticket.intake.affected == "t1"


def test_resolved_with_its_end_and_firing_in_one_delivery(make_door: MakeDoor) -> None:
    door = make_door()
    door.post(delivery())
    over = one(status="resolved", endsAt="2026-11-24T19:05:00Z")
    other = one(fingerprint="aa", labels={"alertname": "B"})
    assert door.post(delivery(over, other, status="resolved")).status_code == 204
    (ticket,) = door.desk.tickets.values()
    assert ticket.state == "open"
    assert "19:05:00" in ticket.notes[0].text and ticket.notes[1].text.startswith("Alert B fires since")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (delivery(version="3"), "version"),
        (delivery(one(startsAt="yesterday")), "alerts.0.startsAt"),
        (delivery(one(startsAt="2026-11-24T19:00:00")), "alerts.0.startsAt"),
        (delivery(one(fingerprint="<script>")), "alerts.0.fingerprint"),
        (delivery(one(labels={"a": 1})), "alerts.0.labels.a"),
        (delivery(one(labels={"a": "x" * 20_001})), "alerts.0.labels.a"),
        (delivery(one(status="maybe")), "alerts.0.status"),
        ({k: v for k, v in delivery().items() if k != "alerts"}, "alerts"),
    ],
)
def test_what_is_no_delivery_is_refused_with_the_place(make_door: MakeDoor, body: Any, place: str) -> None:
    door = make_door()
    answer = door.post(body)
    assert answer.status_code == 400 and answer.json()["detail"].startswith(place), answer.text
    assert answer.headers["content-type"] == "application/problem+json" and door.desk.tickets == {}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic cmlnaHQ="}])
def test_without_the_token_nothing_is_read(make_door: MakeDoor, headers: dict[str, str]) -> None:
    door = make_door()
    assert door.post(delivery(), headers=headers).status_code == 401 and door.desk.tickets == {}


def test_a_body_without_end_is_cut(make_door: MakeDoor) -> None:
    door = make_door(body_bytes=1000)
    answer = door.post(delivery(*[one()] * 10))
    assert answer.status_code == 413 and "max_alerts" in answer.json()["detail"]


def test_what_alertmanager_cut_off_is_fetched(make_door: MakeDoor) -> None:
    door = make_door()
    door.listed = [alert("A", trunk="t2"), alert("B", trunk="t3")]
    assert door.post(delivery(truncatedAlerts=2)).status_code == 204
    assert len(door.desk.tickets) == 3


def test_cut_off_and_not_to_be_fetched_is_503_so_that_it_comes_again(make_door: MakeDoor) -> None:
    def away() -> list[Alert]:
        raise Disconnected("no route to host")

    door = make_door(listed=away)
    answer = door.post(delivery(truncatedAlerts=2))
    assert answer.status_code == 503 and answer.headers["retry-after"] and door.shed == 1


def test_too_many_at_once_are_503_and_never_429(make_door: MakeDoor) -> None:
    door = make_door(at_once=1)
    inside, leave = threading.Event(), threading.Event()
    take = door.inbox.take

    def slow(*given: Any) -> None:
        inside.set()
        assert leave.wait(20)
        take(*given)

    door.inbox.take = slow  # type: ignore[method-assign]
    first = threading.Thread(target=door.post, args=(delivery(),))
    first.start()
    assert inside.wait(20)
    answer = door.post(delivery())
    leave.set()
    first.join()
    assert answer.status_code == 503 and answer.headers["retry-after"] == "5" and door.shed == 1
    assert len(door.desk.tickets) == 1


def test_a_storm_of_one_group_is_one_ticket_with_one_note(make_door: MakeDoor) -> None:
    door = make_door()
    storm = [one(fingerprint=f"{n:x}", labels={"alertname": "Trunk", "trunk": f"t{n}"}) for n in range(2000)]
    for _ in range(2):
        assert door.post(delivery(*storm)).status_code == 204
    (ticket,) = door.desk.tickets.values()
    (note,) = ticket.notes
    assert note.text.endswith("And 1979 more.") and note.text.count("\n") == 20


def test_groups_that_nothing_explains_are_tickets_of_their_own(make_door: MakeDoor) -> None:
    door = make_door()
    for n in range(3):
        there = one(fingerprint=f"{n:x}", labels={"alertname": "Trunk", "trunk": f"t{n}"})
        door.post(delivery(there, groupLabels={"alertname": "Trunk", "trunk": f"t{n}"}))
    assert len(door.desk.tickets) == 3
