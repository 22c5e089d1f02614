"""The guard of every route: who is asking, may they do this operation, and did the browser send its CSRF mark back."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from akira.web.auth.access import ACCESS, PUBLIC, Principal
from akira.web.auth.tokens import Tokens
from akira.web.problems import Problem

COOKIE: Final = "akira_session"
CSRF_HEADER: Final = "x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Guard:
    """A dependency that lets a request through to `operation` of the access table, or answers 401 or 403."""

    operation: str

    async def __call__(self, request: Request, afterwards: BackgroundTasks) -> Principal:
        """Who is asking."""
        principal = await who(request)
        if principal is None:
            hint = "send `Authorization: Bearer akira_…`, or sign in at /sign-in"
            raise Problem(401, "sign_in", "Nobody is signed in", hint=hint, headers={"WWW-Authenticate": "Bearer"})
        if not principal.may(self.operation):
            rule = ACCESS[self.operation]
            needs = f"it takes one of the roles {', '.join(sorted(rule.roles))} and the scope {rule.scope}"
            raise Problem(403, "role", f"{principal.name} ({principal.role}) may not do this", hint=needs)
        if principal.csrf is not None and request.method not in _SAFE:
            await _same_browser(request, principal.csrf)
        request.state.principal = principal
        seen, at_ms = request.app.state.seen, request.app.state.clock()
        if seen.due(principal.name, at_ms):
            afterwards.add_task(seen.write, principal.name, at_ms)  # once the answer is out: it waits for writers
        return principal


async def who(request: Request) -> Principal | None:
    """The principal of a bearer token or of a session cookie; a bad bearer token never falls back to the cookie."""
    tokens: Tokens = request.app.state.tokens
    at_ms: int = request.app.state.clock()
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme:
        return tokens.check(text.strip(), at_ms) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(COOKIE)
    return tokens.check(cookie, at_ms, kind="session") if cookie else None


async def _same_browser(request: Request, expected: str) -> None:
    """Refuse a change that another site made the browser send (OWASP: synchroniser token)."""
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get("csrf")
        given = field if isinstance(field, str) else None
    if given is None or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        hint = f"reload the page and try again; scripts send the mark in `{CSRF_HEADER}`, or use a token"
        raise Problem(403, "csrf", "This did not come from a page of this console", hint=hint)


def _guards(dependant: Dependant) -> Iterator[Guard]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Guard):
            yield inner.call
        yield from _guards(inner)


@dataclass(frozen=True, slots=True)
class Door:
    """A route as it is reached: `path` with its prefix, its methods, and the operation that guards it."""

    name: str
    path: str
    methods: frozenset[str]
    operation: str | None


def doors(prefix: str, router: APIRouter) -> list[Door]:
    """Every route of a router. One without a guard that is not declared public, or whose operation the access table
    lacks, is a bug: RuntimeError, and the application does not start."""
    found = []
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise RuntimeError(f"{route} is no route that can be guarded")
        operation = next((guard.operation for guard in _guards(route.dependant)), None)
        if operation not in ACCESS and route.name not in PUBLIC:
            raise RuntimeError(f"{prefix}{route.path} ({route.name}) has no operation of the access table: {operation}")
        found.append(Door(route.name, prefix + route.path, frozenset(route.methods or ()), operation))
    return found
