"""Access tokens: shown once, kept only as an argon2 hash, with role, scopes, an end and a way to revoke them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from akira.web.auth.access import SCOPES, Principal, Role, Scope

Kind = Literal["token", "session"]
_FORM: Final = re.compile(r"akira_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's minimum for argon2id; the secret has 256 bits of its own."""
DEFAULT_SCOPES: Final[dict[Role, frozenset[Scope]]] = {
    "viewer": frozenset({"read"}),
    "noc": frozenset({"read", "write"}),
    "billing": frozenset({"read", "write"}),
    "support": frozenset({"read", "write"}),
    "admin": frozenset(SCOPES),
}


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token. A browser session is a short-lived one of kind `session`. Times in epoch ms."""

    id: str
    kind: Kind
    name: str
    role: Role
    scopes: frozenset[Scope]
    hash: str
    created_at_ms: int
    created_by: str
    expires_at_ms: int | None
    revoked_at_ms: int | None = None


class TokenStore(Protocol):
    """Where tokens live."""

    def add_token(self, token: Token) -> None:
        """Keep a new token."""

    def find_token(self, token_id: str) -> Token | None:
        """The token of that id."""

    def list_tokens(self) -> Sequence[Token]:
        """Every token, newest first."""

    def revoke_token(self, token_id: str, at_ms: int, by: str) -> bool:
        """Revoke; False when there is no such token or it is revoked already."""


class Tokens:
    """Issues and checks tokens. Argon2 runs once per token and process; expiry and revocation are read every time."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._proved: dict[str, bytes] = {}

    def issue(
        self,
        name: str,
        role: Role,
        *,
        at_ms: int,
        by: str,
        lasts_ms: int | None,
        scopes: frozenset[Scope] | None = None,
        kind: Kind = "token",
    ) -> tuple[str, Token]:
        """A new token for `name`: the secret text, never to be seen again, and what is kept of it."""
        token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        end = None if lasts_ms is None else at_ms + lasts_ms
        granted = DEFAULT_SCOPES[role] & (scopes or DEFAULT_SCOPES[role])
        token = Token(token_id, kind, name, role, granted, _HASHER.hash(secret), at_ms, by, end)
        self._store.add_token(token)
        return f"akira_{token_id}_{secret}", token

    def check(self, text: str, at_ms: int, *, kind: Kind = "token") -> Principal | None:
        """Who bears `text` at `at_ms`; None when it is malformed, unknown, of another kind, expired or revoked."""
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        token = self._store.find_token(form[1])
        if token is None or token.kind != kind or token.revoked_at_ms is not None:
            return None
        if token.expires_at_ms is not None and token.expires_at_ms <= at_ms:
            return None
        if not self._proves(form[2], token):
            return None
        csrf = hmac.new(form[2].encode(), b"csrf", hashlib.sha256).hexdigest() if kind == "session" else None
        return Principal(token.name, token.role, token.scopes, token.id, csrf)

    def revoke(self, token_id: str, at_ms: int, by: str) -> bool:
        """End a token at once, in every process that shares the store."""
        self._proved.pop(token_id, None)
        return self._store.revoke_token(token_id, at_ms, by)

    def all(self) -> list[Token]:
        """What is kept of every token but sessions, without the hashes."""
        return [token for token in self.everything() if token.kind == "token"]

    def everything(self) -> list[Token]:
        """Sessions too, without the hashes."""
        return [replace(token, hash="") for token in self._store.list_tokens()]

    def _proves(self, secret: str, token: Token) -> bool:
        digest = hashlib.sha256(f"{token.hash}{secret}".encode()).digest()
        known = self._proved.get(token.id)
        if known is not None and hmac.compare_digest(known, digest):
            return True
        try:
            _HASHER.verify(token.hash, secret)
        except (VerifyMismatchError, InvalidHashError):
            return False
        self._proved[token.id] = digest
        return True
