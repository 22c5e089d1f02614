"""The parts of a larger fault: bound and unbound on both tickets, over with it only when somebody says so."""

from __future__ import annotations

import pytest

from pipeline.desk import commands as c
from pipeline.desk.desk import act
from pipeline.desk.fold import fold
from pipeline.desk.ticket import Ticket
from tests.desk.faults import NOW, POLICY, bad, from_telemetry, good, incident, opened

Desk = dict[str, Ticket]


def _do(desk: Desk, ticket_id: str, command: c.Command) -> Desk:
    events = good(act(desk, ticket_id, command, NOW, "jo", POLICY))
    named = {event.ticket_id for event in events}
    return desk | {key: fold([e for e in events if e.ticket_id == key], desk.get(key)) for key in named}


@pytest.fixture
def desk() -> Desk:
    """A platform fault with a customer's report and a telemetry ticket as its parts, and a stranger."""
    made = {"i-1": from_telemetry(), "D-1": opened(), "i-2": from_telemetry(incident(id="i-2"))}
    for part in ("D-1", "i-2"):
        made = _do(made, part, c.SetParent("i-1", "the platform explains it"))
    return made | {"i-3": from_telemetry(incident(id="i-3"))}


def test_the_parts_are_over_with_it_when_it_is_said_and_telemetry_does_not_show_them(desk: Desk) -> None:
    done = _do(desk, "i-1", c.Resolve("switch repaired", override=True, children=True))
    assert {key: ticket.state for key, ticket in done.items()} == {
        "i-1": "resolved",
        "D-1": "resolved",
        "i-2": "open",
        "i-3": "open",
    }
    assert done["D-1"].resolved_by == "jo" and done["D-1"].parent == "i-1"
    back = _do(done, "D-1", c.Reopen("their calls still fail"))
    assert back["D-1"].state == "open" and back["i-1"].state == "resolved"


def test_without_that_word_each_part_ends_by_itself(desk: Desk) -> None:
    done = _do(desk, "i-1", c.Resolve("switch repaired", override=True))
    assert (done["i-1"].state, done["D-1"].state) == ("resolved", "open")


def test_closing_is_each_tickets_own(desk: Desk) -> None:
    done = _do(desk, "i-1", c.Resolve("switch repaired", override=True, children=True))
    assert "root cause" in bad(act(done, "D-1", c.Close(), NOW, "jo", POLICY)).message


def test_every_bond_comes_off_on_both_tickets(desk: Desk) -> None:
    free = _do(desk, "D-1", c.ClearParent("another matter"))
    assert (free["D-1"].parent, free["i-1"].children) == (None, ("i-2",))
    linked = _do(free, "D-1", c.Link("i-3", "same customer"))
    assert (linked["D-1"].related, linked["i-3"].related) == (("i-3",), ("D-1",))
    unlinked = _do(linked, "i-3", c.Unlink("D-1"))
    assert (unlinked["D-1"].related, unlinked["i-3"].related) == ((), ())


def test_a_part_that_moves_leaves_its_first_parent(desk: Desk) -> None:
    moved = _do(desk, "D-1", c.SetParent("i-3", "it belongs there"))
    assert (moved["i-1"].children, moved["i-3"].children) == (("i-2",), ("D-1",))
    assert "two levels" in bad(act(moved, "i-3", c.SetParent("i-1", "why"), NOW, "jo", POLICY)).message
