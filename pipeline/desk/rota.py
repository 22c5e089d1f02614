"""On call: who has the pager at a time, and who is paged next when nobody acknowledges."""

from __future__ import annotations

from typing import Final

from pipeline.desk.policy import RotaPolicy
from pipeline.desk.ticket import Escalation, Ticket

_HOUR_MS: Final = 3_600_000


def line_up(rota: RotaPolicy, at_ms: int) -> tuple[str, ...]:
    """Who is paged one after the other: who has the pager, then along the rotation, each once. Who gave the pager away
    by a swap comes last."""
    turn = (at_ms - rota.from_ms) // (rota.turn_hours * _HOUR_MS)
    people = [rota.people[(turn + step) % len(rota.people)] for step in range(len(rota.people))]
    swap = next((shift.person for shift in rota.swaps if shift.start_ms <= at_ms < shift.end_ms), None)
    if swap is not None:
        people = [swap, *people[1:], *people[:1]]
    return tuple(dict.fromkeys(people))


def on_call(rota: RotaPolicy, at_ms: int) -> str | None:
    """Who has the pager; None when the rota is empty."""
    return next(iter(line_up(rota, at_ms)), None)


def handover(rota: RotaPolicy, at_ms: int) -> int | None:
    """When the pager goes to the next person (epoch ms); None when the rota is empty."""
    if not rota.people:
        return None
    turn_ms = rota.turn_hours * _HOUR_MS
    turn_ends = rota.from_ms + ((at_ms - rota.from_ms) // turn_ms + 1) * turn_ms
    edges = [edge for shift in rota.swaps for edge in (shift.start_ms, shift.end_ms) if at_ms < edge < turn_ends]
    return min([turn_ends, *edges])


def due(ticket: Ticket, rota: RotaPolicy, at_ms: int) -> int | None:
    """The step that is due for an unacknowledged incident, None while nothing is."""
    when = due_at(ticket, rota, at_ms)
    return next_step(ticket) if when is not None and when <= at_ms else None


def due_at(ticket: Ticket, rota: RotaPolicy, at_ms: int) -> int | None:
    """When the next page goes out (epoch ms): the first at once, then each time the wait of its severity has passed
    since the last. None for a ticket that pages nobody (more): acknowledged, silenced at `at_ms`, of a severity that
    can wait, or with all steps done."""
    wakes = ticket.state == "open" and ticket.incident and ticket.severity in rota.severities
    if not wakes or (ticket.silenced_until_ms or 0) > at_ms:
        return None
    pages = of_this_round(ticket)
    if not pages:
        return ticket.paging_from_ms
    return pages[-1].at_ms + rota.escalate_after.ms(ticket.severity) if pages[-1].step < rota.steps else None


def next_step(ticket: Ticket) -> int:
    """The step after the last page of the present round."""
    pages = of_this_round(ticket)
    return pages[-1].step + 1 if pages else 1


def next_to_page(ticket: Ticket, rota: RotaPolicy, at_ms: int) -> str | None:
    """The first of the line who was not paged in this round, also when the pager changed hands in between; when all
    were, the line begins anew. None when the rota is empty."""
    line, paged = line_up(rota, at_ms), [page.to for page in of_this_round(ticket)]
    fresh = [person for person in line if person not in paged]
    if fresh or not line:
        return fresh[0] if fresh else None
    return line[len(paged) % len(line)]


def of_this_round(ticket: Ticket) -> tuple[Escalation, ...]:
    """Pages since it was opened, reopened or raised in severity."""
    return tuple(page for page in ticket.escalations if page.at_ms >= ticket.paging_from_ms)
