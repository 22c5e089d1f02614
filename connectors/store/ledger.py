"""What the doors remember: mails seen, records refused, and who did what outside tickets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from connectors.store import schema as s
from connectors.store.engine import Store
from pipeline.desk.events import storable
from pipeline.ports import Reject

REJECTS_KEPT: Final = 10_000
"""The newest for the console; all of them are in the dead-letter topic or file."""
SIGNED_IN: Final = "signed in"
"""The action of a sign-in."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An action that is not a ticket event: a token made, somebody signed in, a dead letter sent again."""

    at_ms: int
    actor: str
    action: str
    target: str
    detail: str = ""


class Ledger:
    """Append and read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ticket_of_mail(self, message_ids: Iterable[str]) -> str | None:
        """The ticket of the first known id among a mail's own, In-Reply-To and References."""
        keys = [_mail_key(message_id) for message_id in message_ids]
        query = select(s.MAIL.c.message_id, s.MAIL.c.ticket_id).where(s.MAIL.c.message_id.in_(keys))
        with self._store.reading() as connection:
            known = dict(connection.execute(query).tuples().all())
        return next((known[key] for key in keys if key in known), None)

    def mails_of(self, ticket_id: str) -> tuple[str, ...]:
        """The Message-IDs of a ticket's mails, the oldest first; those known by their digest alone are left out."""
        m = s.MAIL.c
        query = select(m.message_id).where(m.ticket_id == ticket_id).order_by(m.at_ms, m.message_id)
        with self._store.reading() as connection:
            return tuple(key for key in connection.execute(query).scalars() if key.startswith("<"))

    def refuse(self, rejects: Iterable[Reject], at_ms: int) -> None:
        """Keep refused records, the newest REJECTS_KEPT of them."""
        rows = [asdict(reject) | {"at_ms": at_ms} for reject in rejects]
        if not rows:
            return
        with self._store.writing() as connection:
            connection.execute(insert(s.REJECTS), [_text(row) for row in rows[-REJECTS_KEPT:]])
            newest = int(connection.execute(select(func.max(s.REJECTS.c.id))).scalar_one())
            connection.execute(delete(s.REJECTS).where(s.REJECTS.c.id <= newest - REJECTS_KEPT))

    def rejects(self, limit: int = 200, reason: str = "") -> list[tuple[int, Reject]]:
        """When it was refused (epoch ms) and what, newest first."""
        query = select(s.REJECTS).order_by(s.REJECTS.c.id.desc()).limit(limit)
        query = query.where(s.REJECTS.c.reason == reason) if reason else query
        names = ("source", "line", "field", "reason", "expected", "raw")
        with self._store.reading() as connection:
            rows = connection.execute(query).mappings()
            return [(row["at_ms"], Reject(*(row[name] for name in names))) for row in rows]

    def note(self, line: AuditLine) -> None:
        """Add to the audit."""
        with self._store.writing() as connection:
            record(connection, line)

    def audit(self, limit: int = 200, *, actor: str = "", before_ms: int | None = None) -> list[AuditLine]:
        """Newest first; of `actor` alone and before a time, if given."""
        a = s.AUDIT.c
        query = select(a.at_ms, a.actor, a.action, a.target, a.detail).order_by(a.at_ms.desc(), a.id.desc())
        query = query.where(a.actor == actor) if actor else query
        query = query.where(a.at_ms < before_ms) if before_ms is not None else query
        with self._store.reading() as connection:
            return [AuditLine(*row) for row in connection.execute(query.limit(limit)).tuples()]


class Seen(Exception):
    """The mail went to a ticket before; it is the argument."""


def remembering(message_id: str, at_ms: int) -> Callable[[Connection, str], None]:
    """For `Desk.do`: remember that a mail went to a ticket with what it does there. Raises Seen, which undoes that."""

    def also(connection: Connection, ticket_id: str) -> None:
        key = _mail_key(message_id)
        before = connection.execute(select(s.MAIL.c.ticket_id).where(s.MAIL.c.message_id == key)).scalar()
        if before is not None:
            raise Seen(before)
        connection.execute(insert(s.MAIL).values(message_id=key, ticket_id=ticket_id, at_ms=at_ms))

    return also


def record(connection: Connection, line: AuditLine) -> None:
    """Add to the audit within the transaction of what is told: neither is there without the other."""
    connection.execute(insert(s.AUDIT).values(_text(asdict(line))))


def _mail_key(message_id: str) -> str:
    """Message-IDs have no bound: a long one is known by its digest."""
    plain = message_id.strip()
    return plain if len(plain) <= 200 else hashlib.sha256(plain.encode(errors="replace")).hexdigest()


def _text(row: Mapping[str, Any]) -> dict[str, Any]:
    """What came from outside may hold bytes that a database refuses."""
    return {key: storable(value) for key, value in row.items()}
