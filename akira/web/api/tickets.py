"""Queries of tickets, and opening one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from akira.web.api.commands import TicketId
from akira.web.api.shapes import DEFAULT_LIMIT, Cursor, Limit, Short, TicketList, etag
from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.wanted import ANY_STATE, Wanted
from pipeline.desk import postmortem
from pipeline.desk.closure import checklist
from pipeline.desk.commands import Open
from pipeline.desk.contract import contract
from pipeline.desk.customer_update import customer_update
from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket

routes = APIRouter(tags=["tickets"])
Reader = Annotated[Principal, Depends(Guard("tickets.read"))]


@routes.get("/tickets", name="tickets.list")
def list_tickets(
    request: Request,
    me: Reader,
    q: Short = "",
    queue: Short = "",
    severity: Short = "",
    state: Short = "",
    customer: Short = "",
    owed: Short = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> TicketList:
    """Open tickets, the gravest and newest first; `state` = `any` lists closed ones too."""
    wanted = Wanted(q, queue, severity, state, customer, owed)
    page = request.app.state.office.listing(wanted, cursor=cursor, limit=limit)
    return TicketList(items=list(page.rows), next=page.cursor)


@routes.post("/tickets", name="tickets.open", status_code=201, responses={200: {"description": "It was open already"}})
def open_ticket(
    request: Request,
    response: Response,
    body: Annotated[Open, Body()],
    me: Annotated[Principal, Depends(Guard("tickets.open"))],
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Ticket:
    """Open a ticket. The same `Idempotency-Key` from the same caller gives the same ticket."""
    ticket, created = request.app.state.office.open(body, me.name, key=idempotency_key)
    response.status_code = 201 if created else 200
    response.headers["ETag"] = etag(ticket)
    response.headers["Location"] = f"/api/v1/tickets/{ticket.id}"
    return ticket


@routes.post("/tickets/advice", name="tickets.advice")
def advise(request: Request, body: Annotated[Open, Body()], me: Reader) -> dict[str, Any]:
    """What an intake lacks, whether multiple customers are affected, and the open incidents it may join."""
    return asdict(request.app.state.office.advise(body.ticket_type, body.intake))


@routes.get("/export", name="tickets.export", response_class=StreamingResponse)
def export(
    request: Request,
    me: Reader,
    state: Short = ANY_STATE,
    queue: Short = "",
    severity: Short = "",
    customer: Short = "",
) -> StreamingResponse:
    """Whole tickets as lines of JSON (docs/records.md), oldest first."""
    wanted = Wanted(queue=queue, severity=severity, state=state, customer=customer)
    folds = request.app.state.office.folds(wanted)
    lines = (json.dumps(contract(ticket), ensure_ascii=False) + "\n" for ticket in folds)
    return StreamingResponse(lines, media_type="application/x-ndjson")


@routes.get("/tickets/{ticket_id}", name="tickets.show")
def show(request: Request, response: Response, ticket_id: TicketId, me: Reader) -> Ticket:
    """The ticket; its ETag is the version to send back as If-Match."""
    ticket: Ticket = request.app.state.office.ticket(ticket_id)
    response.headers["ETag"] = etag(ticket)
    return ticket


@routes.get("/tickets/{ticket_id}/contract", name="tickets.contract")
def contract_line(request: Request, ticket_id: TicketId, me: Reader) -> dict[str, Any]:
    """The ticket as the line that leaves for other systems (docs/records.md)."""
    return contract(request.app.state.office.ticket(ticket_id))


@routes.get("/tickets/{ticket_id}/events", name="tickets.events")
def events(request: Request, ticket_id: TicketId, me: Reader) -> list[TicketEvent]:
    """The hash-chained log, from the opening on."""
    return list(request.app.state.office.log(ticket_id))


@routes.get("/tickets/{ticket_id}/checklist", name="tickets.checklist")
def closing(request: Request, ticket_id: TicketId, me: Reader) -> list[dict[str, Any]]:
    """What the closure gate asks for, what is done, and how to give the rest."""
    return [asdict(item) for item in checklist(request.app.state.office.ticket(ticket_id))]


@routes.get("/tickets/{ticket_id}/postmortem", name="tickets.postmortem", response_class=PlainTextResponse)
def draft_postmortem(request: Request, ticket_id: TicketId, me: Reader) -> PlainTextResponse:
    """A draft of the postmortem in Markdown, from the log."""
    office = request.app.state.office
    return PlainTextResponse(postmortem.draft(office.ticket(ticket_id), office.log(ticket_id)))


@routes.get("/tickets/{ticket_id}/update", name="tickets.update", response_class=PlainTextResponse)
def customer_text(request: Request, ticket_id: TicketId, me: Reader, customer: Short) -> PlainTextResponse:
    """What `customer` may be told of the ticket now; names no other customer."""
    state = request.app.state
    return PlainTextResponse(customer_update(state.office.ticket(ticket_id), customer, state.clock()))


@routes.get("/tickets/{ticket_id}/verify", name="tickets.verify")
def verified(request: Request, ticket_id: TicketId, me: Reader) -> dict[str, Any]:
    """Whether the log of the ticket is whole: every hash follows from the event before it."""
    wrong = request.app.state.office.verify(ticket_id)
    return {"ticket_id": ticket_id, "whole": wrong is None, "wrong": wrong}
