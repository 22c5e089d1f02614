"""Commands of the desk as forms: one route for each kind, guarded by the operation of that kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from akira.web.api.commands import BY_SLUG, TicketId
from akira.web.auth.access import OPERATION_OF_COMMAND, Principal
from akira.web.auth.guard import Guard
from akira.web.pages.forms import Posted, read_command
from akira.web.pages.tickets import ticket_page
from akira.web.problems import Problem
from pipeline.desk.commands import AddEvidence, Command, ConfirmWindow, LinkPostmortem, SetRootCause

_CHECKLIST: Final = frozenset({SetRootCause, AddEvidence, ConfirmWindow, LinkPostmortem})
"""Commands of the closing checklist lead back to it."""


def router() -> APIRouter:
    """`POST /tickets/{ticket_id}/do/{command}`: done, back to the ticket; refused, the ticket with the reason."""
    made = APIRouter(include_in_schema=False)
    for slug, kind in BY_SLUG.items():
        guard = Guard(OPERATION_OF_COMMAND[slug])
        made.add_api_route(
            f"/tickets/{{ticket_id}}/do/{slug}", _endpoint(kind, guard), methods=["POST"], name=f"page.do.{slug}"
        )
    return made


def _endpoint(kind: type[Command], guard: Guard) -> Callable[..., Any]:
    anchor = "#closing" if kind in _CHECKLIST else ""

    def endpoint(request: Request, ticket_id: TicketId, form: Posted, me: Principal) -> Response:
        version = form.get("if_version", "")
        wanted = int(version) if version.isascii() and version.isdigit() else None
        try:
            request.app.state.office.do(ticket_id, read_command(kind, form), me.name, if_version=wanted)
        except Problem as problem:
            if problem.status == 404:
                raise
            return ticket_page(request, me, ticket_id, notice=problem)
        return RedirectResponse(f"/tickets/{quote(ticket_id)}{anchor}", 303)

    endpoint.__annotations__["me"] = Annotated[Principal, Depends(guard)]
    return endpoint
