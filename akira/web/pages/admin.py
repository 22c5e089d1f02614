"""The admin page: tokens, outbox with dead letters, rejects, audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from akira.web.api.admin import Issued, NewToken, issue
from akira.web.auth.access import ROLES, Principal
from akira.web.auth.guard import Guard
from akira.web.pages.forms import Posted
from akira.web.pages.render import page
from akira.web.problems import Problem
from akira.web.queries import audit, rejects

routes = APIRouter(include_in_schema=False)
TokenWriter = Annotated[Principal, Depends(Guard("tokens.write"))]


@routes.get("/admin", name="page.admin")
def admin(request: Request, me: Annotated[Principal, Depends(Guard("outbox.read"))]) -> HTMLResponse:
    """What is kept of tokens, what could not be sent, what was refused, who changed what."""
    return _admin(request, me)


@routes.post("/admin/tokens", name="page.token.new")
def new_token(request: Request, form: Posted, me: TokenWriter) -> Response:
    """Issue a token and show it once."""
    try:
        wanted = NewToken.model_validate({**form, "days": form.get("days") or None})
    except ValidationError as wrong:
        lines = [f"{error['loc'][0]}: {error['msg']}" for error in wrong.errors()]
        return _admin(request, me, notice=Problem(422, "invalid", "No token was made", missing=lines))
    return _admin(request, me, issued=issue(request, wanted, me))


@routes.post("/admin/tokens/{token_id}/revoke", name="page.token.revoke")
def revoke_token(request: Request, token_id: Annotated[str, Path(max_length=64)], me: TokenWriter) -> Response:
    """End a token at once."""
    request.app.state.tokens.revoke(token_id, request.app.state.clock())
    return RedirectResponse("/admin", 303)


@routes.post("/admin/outbox/{entry_id}/resend", name="page.outbox.resend")
def resend(
    request: Request,
    entry_id: Annotated[int, Path(ge=1)],
    me: Annotated[Principal, Depends(Guard("outbox.resend"))],
) -> Response:
    """Send a dead letter again."""
    request.app.state.office.resend(entry_id)
    return RedirectResponse("/admin", 303)


def _admin(
    request: Request, me: Principal, *, notice: Problem | None = None, issued: Issued | None = None
) -> HTMLResponse:
    state = request.app.state
    dead, pending = state.office.outbox()
    return page(
        request,
        me,
        "admin.html",
        status=notice.status if notice else 200,
        notice=notice,
        issued=issued,
        tokens=state.tokens.all() if me.may("tokens.read") else [],
        roles=ROLES,
        dead=dead,
        pending=pending,
        rejects=rejects(state.office.store),
        audit=audit(state.office.store) if me.may("audit.read") else [],
    )
