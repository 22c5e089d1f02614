"""Tokens in the store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select, update

from akira.web.auth.tokens import Token
from connectors.store.engine import Store
from connectors.store.ledger import SIGNED_IN, AuditLine, record
from connectors.store.schema import TOKENS


class KeptTokens:
    """`TokenStore` over the table of tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_token(self, token: Token) -> None:
        """Keep a new token, on record; sessions that ended are swept away with it."""
        values = {name: getattr(token, name) for name in TOKENS.c.keys()}
        ended = (TOKENS.c.kind == "session") & (TOKENS.c.expires_at_ms < token.created_at_ms)
        with self._store.writing() as connection:
            connection.execute(TOKENS.delete().where(ended))
            connection.execute(insert(TOKENS).values(values | {"scopes": " ".join(sorted(token.scopes))}))
            action = SIGNED_IN if token.kind == "session" else "token made"
            record(connection, AuditLine(token.created_at_ms, token.created_by, action, _bearer(token), token.id))

    def find_token(self, token_id: str) -> Token | None:
        """The token of that id."""
        with self._store.reading() as connection:
            row = connection.execute(select(TOKENS).where(TOKENS.c.id == token_id)).one_or_none()
        return None if row is None else _token(row)

    def list_tokens(self) -> list[Token]:
        """Every token, newest first."""
        query = select(TOKENS).order_by(TOKENS.c.created_at_ms.desc(), TOKENS.c.id)
        with self._store.reading() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke_token(self, token_id: str, at_ms: int, by: str) -> bool:
        """Revoke, on record; False when there is no such token or it is revoked already."""
        alive = (TOKENS.c.id == token_id) & TOKENS.c.revoked_at_ms.is_(None)
        with self._store.writing() as connection:
            row = connection.execute(select(TOKENS).where(alive)).one_or_none()
            if row is None:
                return False
            connection.execute(update(TOKENS).where(alive).values(revoked_at_ms=at_ms))
            token = _token(row)
            ended = "session ended" if token.kind == "session" else "token revoked"
            record(connection, AuditLine(at_ms, by, ended, _bearer(token), token.id))
        return True


def _bearer(token: Token) -> str:
    return f"{token.name} ({token.role})"


def _token(row: Row[Any]) -> Token:
    values = dict(row._mapping)
    return Token(**values | {"scopes": frozenset(values["scopes"].split())})
