"""The one table of which command is legal in which state and where it leads."""

from __future__ import annotations

from typing import Final

from pipeline.desk import commands as c
from pipeline.desk.ticket import STATES, State, Ticket

_ACTIVE: Final[tuple[State, ...]] = ("open", "acknowledged", "mitigated")
_WORK: Final[tuple[State, ...]] = (*_ACTIVE, "resolved")


def _stay(*states: State) -> dict[State, State]:
    return {state: state for state in states}


MOVES: Final[dict[type[c.Command], dict[State, State]]] = {
    c.Acknowledge: {"open": "acknowledged"},
    c.Take: {"open": "acknowledged", **_stay("acknowledged", "mitigated", "resolved")},
    c.Respond: _stay(*_WORK),
    c.AddNote: _stay(*STATES),
    c.Amend: _stay(*_WORK),
    c.AddEvidence: _stay(*_WORK, "merged"),
    c.SetRootCause: _stay(*_WORK),
    c.ConfirmWindow: _stay(*_WORK),
    c.LinkPostmortem: _stay(*_WORK),
    c.Reclassify: _stay(*_WORK),
    c.ForceSeverity: _stay(*_WORK),
    c.Mitigate: {"open": "mitigated", "acknowledged": "mitigated"},
    c.Resolve: dict.fromkeys(_ACTIVE, "resolved"),
    c.Reopen: {"resolved": "open", "closed": "open"},
    c.Close: {"resolved": "closed"},
    c.Merge: dict.fromkeys(_WORK, "merged"),
    c.Unmerge: {"merged": "open"},
    c.Split: _stay(*_ACTIVE),
    c.Unsplit: dict.fromkeys(_WORK, "merged"),
    c.Link: _stay(*STATES),
    c.Unlink: _stay(*STATES),
    c.SetParent: _stay(*_WORK),
    c.ClearParent: _stay(*_WORK),
    c.Escalate: _stay(*_ACTIVE),
    c.Silence: _stay(*_ACTIVE),
    c.Unsilence: _stay(*_WORK),
    c.Watch: _stay(*_WORK, "closed"),
    c.Unwatch: _stay(*STATES),
}
"""Command to {state: state after it}; a pair that is absent is refused. Unmerging gives back the state before the
merge; `Open` makes a ticket and has no state to come from."""

_HOW: Final[dict[State, str]] = {
    "open": "acknowledge, mitigate or resolve it first",
    "acknowledged": "it is acknowledged; go on with mitigate or resolve",
    "mitigated": "it is mitigated; go on with resolve",
    "resolved": "reopen it if the fault is back, or close it",
    "closed": "reopen it first, with the reason",
    "merged": "act on the ticket it was merged into, or unmerge it",
}


def name(command: c.Command | type[c.Command]) -> str:
    """The command as people say it: `set root cause`."""
    kind = command if isinstance(command, type) else type(command)
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind.__name__).strip()


def legal(state: State) -> tuple[type[c.Command], ...]:
    """The commands that `state` allows, for the buttons of a page."""
    return tuple(kind for kind, moves in MOVES.items() if state in moves)


def move(ticket: Ticket, command: c.Command) -> State | c.Refusal:
    """The state after `command`, or the refusal that says what to do instead."""
    after = MOVES[type(command)].get(ticket.state)
    if after is not None:
        return after
    hint = _HOW[ticket.state]
    if ticket.state == "merged" and ticket.merged_into:
        hint = f"act on {ticket.merged_into}, into which it was merged, or unmerge it"
    return c.Refusal("state", f"Cannot {name(command)}: {ticket.id} is {ticket.state}.", hint=hint)
