"""Who is on call, who is paged after whom and when, and what wakes nobody."""

from __future__ import annotations

import pytest

from pipeline.desk import commands as c
from pipeline.desk.desk import handle
from pipeline.desk.fold import fold
from pipeline.desk.observe import observe
from pipeline.desk.policy import DeskPolicy, RotaPolicy, Shift
from pipeline.desk.rota import due, due_at, handover, line_up, next_to_page, on_call
from pipeline.desk.ticket import Ticket
from pipeline.desk.timeline import timeline
from tests.desk.faults import MINUTE, NOW, POLICY, after, bad, from_telemetry, good, incident, opened

HOUR = 60 * MINUTE
ROTA = RotaPolicy(
    people=("ann", "bob", "cy"),
    from_ms=0,
    turn_hours=12,
    swaps=(Shift(person="zoe", start_ms=13 * HOUR, end_ms=14 * HOUR), Shift(person="ann", start_ms=0, end_ms=HOUR)),
    management=("eve",),
)


@pytest.mark.parametrize(
    ("hour", "line"),
    [
        (0, "ann bob cy"),
        (11.99, "ann bob cy"),
        (12, "bob cy ann"),
        (13, "zoe cy ann bob"),
        (24, "cy ann bob"),
        (36, "ann bob cy"),
    ],
)
def test_the_line_begins_with_who_has_the_pager(hour: float, line: str) -> None:
    assert line_up(ROTA, round(hour * HOUR)) == tuple(line.split())
    assert on_call(ROTA, round(hour * HOUR)) == line.split()[0]


def test_the_pager_changes_hands_at_turns_and_swaps() -> None:
    assert [handover(ROTA, at * HOUR) for at in (0, 1, 12, 13, 14)] == [hour * HOUR for hour in (1, 12, 13, 14, 24)]
    assert on_call(RotaPolicy(), 0) is None and handover(RotaPolicy(), 0) is None and line_up(RotaPolicy(), 0) == ()


def _page(ticket: Ticket, at_ms: int, rota: RotaPolicy = ROTA, to: str = "") -> Ticket:
    command = c.Escalate("nobody answers", to)
    return fold(good(handle(ticket, command, at_ms, "akira/timer", DeskPolicy(rota=rota))), ticket)


def test_pages_go_along_the_line_until_somebody_acknowledges() -> None:
    ticket = from_telemetry(incident(severity="SEV1"))
    start = ticket.opened_at_ms
    assert due(ticket, ROTA, start) == 1 and due_at(ticket, ROTA, start) == start
    paged = _page(ticket, start)
    assert due(paged, ROTA, start + 5 * MINUTE - 1) is None
    assert due(paged, ROTA, start + 5 * MINUTE) == 2 and next_to_page(paged, ROTA, NOW) == "bob"
    twice = _page(paged, start + 5 * MINUTE)
    third = _page(twice, start + 10 * MINUTE)
    assert [page.to for page in third.escalations] == ["ann", "bob", "cy"]
    assert due_at(third, ROTA, NOW) is None, "all steps are done"
    assert due(after(paged, c.Acknowledge()), ROTA, NOW) is None


def test_who_has_been_paged_is_not_paged_again_when_the_pager_changes_hands() -> None:
    late = 12 * HOUR - MINUTE
    ticket = from_telemetry(incident(severity="SEV1", at_ms=late, opened_at_ms=late))
    once = _page(ticket, late)
    assert [page.to for page in once.escalations] == ["ann"]
    assert next_to_page(once, ROTA, 12 * HOUR + MINUTE) == "bob"
    named = _page(once, late, to="cleo")
    assert next_to_page(named, RotaPolicy(people=("ann",)), late) == "ann", "the line begins anew"


def test_management_is_told_with_the_first_page_of_a_sev1_only() -> None:
    first = _page(from_telemetry(incident(severity="SEV1")), 3 * MINUTE)
    second = _page(first, 9 * MINUTE)
    assert [page.also for page in second.escalations] == [("eve",), ()]
    assert _page(from_telemetry(incident(severity="SEV2")), 3 * MINUTE).escalations[0].also == ()
    (told,) = timeline(good(handle(from_telemetry(incident(severity="SEV1")), c.Escalate("help"), NOW, "jo",
                                   DeskPolicy(rota=ROTA))))  # fmt: skip
    assert told.text == "paged ann (step 1), told eve: help"


def test_a_rise_in_severity_begins_a_new_round() -> None:
    lesser = _page(from_telemetry(incident()), 2 * MINUTE)
    raised = fold(observe(lesser, incident(2, severity="SEV1"), POLICY), lesser)
    assert due(raised, ROTA, 3 * MINUTE) == 1 and next_to_page(raised, ROTA, 3 * MINUTE) == "ann"


def test_what_wakes_nobody() -> None:
    assert due(from_telemetry(incident(severity="SEV3")), ROTA, NOW) is None, "it waits for working hours"
    assert due(from_telemetry(incident(severity="SEV3")), RotaPolicy(severities=("SEV3",)), NOW) == 1
    assert due(after(from_telemetry(), c.Silence(NOW + HOUR, "known")), ROTA, NOW) is None
    assert due(after(from_telemetry(), c.Silence(NOW + HOUR, "known")), ROTA, NOW + HOUR) == 1
    assert due(opened(), ROTA, NOW) is None, "a request is no incident"


def test_nobody_on_call_is_said() -> None:
    refusal = bad(handle(from_telemetry(), c.Escalate("help"), NOW, "jo", DeskPolicy()))
    assert refusal.message == "Nobody is on call." and "[desk.rota]" in refusal.hint
