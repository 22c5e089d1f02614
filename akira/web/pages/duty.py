"""Pages of duty: silences and maintenance, on-call."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.oncall import on_call_now
from akira.web.pages.forms import Posted, moment
from akira.web.pages.render import page
from akira.web.problems import Problem
from pipeline.desk.response import OVER, ROLES, STEPS, cadence
from pipeline.desk.silences import MATCHERS
from pipeline.incidents import Severity

routes = APIRouter(include_in_schema=False)


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
    office = request.app.state.office
    now = on_call_now(office, request.app.state.clock())
    return page(request, me, "oncall.html", now=now, rota=office.policy.rota)


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
