"""Who works here: roles, when they were last seen, signed in and changed something, and what lets them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from akira.web.auth.access import ROLES, Role
from akira.web.auth.tokens import Token, Tokens
from connectors.store import schema as s
from connectors.store.engine import Store
from connectors.store.ledger import SIGNED_IN

LOOKED_THROUGH: Final = 100_000
"""The newest ticket events, in which last changes are looked for."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person or program that may or might do something here. Times in epoch ms, None for never."""

    name: str
    roles: tuple[Role, ...]
    """Roles of what is valid; empty for who can do nothing any more."""
    tokens: int
    sessions: int
    seen_ms: int | None
    """A request of theirs, reading or writing, to the minute."""
    signed_in_ms: int | None
    changed_ms: int | None
    """When it last changed a ticket."""


def people(store: Store, tokens: Tokens, seen: Mapping[str, int], now_ms: int) -> list[Person]:
    """Everybody with a token or a sign-in on record, those first who may do something; `seen` are times by name."""
    signed_in, changed = _signed_in(store), _changed(store)
    by_name: dict[str, list[Token]] = {name: [] for name in signed_in}
    for token in tokens.everything():
        by_name.setdefault(token.name, []).append(token)
    found = [
        _person(
            name,
            [token for token in of if valid(token, now_ms)],
            seen.get(name),
            signed_in.get(name),
            changed.get(name),
        )
        for name, of in by_name.items()
    ]
    return sorted(found, key=lambda person: (not person.roles, person.name))


def end_access(tokens: Tokens, name: str, now_ms: int, by: str) -> int:
    """Revoke every token and session of `name`; how many."""
    alive = [token for token in tokens.everything() if token.name == name and valid(token, now_ms)]
    return sum(tokens.revoke(token.id, now_ms, by) for token in alive)


def valid(token: Token, now_ms: int) -> bool:
    """Whether it still lets somebody in."""
    return token.revoked_at_ms is None and (token.expires_at_ms is None or token.expires_at_ms > now_ms)


def _person(
    name: str, alive: Iterable[Token], seen_ms: int | None, signed_in_ms: int | None, changed_ms: int | None
) -> Person:
    kinds = [token.kind for token in alive]
    roles = tuple(role for role in ROLES if any(token.role == role for token in alive))
    return Person(name, roles, kinds.count("token"), kinds.count("session"), seen_ms, signed_in_ms, changed_ms)


def _signed_in(store: Store) -> dict[str, int]:
    a = s.AUDIT.c
    query = select(a.actor, func.max(a.at_ms)).where(a.action == SIGNED_IN).group_by(a.actor)
    with store.reading() as connection:
        return dict(connection.execute(query).tuples().all())


def _changed(store: Store) -> dict[str, int]:
    e = s.EVENTS.c
    newest = select(e.actor, e.at_ms).order_by(e.position.desc()).limit(LOOKED_THROUGH).subquery()
    query = select(newest.c.actor, func.max(newest.c.at_ms)).group_by(newest.c.actor)
    with store.reading() as connection:
        return dict(connection.execute(query).tuples().all())
