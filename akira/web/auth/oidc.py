"""OpenID Connect by Authlib (extra `akira[oidc]`): code flow with PKCE, state and nonce; a claim decides the role.

OpenID Connect Core 1.0 section 3.1, Discovery 1.0, RFC 7636.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final

import httpx
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import Response

from akira.errors import OperatorError
from akira.web.auth.access import ROLES, Principal, Role
from akira.web.auth.oidc_settings import OidcSettings
from akira.web.auth.sessions import begin, inside, sign_in_page
from akira.web.auth.tokens import DEFAULT_SCOPES
from akira.web.problems import Problem
from pipeline.desk.ticket import is_person

SIGNED_BY: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the issuer can make; `none` and those by a shared secret are refused even if it offers them."""
NEXT: Final = "next"
_MINUTES_10_S: Final = 600
_LEEWAY_S: Final = 60
_TIMEOUT_S: Final = 10.0
_NAMES: Final = ("preferred_username", "email", "sub")


def groups_of(claims: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    """The texts in `claim`: a member of that very name, else the way its dots lead."""
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for name in claim.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list | tuple) else (found,)
    return tuple(group for group in listed if isinstance(group, str))


def role_of(claims: Mapping[str, Any], settings: OidcSettings) -> Role | None:
    """The most powerful role that the groups of `claims` give."""
    groups = groups_of(claims, settings.role_claim)
    found = [settings.roles[group] for group in groups if group in settings.roles]
    return max(found, key=ROLES.index, default=None)


def install(app: FastAPI, settings: OidcSettings, address: str) -> None:
    """Add `/sign-in/oidc` and its return address below `address`, where people reach the console."""
    try:
        from authlib.common.errors import AuthlibBaseError
        from authlib.integrations.starlette_client import OAuth
        from joserfc.errors import JoseError
        from starlette.middleware.sessions import SessionMiddleware
    except ImportError as missing:
        hint = "install akira[oidc], or take [web.oidc] issuer out of the settings"
        raise OperatorError(f"[web.oidc] needs what is not installed: {missing.name}", hint) from missing
    secret, place = settings.client_secret, (settings.issuer or "").rstrip("/")
    oauth = OAuth()
    oauth.register(
        "op",
        client_id=settings.client_id,
        client_secret=secret.get_secret_value() if secret else None,
        server_metadata_url=f"{place}/.well-known/openid-configuration",
        client_kwargs={"scope": settings.scope, "code_challenge_method": "S256", "timeout": _TIMEOUT_S},
    )
    app.add_middleware(
        SessionMiddleware,
        secret_key=secrets.token_hex(32),
        session_cookie="akira_oidc",
        max_age=_MINUTES_10_S,
        path="/sign-in",
        https_only=address.startswith("https:"),
    )
    app.include_router(_routes(_Issuer(oauth.op, settings, (AuthlibBaseError, JoseError)), address.rstrip("/")))


def _routes(issuer: _Issuer, address: str) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/sign-in/oidc", name="sign_in_oidc")
    async def go(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
        try:
            answer = await issuer.ask(request, f"{address}/sign-in/oidc/return")
        except Problem as wrong:
            return sign_in_page(request, next, wrong)
        request.session[NEXT] = inside(next)
        return answer

    @routes.get("/sign-in/oidc/return", name="oidc_return")
    async def back(request: Request) -> Response:
        target = inside(str(request.session.get(NEXT, "/")))
        try:
            principal = await issuer.answered(request)
        except Problem as wrong:
            return sign_in_page(request, target, wrong)
        request.session.clear()
        return begin(request, principal, target)

    return routes


class _Issuer:
    """Who vouches for people, as `op` of Authlib reaches it; `refusals` is what Authlib raises for an answer."""

    def __init__(self, op: Any, settings: OidcSettings, refusals: tuple[type[Exception], ...]) -> None:
        self._op, self._settings, self._refusals = op, settings, refusals

    async def ask(self, request: Request, back: str) -> Response:
        """The way to the issuer's own form. Problem 502 when it does not answer as an issuer."""
        await self._reached()
        answer: Response = await self._op.authorize_redirect(request, back)
        return answer

    async def answered(self, request: Request) -> Principal:
        """Who came back. Problem 401 for a token that proves nothing, 403 without a role, 502 as in `ask`."""
        await self._reached()
        names = (self._settings.issuer or "").rstrip("/")
        audience = self._settings.audience or self._settings.client_id
        wanted = {
            "iss": {"essential": True, "values": [names, f"{names}/"]},
            "aud": {"essential": True, "value": audience},
        }
        try:
            answer = await self._op.authorize_access_token(request, claims_options=wanted, leeway=_LEEWAY_S)
            claims = dict(answer.get("userinfo") or {})
            if claims and not groups_of(claims, self._settings.role_claim):
                claims = await self._more(answer, claims)
        except self._refusals as wrong:
            hint = "begin again with the button; if it stays so, compare [web.oidc] with the client at the issuer"
            raise Problem(401, "sign_in", f"The sign-in was refused: {wrong}", hint=hint) from wrong
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as wrong:
            raise self._unlike(wrong) from wrong
        return self._principal(claims)

    async def _reached(self) -> None:
        """Discovery, once; a failed one is tried again at the next sign-in."""
        try:
            known = await self._op.load_server_metadata()
            lacks = {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} - set(known)
            if lacks:
                raise KeyError(", ".join(sorted(lacks)))
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise self._unlike(wrong) from wrong
        offered = known.get("id_token_signing_alg_values_supported") or ["RS256"]
        known["id_token_signing_alg_values_supported"] = [one for one in offered if one in SIGNED_BY] or ["RS256"]

    async def _more(self, answer: Mapping[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """With the claims of the userinfo endpoint, when it speaks of the same person (Core 5.3.2)."""
        if "userinfo_endpoint" not in self._op.server_metadata:
            return claims
        more = await self._op.userinfo(token=answer)
        return {**more, **claims} if more.get("sub") == claims["sub"] else claims

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        if not claims:
            raise Problem(401, "sign_in", "The issuer gave no id_token", hint="[web.oidc] scope must have `openid`")
        role, claim = role_of(claims, self._settings), self._settings.role_claim
        if role is None:
            groups = ", ".join(groups_of(claims, claim)[:10])[:300] or "nothing"
            hint = f"the claim `{claim}` says: {groups}; [web.oidc] roles must name one of these groups"
            raise Problem(403, "role", "You have no role here", hint=hint)
        name = next(str(claims[key]) for key in _NAMES if claims.get(key))[:100]
        if not is_person(name) or ":" in name:
            raise Problem(403, "role", f"{name} is a name of the machine's own", hint="use another user name")
        return Principal(name, role, DEFAULT_SCOPES[role], "oidc")

    def _unlike(self, wrong: Exception) -> Problem:
        reason = f"{type(wrong).__name__}: {wrong}"[:300]
        hint = "is [web.oidc] issuer right, and does it answer /.well-known/openid-configuration?"
        return Problem(502, "issuer", f"{self._settings.issuer} does not answer as an issuer ({reason})", hint=hint)
