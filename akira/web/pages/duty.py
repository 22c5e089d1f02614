"""Pages of duty: silences and maintenance, on-call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.pages.forms import Posted, moment
from akira.web.pages.render import page
from akira.web.problems import Problem
from akira.web.wanted import PAGE, Wanted
from pipeline.desk.policy import RotaPolicy
from pipeline.desk.response import OVER, ROLES, STEPS, cadence
from pipeline.desk.rota import due_at, handover, line_up, next_to_page, of_this_round
from pipeline.desk.silences import MATCHERS
from pipeline.desk.ticket import Escalation, Ticket
from pipeline.incidents import Severity

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An incident that nobody has acknowledged: who was paged, and who is next and when (epoch ms)."""

    ticket: Ticket
    paged: tuple[Escalation, ...]
    next: str | None
    next_ms: int | None

    @classmethod
    def of(cls, ticket: Ticket, rota: RotaPolicy, now_ms: int) -> Waiting:
        """Of `ticket` at `now_ms`."""
        due_ms = due_at(ticket, rota, now_ms)
        person = next_to_page(ticket, rota, now_ms) if due_ms is not None else None
        return cls(ticket, of_this_round(ticket), person, due_ms)


@routes.get("/silences", name="page.silences")
def silences(request: Request, me: Annotated[Principal, Depends(Guard("silences.read"))]) -> HTMLResponse:
    """What is silenced, until when, why, and what it hid."""
    return _silences(request, me, None)


@routes.post("/silences", name="page.silence")
def silence(request: Request, form: Posted, me: Annotated[Principal, Depends(Guard("silences.write"))]) -> Response:
    """A new silence or maintenance."""
    values = tuple(line.strip() for line in form.get("values", "").splitlines() if line.strip())
    try:
        ends = moment("ends_ms", form.get("ends_ms", ""))
        starts = moment("starts_ms", form["starts_ms"]) if form.get("starts_ms") else None
        match = {form.get("dimension", ""): values}
        kind = form.get("kind", "silence")
        request.app.state.office.hush(kind, match, starts, ends, form.get("why", ""), me.name)
    except Problem as problem:
        return _silences(request, me, problem)
    return RedirectResponse("/silences", 303)


@routes.post("/silences/{quiet_id}/end", name="page.unsilence")
def end_silence(
    request: Request,
    quiet_id: Annotated[str, Path(max_length=255)],
    me: Annotated[Principal, Depends(Guard("silences.write"))],
) -> Response:
    """End it now."""
    request.app.state.office.unhush(quiet_id, me.name)
    return RedirectResponse("/silences", 303)


@routes.get("/on-call", name="page.oncall")
def oncall(request: Request, me: Annotated[Principal, Depends(Guard("oncall.read"))]) -> HTMLResponse:
    """Who has the pager, who is next, and what nobody has acknowledged."""
    office, now_ms = request.app.state.office, request.app.state.clock()
    rota = office.policy.rota
    rows = office.listing(Wanted(state="open", queue="NOC"), cursor=None, limit=PAGE).rows
    tickets = [office.ticket(row.id) for row in rows]
    waiting = [Waiting.of(ticket, rota, now_ms) for ticket in tickets if ticket.incident]
    return page(
        request,
        me,
        "oncall.html",
        line=line_up(rota, now_ms)[: rota.steps],
        handover_ms=handover(rota, now_ms),
        rota=rota,
        swaps=[swap for swap in rota.swaps if swap.end_ms > now_ms],
        waiting=waiting,
    )


def _silences(request: Request, me: Principal, problem: Problem | None) -> HTMLResponse:
    office = request.app.state.office
    status = problem.status if problem else 200
    content = {"quiets": office.silences(), "matchers": MATCHERS}
    return page(request, me, "silences.html", status=status, notice=problem, **content)


@routes.get("/guide/incident-response", name="page.guide")
def guide(request: Request, me: Annotated[Principal, Depends(Guard("tickets.read"))]) -> HTMLResponse:
    """docs/incident-response.md with the times of this installation."""
    policy = request.app.state.office.policy
    cadences = [cadence(severity, policy) for severity in get_args(Severity)]
    return page(request, me, "guide.html", roles=ROLES, steps=STEPS, cadences=cadences, over=OVER)
