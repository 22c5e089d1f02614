"""Pages of lists: wall, triage queue, customers, routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse

from akira.web.api.shapes import Cursor, Short
from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.pages.render import page
from akira.web.pages.ticket_view import drawn
from akira.web.queries import hit_customers, last_closed_ms
from akira.web.wanted import ANY_STATE, CHOICES, PAGE, WANTS_WORK, Wanted
from pipeline.desk.rota import on_call
from pipeline.desk.ticket import Ticket

routes = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(Guard("tickets.read"))]
Name = Annotated[str, Path(min_length=1, max_length=255)]
ROUTE_DIMENSIONS = ("terminator", "destination", "trunk", "switch")


@routes.get("/", name="page.wall")
def wall(request: Request, me: Reader) -> HTMLResponse:
    """Open tickets by severity, what is late, who has the pager, and whether the feeds are heard."""
    office, now_ms = request.app.state.office, request.app.state.clock()
    tally = office.tally()
    shown = office.listing(Wanted(state=WANTS_WORK), cursor=None, limit=PAGE).rows
    if len(shown) < PAGE:
        shown = (*shown, *office.listing(Wanted(state="resolved"), cursor=None, limit=PAGE - len(shown)).rows)
    feeds = office.feeds()
    return page(
        request,
        me,
        "wall.html",
        tally=tally,
        tickets=shown,
        more=tally.listed - len(shown),
        pager=on_call(office.policy.rota, now_ms),
        last_closed_ms=last_closed_ms(office.store),
        silent=sum(feed.silent for feed in feeds),
    )


@routes.get("/queue", name="page.queue")
def queue(
    request: Request,
    me: Reader,
    q: Short = "",
    queue: Short = "",
    severity: Short = "",
    state: Short = "",
    customer: Short = "",
    owed: Short = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """The triage queue: the URL is its state."""
    wanted = Wanted(q, queue, severity, state, customer, owed)
    return _listed(request, me, wanted, cursor)


def _listed(request: Request, me: Principal, wanted: Wanted, cursor: str | None) -> HTMLResponse:
    office = request.app.state.office
    shown = office.listing(wanted, cursor=cursor, limit=PAGE)
    kept = {name: value for name, value in vars_of(wanted).items() if value}
    following = f"/queue?{urlencode({**kept, 'cursor': shown.cursor})}" if shown.cursor else None
    return page(
        request,
        me,
        "queue.html",
        tickets=shown.rows,
        next=following,
        wanted=vars_of(wanted),
        choices=CHOICES,
        described=wanted.words(),
        search=wanted.q,
        last_closed_ms=last_closed_ms(office.store),
        silent=sum(feed.silent for feed in office.feeds()),
    )


def vars_of(wanted: Wanted) -> dict[str, str]:
    """The filters by name."""
    return {name: getattr(wanted, name) for name in ("q", "queue", "severity", "state", "customer", "owed")}


def _active(tickets: Iterable[Ticket]) -> list[Ticket]:
    """Those that want work, the gravest first: what is resolved waits only for its papers."""
    return sorted((ticket for ticket in tickets if ticket.active), key=lambda ticket: ticket.severity)


@routes.get("/customers", name="page.customers")
def customers(request: Request, me: Reader, q: Short = "") -> HTMLResponse:
    """Customers with their open tickets: those that are hit first, then the directory."""
    office = request.app.state.office
    hit = hit_customers(office.store)
    known = {entry.id: entry for entry in office.directory.customers}
    ids = sorted({*hit, *known}, key=lambda name: (-hit.get(name, 0), name))
    found = [(name, known.get(name), hit.get(name, 0)) for name in ids if q.lower() in name.lower()]
    return page(request, me, "customers.html", found=found[:200], beyond=max(len(found) - 200, 0), q=q)


@routes.get("/customers/{customer:path}", name="page.customer")
def customer(request: Request, customer: Name, me: Reader, cursor: Cursor = None) -> HTMLResponse:
    """One customer: who it is, what it suffers now, and its tickets."""
    office = request.app.state.office
    entry = next((entry for entry in office.directory.customers if entry.id == customer), None)
    open_now = _active(office.folds(Wanted(customer=customer)))
    impacts = [(ticket, hit) for ticket in open_now for hit in ticket.customers if hit.customer == customer]
    past = office.listing(Wanted(customer=customer, state=ANY_STATE), cursor=cursor, limit=PAGE)
    content: dict[str, Any] = {
        "customer": customer,
        "entry": entry,
        "impacts": impacts,
        "tickets": past.rows,
        "next": past.cursor,
    }
    return page(request, me, "customer.html", **content)


@routes.get("/routes", name="page.routes")
def all_routes(request: Request, me: Reader) -> HTMLResponse:
    """Terminators, destinations, trunks and switches that open incidents name, and the directory's terminators."""
    office = request.app.state.office
    named: dict[tuple[str, str], int] = {}
    for ticket in _active(office.folds(Wanted())):
        for dimension in ROUTE_DIMENSIONS:
            for value in ticket.cause.get(dimension, ()):
                named[dimension, value] = named.get((dimension, value), 0) + 1
    for entry in office.directory.terminators:
        named.setdefault(("terminator", entry.id), 0)
    found = sorted(((*key, count) for key, count in named.items()), key=lambda row: (-row[2], row[0], row[1]))
    return page(request, me, "routes.html", found=found[:200], beyond=max(len(found) - 200, 0))


@routes.get("/routes/{dimension}/{value:path}", name="page.route")
def route(
    request: Request, dimension: Name, value: Name, me: Annotated[Principal, Depends(Guard("telemetry.read"))]
) -> HTMLResponse:
    """One terminator, destination, trunk or switch: the open incidents that name it, with their pictures."""
    office = request.app.state.office
    hits = [ticket for ticket in _active(office.folds(Wanted())) if value in ticket.cause.get(dimension, ())]
    trunks = next((entry.egress_trunks for entry in office.directory.terminators if entry.id == value), ())
    prefixes = next((entry.prefixes for entry in office.directory.destinations if entry.name == value), ())
    past = office.listing(Wanted(q=value, state=ANY_STATE), cursor=None, limit=PAGE)
    content: dict[str, Any] = {
        "dimension": dimension,
        "value": value,
        "hits": hits,
        "trunks": trunks,
        "prefixes": prefixes,
    }
    return page(
        request,
        me,
        "route.html",
        tickets=past.rows,
        pictures=[(ticket, drawn(ticket)) for ticket in hits[:8]],
        **content,
    )
