"""On call: who has the pager at a time, and who is paged next when nobody acknowledges."""

from __future__ import annotations

from typing import Final

from pipeline.desk.policy import RotaPolicy
from pipeline.desk.ticket import Ticket

_HOUR_MS: Final = 3_600_000


def on_call(rota: RotaPolicy, at_ms: int, step: int = 1) -> str | None:
    """Who is paged at `step` (1 is the person on call, then on along the rotation); None when the rota is empty."""
    swap = next((shift.person for shift in rota.swaps if shift.start_ms <= at_ms < shift.end_ms), None)
    if step == 1 and swap:
        return swap
    if not rota.people:
        return None
    turn = (at_ms - rota.from_ms) // (rota.turn_hours * _HOUR_MS)
    return rota.people[(turn + step - 1) % len(rota.people)]


def handover(rota: RotaPolicy, at_ms: int) -> int | None:
    """When the pager goes to the next person (epoch ms); None when the rota is empty."""
    if not rota.people:
        return None
    turn_ms = rota.turn_hours * _HOUR_MS
    turn_ends = rota.from_ms + ((at_ms - rota.from_ms) // turn_ms + 1) * turn_ms
    edges = [edge for shift in rota.swaps for edge in (shift.start_ms, shift.end_ms) if at_ms < edge < turn_ends]
    return min([turn_ends, *edges])


def due(ticket: Ticket, rota: RotaPolicy, at_ms: int) -> int | None:
    """The step that is due for an unacknowledged NOC incident, None while nothing is: step 1 at once, then each time
    the wait of its severity has passed since the last page. Silenced tickets page nobody."""
    if ticket.state != "open" or not ticket.incident or (ticket.silenced_until_ms or 0) > at_ms:
        return None
    step = next_step(ticket)
    if step == 1:
        return 1
    waited = at_ms - ticket.escalations[-1].at_ms >= rota.escalate_after.ms(ticket.severity)
    return step if waited and step <= rota.steps else None


def next_step(ticket: Ticket) -> int:
    """The step after the last page of the present round."""
    pages = [page for page in ticket.escalations if page.at_ms >= ticket.paging_from_ms]
    return pages[-1].step + 1 if pages else 1
