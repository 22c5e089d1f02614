"""Users, and tokens (sessions among them) as the hashes that are kept of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from connectors.store import schema as s
from connectors.store.engine import Store


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is kept of a token; never its secret. Times in epoch ms."""

    id: str
    kind: str
    name: str
    role: str
    scopes: frozenset[str]
    hash: str
    created_at_ms: int
    created_by: str
    expires_at_ms: int | None
    revoked_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person with a role; `contact` is where pages go."""

    name: str
    role: str
    contact: str
    created_at_ms: int
    disabled: bool = False


class Access:
    """Who may come in."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_token(self, token: TokenRecord) -> None:
        """Keep a new token."""
        with self._store.writing() as connection:
            connection.execute(insert(s.TOKENS).values(asdict(token) | {"scopes": json.dumps(sorted(token.scopes))}))

    def find_token(self, token_id: str) -> TokenRecord | None:
        """The token of that id."""
        with self._store.reading() as connection:
            row = connection.execute(select(s.TOKENS).where(s.TOKENS.c.id == token_id)).mappings().one_or_none()
        return None if row is None else _token(row)

    def list_tokens(self) -> list[TokenRecord]:
        """Every token, newest first."""
        with self._store.reading() as connection:
            rows = connection.execute(select(s.TOKENS).order_by(s.TOKENS.c.created_at_ms.desc(), s.TOKENS.c.id))
            return [_token(row) for row in rows.mappings()]

    def revoke_token(self, token_id: str, at_ms: int) -> bool:
        """Revoke; False when there is no such token or it is revoked already."""
        valid = (s.TOKENS.c.id == token_id) & s.TOKENS.c.revoked_at_ms.is_(None)
        with self._store.writing() as connection:
            return connection.execute(update(s.TOKENS).where(valid).values(revoked_at_ms=at_ms)).rowcount > 0

    def forget_expired(self, before_ms: int) -> int:
        """Delete sessions that ended before `before_ms`; how many. Tokens stay, as a record."""
        ended = (s.TOKENS.c.kind == "session") & (s.TOKENS.c.expires_at_ms < before_ms)
        with self._store.writing() as connection:
            return connection.execute(delete(s.TOKENS).where(ended)).rowcount

    def put_user(self, user: UserRecord) -> None:
        """Add a user, or change the one of that name."""
        with self._store.writing() as connection:
            connection.execute(delete(s.USERS).where(s.USERS.c.name == user.name))
            connection.execute(insert(s.USERS).values(asdict(user)))

    def users(self) -> list[UserRecord]:
        """All users by name."""
        with self._store.reading() as connection:
            rows = connection.execute(select(s.USERS).order_by(s.USERS.c.name)).mappings()
            return [UserRecord(**{str(key): value for key, value in row.items()}) for row in rows]


def _token(row: Mapping[Any, Any]) -> TokenRecord:
    return TokenRecord(**{**row, "scopes": frozenset(json.loads(row["scopes"]))})
