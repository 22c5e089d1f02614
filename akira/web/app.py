"""The web application: console and API over one store, served beside the watch or alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from akira import VERSION
from akira.web import problems
from akira.web.api import admin as api_admin
from akira.web.api import commands as api_commands
from akira.web.api import events as api_events
from akira.web.api import outlets as api_outlets
from akira.web.api import tickets as api_tickets
from akira.web.auth import oidc as single_sign_on
from akira.web.auth import sessions
from akira.web.auth.access import Principal
from akira.web.auth.guard import doors, who
from akira.web.auth.kept import KeptTokens
from akira.web.auth.oidc_settings import OidcSettings
from akira.web.auth.seen import Seen
from akira.web.auth.tokens import DEFAULT_SCOPES, Tokens
from akira.web.feeds import FeedRow, FeedRows
from akira.web.hooks import open_hooks
from akira.web.limits import Limits
from akira.web.live import Hub
from akira.web.office import Office
from akira.web.pages import admin, duty, lists, runbooks, tickets
from akira.web.pages import commands as page_commands
from akira.web.pages.render import environment, page
from akira.web.problems import Problem
from connectors.clock import now_ms
from connectors.outlets.kinds import AnyOutlet
from connectors.store.append import FanOut, nobody
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.outbox import Outbox
from pipeline.desk.policy import DeskPolicy
from pipeline.directory import Directory

FIRST_TOKEN_MS: Final = 30 * 86_400_000
"""The first token lasts a month: time enough to make one for each person."""
NO_OIDC: Final = OidcSettings()
"""Nobody vouches for people: they sign in with tokens."""


def no_feeds() -> Sequence[FeedRow]:
    """A console without a watch beside it hears nothing of feeds, and says so."""
    return ()


def create_app(
    store: Store,
    policy: DeskPolicy,
    *,
    directory: Directory | None = None,
    feeds: FeedRows = no_feeds,
    clock: Callable[[], int] = now_ms,
    fan_out: FanOut = nobody,
    oidc: OidcSettings = NO_OIDC,
    address: str = "",
    outlets: Sequence[AnyOutlet] = (),
) -> FastAPI:
    """Console and API. `feeds` gives the rows of `watch.feeds()`; `fan_out` the targets told of each ticket event;
    `address` is where people reach it, for whom `oidc` sends back and for links in what `outlets` are told."""
    app = FastAPI(title="Akira", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    office = Office(store, policy, directory or Directory(), feeds, clock, fan_out)
    app.state.office, app.state.clock = office, clock
    app.state.tokens, app.state.once = Tokens(KeptTokens(store)), sessions.OnceLinks()
    app.state.seen = Seen(store)
    app.state.hub, app.state.templates = Hub(office.happenings, office.head), environment()
    app.state.oidc_name = oidc.name if oidc.issuer else None
    app.state.outlets, app.state.address = outlets, address
    app.state.doors = []
    for prefix, router in _routers():
        app.include_router(router, prefix=prefix)
        app.state.doors += doors(prefix, router)
    app.mount("/static", StaticFiles(packages=[("akira.web", "static")]), name="static")
    if oidc.issuer:
        single_sign_on.install(app, oidc, address)
    open_hooks(app, outlets, Desk(store, policy, office.directory, fan_out), Outbox(store))
    _answers(app)
    app.add_middleware(Limits)
    return app


def admin_link(app: FastAPI) -> tuple[str | None, str]:
    """For whoever starts the console: the first admin token (None when there is one) and a path that signs in once."""
    clock, tokens = app.state.clock, app.state.tokens
    now = clock()
    lasting = [t for t in tokens.all() if t.role == "admin" and t.revoked_at_ms is None]
    text = None
    if not any(t.expires_at_ms is None or t.expires_at_ms > now for t in lasting):
        text, _ = tokens.issue("admin", "admin", at_ms=now, by="akira", lasts_ms=FIRST_TOKEN_MS)
    once = Principal("admin", "admin", DEFAULT_SCOPES["admin"], "once")
    return text, f"/sign-in?once={app.state.once.make(once, now)}"


def _routers() -> list[tuple[str, APIRouter]]:
    """Every router with its prefix; the guards of all their routes are checked."""
    alive = APIRouter(include_in_schema=False)
    alive.add_api_route("/alive", _alive, name="alive")
    work = (tickets.routes, page_commands.router(), lists.routes, duty.routes, runbooks.routes, admin.routes)
    pages = (*work, sessions.routes, alive)
    api = (api_tickets.routes, api_commands.router(), api_events.routes, api_admin.routes, api_outlets.routes)
    return [("/api/v1", router) for router in api] + [("", router) for router in pages]


def _alive() -> PlainTextResponse:
    """Liveness: the process answers."""
    return PlainTextResponse("alive\n")


def _asked_for(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def _answers(app: FastAPI) -> None:
    """Problems as JSON for the API, as pages for the console; who is not signed in is led to the form."""

    async def problem(request: Request, wrong: Exception) -> Response:
        told = problems.of_exception(wrong)
        if request.url.path.startswith(("/api/", "/intake/", "/hooks/")):
            return problems.answer(request, told)
        if told.status == 401 and request.method == "GET":
            return RedirectResponse(f"/sign-in?next={quote(_asked_for(request))}", 303)
        me = await who(request)
        back = urlsplit(request.headers.get("referer", "/")).path or "/"
        title = problems.TITLES.get(told.status, "Refused")
        answer = page(
            request, me, "problem.html", status=told.status, notice=told, title=title, back=sessions.inside(back)
        )
        answer.headers.update(told.headers)
        return answer

    for kind in (Problem, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, problem)
