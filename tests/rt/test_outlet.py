"""A real Request Tracker is told of our tickets: one there for each here, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectors.errors import ConnectorError
from connectors.outlets.rt import RtSettings
from pipeline.desk.commands import Acknowledge, AddNote, ForceSeverity, Mitigate, Reopen, Resolve
from tests.outlets.desk import Told, told
from tests.outlets.fake import Asked, Reply, Tool, serving
from tests.rt.server import Rt
from tests.store.faults import incident

pytestmark = pytest.mark.rt
LOST = Reply(lost=True)


@pytest.fixture
def line(rt: Rt) -> Iterator[Tool]:
    """The way to RT, on which answers can be lost after RT has done its work."""
    with httpx.Client(timeout=30) as client:

        def forward(asked: Asked) -> Reply:
            kept = {name: asked.headers[name] for name in ("authorization", "content-type") if name in asked.headers}
            answer = client.request(
                asked.method, rt.url + asked.path, params=asked.query, content=asked.body, headers=kept
            )
            return Reply(answer.status_code, answer.content, {"content-type": "application/json"})

        with serving(forward) as tool:
            yield tool


def settings(rt: Rt, url: str, **more: object) -> RtSettings:
    given = {"kind": "rt", "name": "rt", "url": url, "token": rt.tokens["akira"], "queue": "NOC", "timeout_s": 30}
    return RtSettings.model_validate({**given, **more})


@pytest.fixture
def noc(rt: Rt, line: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(rt, line.url), tmp_path) as made:
        yield made


def remote_of(noc: Told) -> str:
    """What RT calls the ticket."""
    remote = noc.outbox.rows("sent")[0].remote_id
    assert remote is not None
    return remote


def refers(ticket: str) -> str:
    return f"Queue = 'NOC' AND RefersTo = 'https://noc.example/tickets/{ticket}'"


def test_a_ticket_here_is_one_there_from_new_to_resolved(noc: Told, rt: Rt) -> None:
    ticket = noc.happens(incident(key="i-life"))
    noc.send()
    remote = remote_of(noc)
    made = rt.ticket(remote)
    assert (made["Status"], made["Queue"]["id"]) == ("new", "3")
    assert made["Subject"] == "SEV2 term-05 rejects calls to Germany-Mobile"
    assert rt.count(refers(ticket)) == 1
    for command, status in (
        (Acknowledge(), "open"),
        (ForceSeverity("SEV1", "all of Germany"), "open"),
        (Mitigate("rerouted to term-06"), "open"),
        (Resolve("the supplier repaired it", override=True), "resolved"),
        (Reopen("it is back"), "open"),
    ):
        noc.do(ticket, command)
        noc.send()
        assert rt.ticket(remote)["Status"] == status, command
    assert rt.ticket(remote)["Subject"] == "SEV1 term-05 rejects calls to Germany-Mobile"
    assert rt.comments(remote) == [f"{ticket}:{seq}:rt" for seq in range(2, 7)]
    assert noc.waiting() == noc.dead() == []


@pytest.mark.parametrize("lost_at", (1, 2), ids=["it is made", "its status is asked"])
def test_an_answer_lost_while_it_is_made_makes_no_second(noc: Told, rt: Rt, line: Tool, lost_at: int) -> None:
    line.faults.extend([*[None] * lost_at, LOST])
    ticket = noc.happens(incident(key=f"i-lost-{lost_at}"))
    noc.send()
    (waiting,) = noc.waiting()
    assert "outlet rt: 127.0.0.1 does not answer" in waiting.last_error
    noc.send(later_ms=60_000)
    assert noc.waiting() == noc.dead() == [] and rt.count(refers(ticket)) == 1


@pytest.mark.parametrize("lost_at", (1, 3), ids=["the comment", "the status"])
def test_an_answer_lost_while_it_is_told_says_nothing_twice(noc: Told, rt: Rt, line: Tool, lost_at: int) -> None:
    ticket = noc.happens(incident(key=f"i-told-{lost_at}"))
    noc.send()
    noc.do(ticket, Resolve("gone", override=True))
    line.faults.extend([*[None] * lost_at, LOST])
    noc.send()
    noc.send(later_ms=60_000)
    remote = remote_of(noc)
    assert noc.waiting() == noc.dead() == []
    assert rt.comments(remote) == [f"{ticket}:2:rt"] and rt.ticket(remote)["Status"] == "resolved"


def test_what_rts_people_did_within_a_phase_stays(noc: Told, rt: Rt) -> None:
    ticket = noc.happens(incident(key="i-stalled"))
    noc.send()
    remote = remote_of(noc)
    rt.as_ann("PUT", f"ticket/{remote}", {"Status": "stalled"})
    noc.do(ticket, Acknowledge())
    noc.send()
    assert rt.ticket(remote)["Status"] == "stalled"
    rt.as_ann("PUT", f"ticket/{remote}", {"Status": "rejected"})
    noc.do(ticket, Resolve("gone", override=True))
    noc.send()
    assert rt.ticket(remote)["Status"] == "rejected"


def test_a_ticket_that_people_merged_there_is_still_told(noc: Told, rt: Rt) -> None:
    ticket = noc.happens(incident(key="i-merged"))
    noc.send()
    remote, other = remote_of(noc), rt.as_ann("POST", "ticket", {"Queue": "NOC", "Subject": "mine"})["id"]
    rt.as_ann("PUT", f"ticket/{remote}", {"MergeInto": other})
    noc.do(ticket, AddNote("the supplier called back"))
    noc.send()
    assert rt.comments(other) == [f"{ticket}:2:rt"] and noc.waiting() == []


def test_a_refused_token_waits_for_a_person_and_is_not_shown(rt: Rt, line: Tool, tmp_path: Path) -> None:
    with told(settings(rt, line.url, token="1-14-nobody-has-this"), tmp_path) as noc:
        noc.happens(incident(key="i-token"))
        noc.send()
        (waiting,) = noc.waiting()
    assert (
        "answered 401" in waiting.last_error and "may its user create and modify tickets in NOC?" in waiting.last_error
    )
    assert "nobody-has-this" not in waiting.last_error


def test_a_status_that_rt_refuses_in_a_success_is_found_out(rt: Rt, line: Tool, tmp_path: Path) -> None:
    with told(settings(rt, line.url, over="gone"), tmp_path) as noc:
        ticket = noc.happens(incident(key="i-status"))
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        (dead,) = noc.dead()
    assert "left ticket" in dead.last_error and "isn't a valid status" in dead.last_error


def test_a_queue_that_is_not_there_is_named(rt: Rt, line: Tool, tmp_path: Path) -> None:
    with told(settings(rt, line.url, queue="Nope"), tmp_path) as noc:
        noc.happens(incident(key="i-queue"))
        noc.send()
        (waiting,) = noc.waiting()
    assert "No permission to create tickets in the queue 'Nope'" in waiting.last_error


def test_custom_fields_are_filled_and_one_that_is_not_there_is_named(rt: Rt, line: Tool, tmp_path: Path) -> None:
    with told(settings(rt, line.url, custom_fields={"Source": "Akira"}), tmp_path) as noc:
        noc.happens(incident(key="i-field"))
        noc.send()
        (field,) = rt.ticket(remote_of(noc))["CustomFields"]
    assert (field["name"], field["values"]) == ("Source", ["Akira"])
    outlet = settings(rt, line.url, custom_fields={"Source": "Akira", "Sauce": "x"}).open("https://noc.example")
    with pytest.raises(ConnectorError, match="has no custom field Sauce in NOC"):
        outlet.test("a test")
    outlet.close()


def test_the_test_button_makes_finds_and_ends(rt: Rt, line: Tool) -> None:
    outlet = settings(rt, line.url).open("https://noc.example")
    said = outlet.test("A test of Akira's outlet rt")
    outlet.close()
    assert said.endswith("was made, found again, and ended")
    assert rt.ticket(said.split()[0])["Status"] == "resolved"
