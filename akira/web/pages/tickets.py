"""Pages of tickets: one ticket, its commands as forms, and the manual intake."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from akira.web.api.commands import TicketId
from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.pages.forms import Posted, read_command
from akira.web.pages.render import page
from akira.web.pages.ticket_view import chart_png, view
from akira.web.problems import Problem
from pipeline.desk.commands import Open
from pipeline.desk.lifecycle import legal, name
from pipeline.desk.policy import CLASSES

routes = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(Guard("tickets.read"))]
Opener = Annotated[Principal, Depends(Guard("tickets.open"))]
_MAY = {
    "work": "tickets.work",
    "close": "tickets.close",
    "shape": "incidents.shape",
    "severity": "incidents.severity",
    "page": "incidents.page",
    "silence": "silences.write",
}


@routes.get("/tickets/new", name="page.new")
def new(request: Request, me: Opener, customer: Annotated[str, Query(max_length=255)] = "") -> HTMLResponse:
    """The intake form; its hidden key makes one ticket of a double submit."""
    return _intake(request, me, {"intake.customer": customer, "key": secrets.token_hex(16)}, None)


@routes.post("/tickets/new", name="page.open")
def open_ticket(request: Request, form: Posted, me: Opener) -> Response:
    """Look first (are multiple customers affected?), or open."""
    office = request.app.state.office
    try:
        command = read_command(Open, form)
        if form.get("look") is not None:
            return _intake(request, me, form, None, office.advise(command.ticket_type, command.intake))
        ticket, _ = office.open(command, me.name, key=form.get("key") or None)
    except Problem as problem:
        return _intake(request, me, form, problem)
    return RedirectResponse(f"/tickets/{quote(ticket.id)}", 303)


@routes.get("/tickets/{ticket_id}", name="page.ticket")
def show(
    request: Request, ticket_id: TicketId, me: Reader, draft: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The ten-second page of an incident, or of a request."""
    return ticket_page(request, me, ticket_id, draft=draft)


@routes.get("/tickets/{ticket_id}/chart.png", name="page.chart")
def chart(request: Request, ticket_id: TicketId, me: Reader) -> Response:
    """The picture for mails and other tickets."""
    drawn = chart_png(request.app.state.office.ticket(ticket_id))
    if drawn is None:
        raise Problem(404, "not_found", f"{ticket_id} has nothing measured by the minute")
    return Response(drawn, media_type="image/png")


def _intake(
    request: Request, me: Principal, form: dict[str, str], problem: Problem | None, advice: object = None
) -> HTMLResponse:
    status = problem.status if problem else 200
    return page(request, me, "new.html", status=status, notice=problem, form=form, advice=advice, classes=CLASSES)


def ticket_page(
    request: Request, me: Principal, ticket_id: str, *, notice: Problem | None = None, draft: str = ""
) -> HTMLResponse:
    """The page of a ticket, with a refusal on top when there is one."""
    office, now_ms = request.app.state.office, request.app.state.clock()
    ticket = office.ticket(ticket_id)
    shown = view(ticket, office.log(ticket_id), office.around(ticket), office.kin(ticket), office.policy, now_ms, draft)
    allowed = {name(kind).replace(" ", "-") for kind in legal(ticket.state)}
    may = {word: me.may(operation) for word, operation in _MAY.items()}
    status = notice.status if notice else 200
    return page(
        request,
        me,
        "ticket.html",
        status=status,
        notice=notice,
        t=ticket,
        v=shown,
        legal=allowed,
        may=may,
        classes=CLASSES,
    )
