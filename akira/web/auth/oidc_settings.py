"""Section [web.oidc] of akira.toml: who vouches for people, and which of their groups is which role here."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from akira.web.auth.access import Role


class OidcSettings(BaseModel):
    """Section [web.oidc]: sign-in by OpenID Connect (extra `akira[oidc]`); see docs/api.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str | None = Field(default=None, description="exactly as it calls itself; none: no such sign-in")
    name: str = Field(default="single sign-on", max_length=60, description="on the button")
    client_id: str = Field(default="", max_length=255)
    client_secret: SecretStr | None = Field(default=None, description="none: a public client, held by PKCE alone")
    audience: str = Field(default="", max_length=255, description="must be in the `aud` of a token; default: client_id")
    scope: str = Field(default="openid profile email", pattern=r"\bopenid\b", description="what is asked of the issuer")
    role_claim: str = Field(
        default="groups", min_length=1, description="the claim with the groups; dots lead inwards: `realm_access.roles`"
    )
    roles: dict[str, Role] = Field(default={}, description="group to role; who is in none of them is not let in")

    @field_validator("issuer")
    @classmethod
    def _by_tls(cls, issuer: str | None) -> str | None:
        place = urlsplit(issuer or "")
        if issuer is None or place.scheme == "https" or (place.scheme == "http" and _loopback(place.hostname or "")):
            return issuer
        raise ValueError("the issuer must be an https:// address (http:// only on the loopback)")

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        lacks = [name for name in ("client_id", "roles") if not given.get(name)] if isinstance(given, dict) else []
        if lacks and given.get("issuer"):
            raise ValueError(f"an issuer needs {' and '.join(lacks)} as well")
        return given


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
