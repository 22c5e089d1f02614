"""OpenID Connect by Authlib (extra `akira[oidc]`): the claim of groups decides the role."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from akira.errors import OperatorError
from akira.web.auth.access import ROLES, Principal, Role
from akira.web.auth.sessions import begin
from akira.web.auth.tokens import DEFAULT_SCOPES
from akira.web.problems import Problem


class OidcSettings(BaseModel):
    """Section [web.oidc]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "single sign-on"
    issuer: str = Field(pattern=r"^https?://", description="its /.well-known/openid-configuration is read")
    client_id: str
    client_secret: SecretStr
    groups_claim: str = "groups"
    roles: dict[str, Role] = Field(description="group to role; who is in none of them is not let in")


def role_of(claims: Mapping[str, Any], settings: OidcSettings) -> Role | None:
    """The most powerful role that the groups of `claims` give."""
    groups = claims.get(settings.groups_claim, ())
    named = [groups] if isinstance(groups, str) else [group for group in groups if isinstance(group, str)]
    found = [settings.roles[group] for group in named if group in settings.roles]
    return max(found, key=ROLES.index, default=None)


def install(app: FastAPI, settings: OidcSettings) -> None:
    """Add `/sign-in/oidc` and its return address."""
    try:
        from authlib.integrations.starlette_client import OAuth, OAuthError
        from starlette.middleware.sessions import SessionMiddleware
    except ImportError as missing:
        raise OperatorError("OpenID Connect needs Authlib", "install akira[oidc]") from missing
    oauth = OAuth()
    oauth.register(
        "op",
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )
    app.add_middleware(
        SessionMiddleware, secret_key=secrets.token_hex(32), session_cookie="akira_oidc", max_age=_MINUTES_10_S
    )
    app.include_router(_routes(oauth, OAuthError, settings))


_MINUTES_10_S: Final = 600


def _routes(oauth: Any, refused: type[Exception], settings: OidcSettings) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/sign-in/oidc", name="sign_in_oidc")
    async def go(request: Request) -> Response:
        answer: Response = await oauth.op.authorize_redirect(request, str(request.url_for("oidc_return")))
        return answer

    @routes.get("/sign-in/oidc/return", name="oidc_return")
    async def back(request: Request) -> Response:
        try:
            answer = await oauth.op.authorize_access_token(request)
        except refused as wrong:
            raise Problem(401, "sign_in", f"The sign-in was refused: {wrong}") from wrong
        claims = answer.get("userinfo") or {}
        role = role_of(claims, settings)
        if role is None:
            raise Problem(403, "role", "Your groups have no role here", hint="see [web.oidc] roles")
        person = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])[:100]
        return begin(request, Principal(person, role, DEFAULT_SCOPES[role], "oidc"), "/")

    return routes
