"""Commands of the desk over HTTP: one route for each kind, made from the command's own fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Request, Response

from akira.web.api.shapes import etag, version_of
from akira.web.auth.access import OPERATION_OF_COMMAND, Principal
from akira.web.auth.guard import Guard
from pipeline.desk.commands import COMMANDS, Command, Open
from pipeline.desk.lifecycle import name
from pipeline.desk.ticket import Ticket

TicketId = Annotated[str, Path(min_length=1, max_length=255)]
BY_SLUG: dict[str, type[Command]] = {name(kind).replace(" ", "-"): kind for kind in COMMANDS if kind is not Open}
"""`set-root-cause` to its command: the last part of its path."""


def router() -> APIRouter:
    """`POST /tickets/{ticket_id}/{command}` for every command but `open`."""
    made = APIRouter(tags=["commands"])
    for slug, kind in BY_SLUG.items():
        made.add_api_route(
            f"/tickets/{{ticket_id}}/{slug}",
            _endpoint(kind, Guard(OPERATION_OF_COMMAND[slug])),
            methods=["POST"],
            name=f"command.{slug}",
            summary=(kind.__doc__ or slug).strip().split("\n")[0],
            response_model=Ticket,
            responses=_REFUSED,
        )
    return made


_REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/problem+json": {}}}
    for status, words in {
        401: "Nobody is signed in",
        403: "Not for this role, or not from a page of this console",
        404: "There is no such ticket",
        409: "Not possible in this state",
        412: "Changed meanwhile: `current` is the ticket now, `given` the version you had",
        413: "The body is too large",
        422: "Something is missing or wrong: `missing` has a line for each",
        503: "Busy: see Retry-After",
    }.items()
}


def _endpoint(kind: type[Command], guard: Guard) -> Callable[..., Ticket]:
    """The handler; its signature is made by hand because the type of its body is a value here."""

    def endpoint(request: Request, response: Response, ticket_id: str, me: Principal, **given: Any) -> Ticket:
        office = request.app.state.office
        wanted = version_of(given["if_match"])
        ticket: Ticket = office.do(ticket_id, given["body"], me.name, if_version=wanted, key=given["idempotency_key"])
        response.headers["ETag"] = etag(ticket)
        return ticket

    def parameter(what: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
        return inspect.Parameter(what, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

    optional = all(field.default is not MISSING or field.default_factory is not MISSING for field in fields(kind))
    make: Callable[[], Command] = kind
    body = parameter("body", Annotated[kind, Body()], make() if optional else inspect.Parameter.empty)
    if_match = parameter("if_match", Annotated[str | None, Header(max_length=64)], None)
    once = parameter("idempotency_key", Annotated[str | None, Header(min_length=1, max_length=255)], None)
    who = parameter("me", Annotated[Principal, Depends(guard)])
    both = [parameter("request", Request), parameter("response", Response)]
    signature = inspect.Signature([*both, parameter("ticket_id", TicketId), who, body, if_match, once])
    endpoint.__signature__ = signature  # type: ignore[attr-defined]
    return endpoint
