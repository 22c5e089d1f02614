"""An OpenID Connect issuer on the loopback: discovery, keys, a form that says yes at once, tokens signed by RS256."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from akira.serving import served

CLIENT, SECRET = "akira", "s3cret-of-the-client"


@dataclass
class Issuer:
    """`claims` go into every token; `bend` changes those that the issuer adds, before they are signed."""

    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "7", "preferred_username": "anna"})
    bend: Callable[[dict[str, Any]], None] = lambda claims: None
    userinfo: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    signed_by: str = "RS256"
    metadata: dict[str, Any] = field(default_factory=dict)
    """On top of, or (None) instead of, what discovery says."""
    address: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    """What the browser brought to the form."""

    def token(self) -> str:
        """An id_token for what was asked last."""
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.asked["nonce"]}
        claims |= self.claims
        self.bend(claims)
        if self.signed_by == "none":
            head, body = (
                base64.urlsafe_b64encode(repr(part).replace("'", '"').encode()).rstrip(b"=").decode()
                for part in ({"alg": "none"}, claims)
            )
            return f"{head}.{body}."
        key = OctKey.import_key(SECRET) if self.signed_by == "HS256" else self.key
        return jwt.encode({"alg": self.signed_by, "kid": "k1"}, claims, key, algorithms=[self.signed_by])

    def app(self) -> FastAPI:
        """Its endpoints."""
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def discovery() -> dict[str, Any]:
            known = {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "userinfo_endpoint": f"{self.address}/userinfo",
                "jwks_uri": f"{self.address}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }
            return {name: value for name, value in (known | self.metadata).items() if value is not None}

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            return dict(KeySet([self.key]).as_dict(private=False))

        @app.get("/authorize")
        def authorize(request: Request) -> Response:
            self.asked = dict(request.query_params)
            back = urlencode({"code": "c-1", "state": self.asked["state"]})
            return RedirectResponse(f"{self.asked['redirect_uri']}?{back}", 302)

        @app.post("/token")
        async def token(request: Request) -> Response:
            form = await request.form()
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            proof = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            proven = base64.urlsafe_b64encode(proof).rstrip(b"=").decode() == self.asked["code_challenge"]
            if request.headers.get("authorization") != f"Basic {basic}" or not proven or form["code"] != "c-1":
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"access_token": "a-1", "token_type": "Bearer", "id_token": self.token()})

        @app.get("/userinfo")
        def userinfo(request: Request) -> dict[str, Any]:
            assert request.headers["authorization"] == "Bearer a-1"
            return self.userinfo

        return app


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer while the block runs."""
    issuer = Issuer()
    with served(issuer.app(), "127.0.0.1", 0) as issuer.address:
        yield issuer
