"""Who is on call now, and of each incident that nobody has acknowledged who was paged and who is next."""

from __future__ import annotations

from dataclasses import dataclass

from akira.web.office import Office
from akira.web.wanted import PAGE, Wanted
from pipeline.desk.policy import RotaPolicy, Shift
from pipeline.desk.rota import due_at, handover, line_up, next_to_page, of_this_round
from pipeline.desk.ticket import Escalation, Ticket
from pipeline.incidents import Severity


@dataclass(frozen=True, slots=True)
class Waiting:
    """An incident that nobody has acknowledged. Times in epoch ms; `next` is None when nobody will be paged."""

    ticket_id: str
    severity: Severity
    summary: str
    silenced_until_ms: int | None
    paged: tuple[Escalation, ...]
    next: str | None
    next_ms: int | None


@dataclass(frozen=True, slots=True)
class OnCall:
    """`line` are the people who are paged one after the other; the first has the pager until `handover_ms`."""

    line: tuple[str, ...]
    handover_ms: int | None
    management: tuple[str, ...]
    swaps: tuple[Shift, ...]
    waiting: tuple[Waiting, ...]


def on_call_now(office: Office, now_ms: int) -> OnCall:
    """As it is at `now_ms`."""
    rota = office.policy.rota
    rows = office.listing(Wanted(state="open", queue="NOC"), cursor=None, limit=PAGE).rows
    incidents = [ticket for row in rows if (ticket := office.ticket(row.id)).incident]
    return OnCall(
        line_up(rota, now_ms)[: rota.steps],
        handover(rota, now_ms),
        rota.management,
        tuple(swap for swap in rota.swaps if swap.end_ms > now_ms),
        tuple(_waiting(ticket, rota, now_ms) for ticket in incidents),
    )


def _waiting(ticket: Ticket, rota: RotaPolicy, now_ms: int) -> Waiting:
    due_ms = due_at(ticket, rota, now_ms)
    person = next_to_page(ticket, rota, now_ms) if due_ms is not None else None
    silenced = ticket.silenced_until_ms if (ticket.silenced_until_ms or 0) > now_ms else None
    paged = of_this_round(ticket)
    return Waiting(ticket.id, ticket.severity, ticket.summary, silenced, paged, person, due_ms if person else None)
