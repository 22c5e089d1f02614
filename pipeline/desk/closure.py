"""The closure gate: what the seed text asks for before a ticket is closed, the same for every door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.desk.commands import Refusal
from pipeline.desk.ticket import Ticket, is_person
from pipeline.incidents import Severity

_RANK: Final[dict[Severity, int]] = {"SEV1": 1, "SEV2": 2, "SEV3": 3}


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the closing checklist: `what` the law asks, whether it is `done`, and `how` to give it."""

    key: str
    what: str
    done: bool
    how: str


def peak(ticket: Ticket) -> Severity:
    """The worst severity it had; one forced by a person stands for all before it."""
    if ticket.forced:
        return ticket.severity
    marks = [mark.severity for mark in ticket.severity_history] or [ticket.severity]
    return min(marks, key=_RANK.__getitem__)


def needs_postmortem(ticket: Ticket) -> bool:
    """SEV1 and SEV2 incidents need one."""
    return ticket.incident and peak(ticket) in ("SEV1", "SEV2")


def checklist(ticket: Ticket) -> tuple[Item, ...]:
    """The items that apply to this ticket, in the order of the seed text."""
    window = ticket.window
    confirmed = window is not None and (window.from_ms is not None or not ticket.incident)
    items = [
        Item("root_cause", "root cause or final classification", bool(ticket.root_cause), "set root cause"),
        Item(
            "evidence",
            "a command, dashboard link or CDR example used for the diagnosis",
            bool(ticket.proofs),
            "add evidence: a command, a link or an example call id",
        ),
        Item("window", "confirmed customer-facing impact window", confirmed, "confirm window: from and to"),
    ]
    if needs_postmortem(ticket):
        what = f"postmortem ({peak(ticket)} incident)"
        items.append(Item("postmortem", what, bool(ticket.postmortem), "link postmortem: a link, or the text"))
    return tuple(items)


def gate(ticket: Ticket, actor: str) -> Refusal | None:
    """None when `actor` may close the ticket; else everything that is in the way, at once."""
    if not is_person(actor):
        return Refusal(
            "machine", f"Cannot close {ticket.id}: only a person closes a ticket.", hint="resolve it instead"
        )
    missing = [item for item in checklist(ticket) if not item.done]
    lines = [f"{item.what} is missing ({item.how})" for item in missing]
    if ticket.active:
        lines.insert(0, f"it is {ticket.state}, not resolved (resolve it first)")
    if not lines:
        return None
    hint = "; ".join((*(("resolve",) if ticket.active else ()), *(item.how for item in missing)))
    return Refusal("missing", f"Cannot close {ticket.id}: {lines[0]}.", tuple(lines), hint)
