"""The admin pages: tokens, outbox with dead letters, rejects; people; audit."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from akira.web.api.admin import Issued, NewToken, issue
from akira.web.api.shapes import Before, Short
from akira.web.audit import audit
from akira.web.auth.access import ROLES, Principal
from akira.web.auth.guard import Guard
from akira.web.outlets import outlets, try_outlet
from akira.web.pages.forms import Posted
from akira.web.pages.render import page
from akira.web.people import end_access, people
from akira.web.problems import Problem
from akira.web.queries import rejects

routes = APIRouter(include_in_schema=False)
TokenWriter = Annotated[Principal, Depends(Guard("tokens.write"))]


@routes.get("/admin", name="page.admin")
def admin(request: Request, me: Annotated[Principal, Depends(Guard("outbox.read"))]) -> HTMLResponse:
    """What is kept of tokens, what could not be sent, what was refused."""
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
    request.app.state.tokens.revoke(token_id, request.app.state.clock(), me.name)
    return RedirectResponse("/admin", 303)


@routes.post("/admin/outbox/{entry_id}/resend", name="page.outbox.resend")
def resend(
    request: Request,
    entry_id: Annotated[int, Path(ge=1)],
    me: Annotated[Principal, Depends(Guard("outbox.resend"))],
) -> Response:
    """Send a dead letter again."""
    request.app.state.office.resend(entry_id, me.name)
    return RedirectResponse("/admin", 303)


@routes.post("/admin/outbox/{entry_id}/drop", name="page.outbox.drop")
def drop(
    request: Request,
    entry_id: Annotated[int, Path(ge=1)],
    me: Annotated[Principal, Depends(Guard("outbox.resend"))],
) -> Response:
    """Give up a dead letter for good."""
    request.app.state.office.drop(entry_id, me.name)
    return RedirectResponse("/admin", 303)


@routes.post("/admin/outlets/{name}/test", name="page.outlet.test")
def test_message(
    request: Request,
    name: Annotated[str, Path(max_length=64)],
    me: Annotated[Principal, Depends(Guard("outbox.resend"))],
) -> Response:
    """Send a test message to an outlet and say what became of it."""
    try:
        return _admin(request, me, good=f"{name}: {try_outlet(request.app, name, me.name)}")
    except Problem as wrong:
        return _admin(request, me, notice=wrong)


@routes.get("/admin/people", name="page.people")
def list_people(request: Request, me: Annotated[Principal, Depends(Guard("tokens.read"))]) -> HTMLResponse:
    """Who may do something here, and when they last did."""
    state = request.app.state
    return page(
        request, me, "people.html", people=people(state.office.store, state.tokens, state.seen.times(), state.clock())
    )


@routes.post("/admin/people/end-access", name="page.people.end_access")
def end_all_access(request: Request, form: Posted, me: TokenWriter) -> Response:
    """Revoke every token and session of the person that the form names."""
    state = request.app.state
    end_access(state.tokens, form.get("name", ""), state.clock(), me.name)
    return RedirectResponse("/admin/people", 303)


@routes.get("/admin/audit", name="page.audit")
def audited(
    request: Request,
    me: Annotated[Principal, Depends(Guard("audit.read"))],
    actor: Short = "",
    before_ms: Before = None,
) -> HTMLResponse:
    """Who did what, newest first."""
    lines, following = audit(request.app.state.office.store, actor=actor, before_ms=before_ms)
    older = f"?{urlencode({'actor': actor, 'before_ms': following})}" if following is not None else None
    return page(request, me, "audit.html", lines=lines, older=older, actor=actor)


def _admin(
    request: Request, me: Principal, *, notice: Problem | None = None, issued: Issued | None = None, good: str = ""
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
        good=good,
        outlets=outlets(request.app),
        tokens=state.tokens.all() if me.may("tokens.read") else [],
        roles=ROLES,
        dead=dead,
        pending=pending,
        rejects=rejects(state.office.store),
    )
