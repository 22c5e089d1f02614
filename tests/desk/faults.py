"""Tickets in every state, and one well-formed command of every kind, for the tests of the desk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.desk import commands as c
from pipeline.desk.commands import Refusal
from pipeline.desk.desk import act, handle
from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.observe import observe
from pipeline.desk.policy import DeskPolicy, RotaPolicy
from pipeline.desk.ticket import Intake, State, Ticket
from pipeline.incidents import Impact, Incident

MINUTE = 60_000
NOW = 100 * MINUTE
POLICY = DeskPolicy(rota=RotaPolicy(people=("ann", "bob")))
LINK = "https://wiki.example/pm/7"
WHY = "seen on the graph"


def incident(revision: int = 1, **changes: Any) -> Incident:
    """term-05 fails for two customers; `revision` minutes after the onset."""
    made = Incident(
        id="i-1",
        revision=revision,
        at_ms=(revision + 1) * MINUTE,
        opened_at_ms=2 * MINUTE,
        onset_ms=MINUTE,
        ended_ms=None,
        recovered_at_ms=None,
        ticket_type="sip_quality",
        signals=("asr_drop",),
        lead="asr_drop",
        cause={"terminator": ("term-05",)},
        customers=(Impact("acme", True, 100, 90, 40.0, 0.5), Impact("bell", False, 50, 45, 20.0, 0.2)),
        severity="SEV2",
        why="because 2 customers are affected while their other traffic works",
        summary="term-05 rejects calls to Germany-Mobile",
    )
    return replace(made, **changes)


def recovered(revision: int, **changes: Any) -> Incident:
    """The same, over."""
    return incident(revision, recovered_at_ms=(revision + 1) * MINUTE, ended_ms=(revision - 4) * MINUTE, **changes)


def opened(**changes: Any) -> Ticket:
    """A customer's report."""
    made = c.Open("sip_quality", "calls to Germany fail", Intake(customer="acme"), door="api")
    return fold(good(handle(None, replace(made, **changes), NOW, "jo", POLICY, ticket_id="D-1")))


def from_telemetry(*revisions: Incident, policy: DeskPolicy = POLICY) -> Ticket:
    """The ticket of these revisions (the first one by default)."""
    ticket: Ticket | None = None
    for revision in revisions or (incident(),):
        ticket = fold(observe(ticket, revision, policy), ticket)
    assert ticket is not None
    return ticket


def good(answer: list[TicketEvent] | Refusal) -> list[TicketEvent]:
    """The events of an answer that must not be a refusal."""
    assert not isinstance(answer, Refusal), answer
    return answer


def bad(answer: list[TicketEvent] | Refusal) -> Refusal:
    """The refusal of an answer that must be one."""
    assert isinstance(answer, Refusal), answer
    return answer


def after(ticket: Ticket, *commands: c.Command, at_ms: int = NOW, actor: str = "jo") -> Ticket:
    """The ticket after commands that must not be refused."""
    for command in commands:
        ticket = fold(good(handle(ticket, command, at_ms, actor, POLICY)), ticket)
    return ticket


def target() -> Ticket:
    """Another open ticket to bind to."""
    return replace(opened(), id="D-2")


def merged(ticket: Ticket) -> Ticket:
    """`ticket` merged into the target."""
    events = good(act({ticket.id: ticket, "D-2": target()}, ticket.id, c.Merge("D-2", WHY), NOW, "jo", POLICY))
    return fold([event for event in events if event.ticket_id == ticket.id], ticket)


def closable(ticket: Ticket) -> Ticket:
    """Resolved, with everything that the closure gate asks for."""
    window = c.ConfirmWindow(MINUTE, 9 * MINUTE)
    proof = c.AddEvidence("cdr", "call-1")
    return after(
        ticket,
        c.Resolve(WHY, override=True),
        c.SetRootCause("their SBC"),
        proof,
        window,
        c.LinkPostmortem(LINK),
    )


def in_state(state: State) -> Ticket:
    """A ticket in that state, with nothing that the closure gate asks for, except for a closed one."""
    ticket = opened()
    match state:
        case "open":
            return ticket
        case "acknowledged":
            return after(ticket, c.Acknowledge())
        case "mitigated":
            return after(ticket, c.Mitigate(WHY))
        case "resolved":
            return after(ticket, c.Resolve(WHY))
        case "closed":
            return after(closable(ticket), c.Close())
    return merged(ticket)


def one_of_each() -> dict[type[c.Command], c.Command]:
    """A well-formed command of every kind."""
    made: list[c.Command] = [
        c.Open("access", "cannot log in", Intake()),
        c.Acknowledge(),
        c.Take(),
        c.Respond("we look into it", "under_investigation", NOW + 30 * MINUTE),
        c.AddNote("seen"),
        c.Amend(Intake(account="a-1")),
        c.AddEvidence("command", "sngrep -c"),
        c.SetRootCause("their SBC"),
        c.ConfirmWindow(MINUTE, 2 * MINUTE),
        c.LinkPostmortem(LINK),
        c.Reclassify("billing", WHY),
        c.ForceSeverity("SEV2", WHY),
        c.Mitigate(WHY),
        c.Resolve(WHY),
        c.Reopen(WHY),
        c.Close(),
        c.Merge("D-2", WHY),
        c.Unmerge(WHY),
        c.Split(("acme",), "acme apart", WHY),
        c.Unsplit(WHY),
        c.Link("D-2"),
        c.Unlink("D-2"),
        c.SetParent("D-2", WHY),
        c.ClearParent(WHY),
        c.Escalate(WHY),
        c.Silence(NOW + 60 * MINUTE, WHY),
        c.Unsilence(),
        c.Watch(),
        c.Unwatch(),
    ]
    return {type(command): command for command in made}
