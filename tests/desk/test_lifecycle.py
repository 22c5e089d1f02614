"""Every state with every command: what is legal leads where the table says, all else is refused and told how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.desk import commands as c
from pipeline.desk.commands import COMMANDS, Refusal
from pipeline.desk.desk import HANDLERS, act
from pipeline.desk.events import KINDS, TicketEvent, verify
from pipeline.desk.fold import STEPS, fold
from pipeline.desk.lifecycle import MOVES, legal
from pipeline.desk.relations import BONDS
from pipeline.desk.ticket import STATES, State, Ticket
from tests.desk.faults import NOW, POLICY, in_state, one_of_each, target

EACH = one_of_each()
LEADS: dict[State, dict[str, State]] = {
    "open": {
        "Acknowledge": "acknowledged",
        "Take": "acknowledged",
        "Mitigate": "mitigated",
        "Resolve": "resolved",
        "Merge": "merged",
        "Unsplit": "merged",
    },
    "acknowledged": {"Mitigate": "mitigated", "Resolve": "resolved", "Merge": "merged", "Unsplit": "merged"},
    "mitigated": {"Resolve": "resolved", "Merge": "merged", "Unsplit": "merged"},
    "resolved": {"Reopen": "open", "Close": "closed", "Merge": "merged", "Unsplit": "merged"},
    "closed": {"Reopen": "open"},
    "merged": {"Unmerge": "open"},
}
"""Commands that move a ticket, written down a second time by hand."""
STAYS: dict[State, str] = {
    "open": "Respond AddNote Amend AddEvidence SetRootCause ConfirmWindow LinkPostmortem Reclassify ForceSeverity "
    "Split Link Unlink SetParent ClearParent Escalate Silence Unsilence Watch Unwatch",
    "acknowledged": "Take Respond AddNote Amend AddEvidence SetRootCause ConfirmWindow LinkPostmortem Reclassify "
    "ForceSeverity Split Link Unlink SetParent ClearParent Escalate Silence Unsilence Watch Unwatch",
    "mitigated": "Take Respond AddNote Amend AddEvidence SetRootCause ConfirmWindow LinkPostmortem Reclassify "
    "ForceSeverity Split Link Unlink SetParent ClearParent Escalate Silence Unsilence Watch Unwatch",
    "resolved": "Take Respond AddNote Amend AddEvidence SetRootCause ConfirmWindow LinkPostmortem Reclassify "
    "ForceSeverity Link Unlink SetParent ClearParent Unsilence Watch Unwatch",
    "closed": "AddNote Link Unlink Watch Unwatch",
    "merged": "AddNote AddEvidence Link Unlink Unwatch",
}
"""Commands that leave it where it is."""


def _ready(state: State, kind: type[c.Command]) -> tuple[Ticket, dict[str, Ticket]]:
    """A ticket on which the command has something to undo, and its companion."""
    ticket, other = in_state(state), target()
    undo = {c.Unlink: ("related", ("D-2",)), c.ClearParent: ("parent", "D-2"), c.Unsplit: ("split_from", "D-2")}
    if kind in undo:
        name, value = undo[kind]
        ticket = replace(ticket, **{name: value})
    if kind is c.Unsilence:
        ticket = replace(ticket, silenced_until_ms=NOW)
    if kind is c.Close:
        ticket = replace(ticket, root_cause="x", proofs=in_state("closed").proofs, window=in_state("closed").window)
    return ticket, {ticket.id: ticket, "D-2": other}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", [kind for kind in COMMANDS if kind is not c.Open], ids=lambda kind: kind.__name__)
def test_every_state_and_command(state: State, kind: type[c.Command]) -> None:
    ticket, tickets = _ready(state, kind)
    answer = act(tickets, ticket.id, EACH[kind], NOW, "jo", POLICY)
    expected = LEADS[state].get(kind.__name__, state if kind.__name__ in STAYS[state].split() else None)
    if expected is None:
        assert isinstance(answer, Refusal), f"{kind.__name__} must be refused when {state}"
        assert answer.code in ("state", "missing") and answer.hint and ticket.id in answer.message
        assert kind not in legal(state)
        return
    assert not isinstance(answer, Refusal), answer
    assert kind in legal(state)
    _holds(tickets, answer, ticket, expected)


def _holds(tickets: dict[str, Ticket], events: list[TicketEvent], ticket: Ticket, expected: State) -> None:
    for key in {event.ticket_id for event in events}:
        mine = [event for event in events if event.ticket_id == key]
        folded = fold(mine, tickets.get(key))
        assert folded.version == mine[-1].seq and folded.head == mine[-1].hash
        if key == ticket.id:
            assert folded.state == expected


@pytest.mark.parametrize("state", STATES)
def test_an_open_ticket_is_not_opened_again(state: State) -> None:
    ticket = in_state(state)
    answer = act({ticket.id: ticket}, ticket.id, EACH[c.Open], NOW, "jo", POLICY)
    assert isinstance(answer, Refusal) and answer.code == "exists"


def test_every_command_has_one_rule_and_every_event_one_step() -> None:
    assert set(MOVES) | {c.Open} == set(COMMANDS) == set(EACH)
    assert set(HANDLERS) | set(BONDS) | {c.Open} == set(COMMANDS)
    assert not set(HANDLERS) & set(BONDS)
    assert set(STEPS) | {"opened"} == set(KINDS)


def test_unmerging_gives_back_the_state_before() -> None:
    for state in ("acknowledged", "mitigated", "resolved"):
        ticket, other = in_state(state), target()
        events = act({ticket.id: ticket, "D-2": other}, ticket.id, c.Merge("D-2", "same"), NOW, "jo", POLICY)
        assert not isinstance(events, Refusal)
        pair = {
            key: fold([e for e in events if e.ticket_id == key], old)
            for key, old in ((ticket.id, ticket), ("D-2", other))
        }
        assert pair["D-2"].absorbed == (ticket.id,)
        back = act(pair, ticket.id, c.Unmerge("not the same"), NOW, "jo", POLICY)
        assert not isinstance(back, Refusal)
        assert fold([e for e in back if e.ticket_id == ticket.id], pair[ticket.id]).state == state
        assert fold([e for e in back if e.ticket_id == "D-2"], pair["D-2"]).absorbed == ()


REASONED = [EACH[k] for k in EACH if hasattr(EACH[k], "why") and k not in (c.Close, c.Link)]


@pytest.mark.parametrize("command", REASONED, ids=lambda command: type(command).__name__)
def test_a_reason_is_asked_for(command: c.Command) -> None:
    state = next(state for state in STATES if state in MOVES[type(command)])
    ticket, tickets = _ready(state, type(command))
    answer = act(tickets, ticket.id, replace(command, why="  "), NOW, "jo", POLICY)  # type: ignore[call-arg]
    assert isinstance(answer, Refusal) and answer.code == "missing" and answer.hint


def test_time_never_goes_back_within_a_log() -> None:
    ticket = in_state("acknowledged")
    answer = act({ticket.id: ticket}, ticket.id, c.AddNote("late clock"), NOW - 5000, "jo", POLICY)
    assert not isinstance(answer, Refusal) and answer[0].at_ms == NOW


def test_the_chain_shows_each_kind_of_tampering() -> None:
    ticket_events = _log()
    assert verify(ticket_events) is None and verify([]) is None
    first, second, third = ticket_events[:3]
    assert "changed after" in str(verify([first, replace(second, actor="somebody"), third]))
    assert "changed after" in str(verify([replace(first, data={**first.data, "summary": "x"}), second]))
    assert "missing or out of order" in str(verify([first, third]))
    assert "missing or out of order" in str(verify([second, first]))
    assert "does not follow" in str(verify([first, replace(second, prev_hash="0" * 64), third]))
    assert "belongs to another ticket" in str(verify([first, replace(second, ticket_id="D-9")]))


def _log() -> list[TicketEvent]:
    log: list[TicketEvent] = []
    ticket: Ticket | None = None
    for command in (EACH[c.Open], EACH[c.Acknowledge], EACH[c.AddNote], EACH[c.Resolve]):
        events = act({"D-1": ticket} if ticket else {}, "D-1", command, NOW, "jo", POLICY)
        assert not isinstance(events, Refusal)
        log += events
        ticket = fold(events, ticket)
    return log
