"""Signing in to the console: by a token, by a link that works once, or by OpenID Connect when it is configured."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from akira.web.auth.access import Principal
from akira.web.auth.guard import COOKIE, Guard, who
from akira.web.auth.tokens import Tokens
from akira.web.pages.render import page
from akira.web.problems import Problem

SESSION_MS: Final = 12 * 3_600_000
"""A shift and its handover."""
ONCE_MS: Final = 15 * 60_000

routes = APIRouter(include_in_schema=False)


class OnceLinks:
    """Links that sign in one browser once, for whoever started the console and sees its terminal."""

    def __init__(self) -> None:
        self._open: dict[bytes, tuple[Principal, int]] = {}

    def make(self, principal: Principal, at_ms: int) -> str:
        """The code of a new link for `principal`."""
        code = secrets.token_urlsafe(24)
        self._open[_digest(code)] = (principal, at_ms + ONCE_MS)
        return code

    def use(self, code: str, at_ms: int) -> Principal | None:
        """Who it signs in; None when it is unknown, used or too old."""
        principal, ends_ms = self._open.pop(_digest(code), (None, 0))
        return principal if ends_ms > at_ms else None


@routes.get("/sign-in", name="sign_in_form")
async def sign_in_form(
    request: Request,
    next: Annotated[str, Query(max_length=2000)] = "/",
    once: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The form; with `once`, the link of the terminal, straight in."""
    if once:
        principal = request.app.state.once.use(once, request.app.state.clock())
        if principal is not None:
            return begin(request, principal, "/")
    if await who(request) is not None:
        return RedirectResponse(inside(next), 303)
    return sign_in_page(request, next)


@routes.post("/sign-in", name="sign_in")
def sign_in(
    request: Request,
    token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Exchange a token for a session."""
    tokens: Tokens = request.app.state.tokens
    principal = tokens.check(token.strip(), request.app.state.clock())
    if principal is None:
        wrong = Problem(
            401, "sign_in", "This token is unknown, revoked or at its end", hint="`akira token new` makes one"
        )
        return sign_in_page(request, next, wrong)
    return begin(request, principal, inside(next))


@routes.post("/sign-out", name="page.sign_out")
def sign_out(request: Request, me: Annotated[Principal, Depends(Guard("session.end"))]) -> Response:
    """End the session at once, everywhere."""
    request.app.state.tokens.revoke(me.token_id, request.app.state.clock(), me.name)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


def sign_in_page(request: Request, target: str, wrong: Problem | None = None) -> Response:
    """The form that leads to `target`, with why the last attempt failed."""
    status, oidc = wrong.status if wrong else 200, request.app.state.oidc_name
    return page(request, None, "sign_in.html", status=status, notice=wrong, next=inside(target), oidc=oidc)


def begin(request: Request, principal: Principal, target: str) -> Response:
    """A session for `principal`, as a cookie that scripts cannot read."""
    state = request.app.state
    tokens: Tokens = state.tokens
    text, _ = tokens.issue(
        principal.name,
        principal.role,
        at_ms=state.clock(),
        by=principal.name,
        lasts_ms=SESSION_MS,
        scopes=principal.scopes,
        kind="session",
    )
    answer = RedirectResponse(target, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, text, max_age=SESSION_MS // 1000, httponly=True, samesite="lax", secure=secure)
    return answer


def inside(target: str) -> str:
    """A path of this console; anything that leads elsewhere becomes the wall."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe else "/"


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "replace")).digest()
