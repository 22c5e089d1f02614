"""What people do in a real Request Tracker comes back to our tickets, and no further than a person may go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.outlets.back import Back
from connectors.outlets.port import Poll
from connectors.store.door import Done
from pipeline.desk.commands import AddNote, Close, Refusal, Resolve
from pipeline.desk.ticket import Ticket
from tests.outlets.desk import Told, told
from tests.rt.server import Rt
from tests.rt.test_outlet import remote_of, settings
from tests.store.faults import incident, report

pytestmark = pytest.mark.rt


class Both:
    """Our desk, RT, and what asks RT for us."""

    def __init__(self, noc: Told, rt: Rt, poll: Poll, back: Back) -> None:
        self.noc, self.rt, self.poll, self.back = noc, rt, poll, back

    def ask(self) -> int:
        """One look at RT; how many things were said of tickets of ours."""
        said = self.poll.ask()
        taken = sum(self.back.take(each, self.noc.at_ms) for each in said)
        self.poll.taken()
        return taken

    def ticket(self, ticket_id: str) -> Ticket:
        found = self.noc.desk.ticket(ticket_id)
        assert found is not None
        return found

    def made(self, key: str) -> tuple[str, str]:
        """A ticket here and its counterpart there."""
        ticket = self.noc.happens(incident(key=key))
        self.noc.send()
        return ticket, remote_of(self.noc)


@pytest.fixture
def both(rt: Rt, tmp_path: Path) -> Iterator[Both]:
    known = settings(rt, rt.url)
    with told(known, tmp_path) as noc:
        poll = known.poll()
        assert poll is not None
        yield Both(noc, rt, poll, Back(known, noc.desk, noc.outbox))
        poll.close()


def test_resolved_there_is_resolved_here_and_the_closure_gate_stays_shut(both: Both) -> None:
    done = both.noc.desk.do("", report(), both.noc.at_ms, "ann")
    assert isinstance(done, Done)
    both.noc.send()
    both.rt.as_ann("PUT", f"ticket/{remote_of(both.noc)}", {"Status": "resolved"})
    both.ask()
    assert both.ticket(done.ticket.id).state == "resolved"
    refused = both.noc.desk.do(done.ticket.id, Close(), both.noc.at_ms, "ann")
    assert isinstance(refused, Refusal) and refused.code == "missing"


def test_resolved_there_overrides_no_telemetry(both: Both) -> None:
    ticket, remote = both.made("i-resolved-there")
    both.rt.as_ann("PUT", f"ticket/{remote}/take", {})
    both.ask()
    assert both.ticket(ticket).state == "acknowledged"
    both.rt.as_ann("PUT", f"ticket/{remote}", {"Status": "resolved"})
    both.ask()
    now = both.ticket(ticket)
    assert now.state == "acknowledged"
    assert "ann resolved it in rt: new to resolved in RT" in now.notes[-1].text
    assert both.ask() == 0
    both.noc.send()
    assert both.rt.ticket(remote)["Status"] == "resolved", "and RT's people keep their status"


def test_comments_come_back_once_and_not_to_where_they_came_from(both: Both) -> None:
    ticket, remote = both.made("i-comments")
    both.noc.do(ticket, AddNote("ours"))
    both.noc.send()
    html = "<p>They have a <b>fibre cut</b> &amp; a detour</p><p>until 18:00</p>"
    both.rt.as_ann("POST", f"ticket/{remote}/comment", {"Content": html, "ContentType": "text/html"})
    both.rt.as_ann("POST", f"ticket/{remote}/comment", {"Content": "plain ünd simple", "ContentType": "text/plain"})
    assert both.ask() == 2
    texts = [note.text for note in both.ticket(ticket).notes]
    assert texts == [
        "ours",
        "ann in rt: They have a fibre cut & a detour\nuntil 18:00",
        "ann in rt: plain ünd simple",
    ]
    before = both.rt.comments(remote)
    both.noc.send()
    assert both.ask() == 0 and both.rt.comments(remote) == before


def test_what_was_said_while_nobody_asked_is_heard_and_a_second_asker_changes_nothing(both: Both, rt: Rt) -> None:
    ticket, remote = both.made("i-away")
    rt.as_ann("PUT", f"ticket/{remote}", {"Status": "resolved"})
    for _ in range(2):
        poll = settings(rt, rt.url).poll()
        assert poll is not None
        for said in poll.ask():
            both.back.take(said, both.noc.at_ms)
        poll.close()
    assert len([note for note in both.ticket(ticket).notes if "in rt" in note.text]) == 1


def test_reopened_there_is_reopened_here(both: Both) -> None:
    ticket, remote = both.made("i-reopened-there")
    both.noc.do(ticket, Resolve("gone", override=True))
    both.noc.send()
    both.ask()
    both.rt.as_ann("PUT", f"ticket/{remote}", {"Status": "open"})
    assert both.ask() == 1
    assert both.ticket(ticket).state == "open"


def test_what_is_not_taken_comes_again(both: Both) -> None:
    _, remote = both.made("i-again")
    both.rt.as_ann("POST", f"ticket/{remote}/comment", {"Content": "x", "ContentType": "text/plain"})
    first = both.poll.ask()
    assert first and both.poll.ask() == first
    both.poll.taken()
    assert both.poll.ask() == ()
