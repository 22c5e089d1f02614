"""Tokens, people, silences, on-call, outbox, feeds and audit over the API."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Depends, Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from akira.web.api.shapes import Before, Short
from akira.web.audit import Audited, audit
from akira.web.auth.access import Principal, Role, Scope
from akira.web.auth.guard import Guard
from akira.web.auth.tokens import Tokens
from akira.web.oncall import OnCall, on_call_now
from akira.web.people import Person, end_access, people
from akira.web.problems import Problem
from akira.web.queries import Refused, rejects
from pipeline.desk.silences import Quiet

routes = APIRouter(tags=["administration"])
DAY_MS: Final = 86_400_000
_NAME: Final = re.compile(r"[\w.@+-][\w.@ +-]*")


def person_name(name: str) -> str:
    """A name that no machine of the desk bears: `akira` and `akira/…` are its own, and only people close tickets."""
    if not _NAME.fullmatch(name) or name.lower() == "akira":
        raise ValueError("letters, digits and . @ + - _ and spaces; `akira` is the desk itself")
    return name


class NewToken(BaseModel):
    """A token to issue; `days` is how long it lasts, none is for ever."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[str, AfterValidator(person_name)] = Field(min_length=1, max_length=100)
    role: Role
    days: int | None = Field(default=90, ge=1, le=3650)
    scopes: list[Scope] | None = Field(default=None, max_length=3)


class Issued(BaseModel):
    """A new token: `text` is never shown again."""

    id: str
    name: str
    role: Role
    text: str


class KnownToken(BaseModel):
    """What is kept of a token."""

    id: str
    name: str
    role: Role
    scopes: list[Scope]
    created_at_ms: int
    created_by: str
    expires_at_ms: int | None
    revoked_at_ms: int | None


class NewSilence(BaseModel):
    """A silence or maintenance; its end is obligatory."""

    kind: Literal["silence", "maintenance"] = "silence"
    match: dict[str, list[Annotated[str, Field(max_length=255)]]] = Field(max_length=10)
    starts_ms: int | None = None
    ends_ms: int
    why: str = Field(max_length=2000)


TokenReader = Annotated[Principal, Depends(Guard("tokens.read"))]
TokenWriter = Annotated[Principal, Depends(Guard("tokens.write"))]
Quieter = Annotated[Principal, Depends(Guard("silences.write"))]


@routes.get("/tokens", name="tokens.list")
def list_tokens(request: Request, me: TokenReader) -> list[KnownToken]:
    """Every token, without its secret."""
    return [KnownToken(**{**asdict(token), "scopes": sorted(token.scopes)}) for token in request.app.state.tokens.all()]


@routes.post("/tokens", name="tokens.new", status_code=201)
def new_token(request: Request, body: Annotated[NewToken, Body()], me: TokenWriter) -> Issued:
    """Issue a token."""
    return issue(request, body, me)


@routes.delete("/tokens/{token_id}", name="tokens.revoke", status_code=204)
def revoke_token(request: Request, token_id: Annotated[str, Path(max_length=64)], me: TokenWriter) -> None:
    """End a token at once."""
    if not request.app.state.tokens.revoke(token_id, request.app.state.clock(), me.name):
        raise Problem(404, "not_found", "There is no such token, or it is revoked already")


def issue(request: Request, wanted: NewToken, me: Principal) -> Issued:
    """A token of `wanted`, issued by `me`."""
    tokens: Tokens = request.app.state.tokens
    lasts = None if wanted.days is None else wanted.days * DAY_MS
    scopes = frozenset(wanted.scopes) if wanted.scopes else None
    at_ms = request.app.state.clock()
    text, token = tokens.issue(wanted.name, wanted.role, at_ms=at_ms, by=me.name, lasts_ms=lasts, scopes=scopes)
    return Issued(id=token.id, name=token.name, role=token.role, text=text)


@routes.get("/silences", name="silences.list")
def list_silences(request: Request, me: Annotated[Principal, Depends(Guard("silences.read"))]) -> list[Quiet]:
    """Silences and maintenances, those to come and those that ended lately included."""
    return list(request.app.state.office.silences())


@routes.post("/silences", name="silences.new", status_code=201)
def new_silence(request: Request, body: Annotated[NewSilence, Body()], me: Quieter) -> Quiet:
    """Hide the pages of what matches until `ends_ms`."""
    match = {name: tuple(values) for name, values in body.match.items()}
    made: Quiet = request.app.state.office.hush(body.kind, match, body.starts_ms, body.ends_ms, body.why, me.name)
    return made


@routes.delete("/silences/{quiet_id}", name="silences.end", status_code=204)
def end_silence(request: Request, quiet_id: Annotated[str, Path(max_length=255)], me: Quieter) -> None:
    """End it now."""
    request.app.state.office.unhush(quiet_id, me.name)


@routes.get("/on-call", name="oncall")
def oncall(request: Request, me: Annotated[Principal, Depends(Guard("oncall.read"))]) -> OnCall:
    """Who has the pager; of each incident that nobody has acknowledged who was paged, and who will be."""
    return on_call_now(request.app.state.office, request.app.state.clock())


@routes.get("/feeds", name="feeds")
def feeds(request: Request, me: Annotated[Principal, Depends(Guard("telemetry.read"))]) -> list[dict[str, Any]]:
    """The health of every feed: silence is not health."""
    return [asdict(feed) for feed in request.app.state.office.feeds()]


@routes.get("/outbox", name="outbox.list")
def outbox(request: Request, me: Annotated[Principal, Depends(Guard("outbox.read"))]) -> dict[str, Any]:
    """Dead letters, and how many messages wait."""
    dead, pending = request.app.state.office.outbox()
    return {"dead": [{**asdict(entry), "key": entry.key} for entry in dead], "pending": pending}


@routes.post("/outbox/{entry_id}/resend", name="outbox.resend", status_code=204)
def resend(
    request: Request,
    entry_id: Annotated[int, Path(ge=1, le=2**62)],
    me: Annotated[Principal, Depends(Guard("outbox.resend"))],
) -> None:
    """Send a dead letter again."""
    request.app.state.office.resend(entry_id, me.name)


@routes.post("/outbox/{entry_id}/drop", name="outbox.drop", status_code=204)
def drop(
    request: Request,
    entry_id: Annotated[int, Path(ge=1, le=2**62)],
    me: Annotated[Principal, Depends(Guard("outbox.resend"))],
) -> None:
    """Give up a dead letter for good."""
    request.app.state.office.drop(entry_id, me.name)


@routes.get("/rejects", name="rejects.list")
def refused(request: Request, me: Annotated[Principal, Depends(Guard("rejects.read"))]) -> list[Refused]:
    """The last refused records that are on file in the store."""
    return list(rejects(request.app.state.office.store))


class AuditPage(BaseModel):
    """Lines of the audit; ask again with `before_ms` = `next_before_ms` for those before them."""

    items: list[Audited]
    next_before_ms: int | None


@routes.get("/audit", name="audit.list")
def audited(
    request: Request,
    me: Annotated[Principal, Depends(Guard("audit.read"))],
    actor: Short = "",
    before_ms: Before = None,
) -> AuditPage:
    """Who did what, newest first: changes of tickets by people, sign-ins, tokens, silences, what was sent again."""
    lines, following = audit(request.app.state.office.store, actor=actor, before_ms=before_ms)
    return AuditPage(items=lines, next_before_ms=following)


@routes.get("/people", name="people.list")
def list_people(request: Request, me: TokenReader) -> list[Person]:
    """Who may do something here, and when they last did."""
    state = request.app.state
    return people(state.office.store, state.tokens, state.seen.times(), state.clock())


@routes.post("/people/end-access", name="people.end_access", status_code=204)
def end_all_access(
    request: Request, name: Annotated[str, Body(embed=True, min_length=1, max_length=255)], me: TokenWriter
) -> None:
    """Revoke every token and session of a person at once."""
    state = request.app.state
    if not end_access(state.tokens, name, state.clock(), me.name):
        raise Problem(404, "not_found", "Nobody of that name has a valid token or session")
