"""The outbox: what others must be told, at least once, in order for each ticket and target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, delete, func, or_, select, update

from connectors.store import schema as s
from connectors.store.engine import Store
from connectors.store.ledger import AuditLine, record
from connectors.store.outcomes import Outcome, State
from connectors.store.outgoing import Outgoing
from connectors.store.rows import event_of

_SETTLE: Final = (
    update(s.OUTBOX)
    .where(s.OUTBOX.c.id == bindparam("row_id"))
    .values(
        state=bindparam("state"),
        attempts=bindparam("attempts"),
        next_at_ms=bindparam("next_at_ms"),
        last_error=bindparam("last_error"),
        remote_id=func.coalesce(bindparam("remote_id"), s.OUTBOX.c.remote_id),
    )
)


class Outbox:
    """Rows are made by the transaction of their event; here they are sent, retried, buried and raised again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, at_ms: int, limit: int = 100, target: str | None = None) -> list[Outgoing]:
        """What may be sent now, in order for each ticket and target: nothing whose forerunner still waits for its time.
        Who fails with one must leave out what follows it."""
        earlier = s.OUTBOX.alias()
        o = s.OUTBOX.c
        waits = (
            select(earlier.c.id)
            .where(earlier.c.ticket_id == o.ticket_id, earlier.c.target == o.target)
            .where(earlier.c.state == "pending", earlier.c.seq < o.seq, earlier.c.next_at_ms > at_ms)
            .exists()
        )
        query = self._select().where(o.state == "pending", o.next_at_ms <= at_ms, ~waits)
        if target is not None:
            query = query.where(o.target == target)
        return self._read(query.order_by(o.id).limit(limit))

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of rows that were due, all in one transaction."""
        if outcomes:
            with self._store.writing() as connection:
                connection.execute(_SETTLE, [asdict(outcome) for outcome in outcomes])

    def resend(self, meant: int | str, at_ms: int, by: str) -> int:
        """Raise a dead row again (its id), or all those of a target (its name); how many. The last that was sent after
        one goes again too, so that what the target hears in the end is how things are, not how they were."""
        o = s.OUTBOX.c
        with self._store.writing() as connection:
            raised = _meant(connection, meant, ("dead",))
            for _, ticket_id, seq, target in raised:
                after = (o.ticket_id == ticket_id) & (o.target == target) & (o.seq > seq)
                last = select(func.max(o.seq)).where(after).scalar_subquery()
                sent = update(s.OUTBOX).where(after, o.seq == last, o.state == "sent")
                connection.execute(sent.values(state="pending", attempts=1, next_at_ms=0))
            _set(connection, raised, {"state": "pending", "attempts": 0, "next_at_ms": 0})
            _on_record(connection, meant, raised, at_ms, by, "sent again")
        return len(raised)

    def drop(self, meant: int | str, at_ms: int, by: str) -> int:
        """Give up a dead row for good (its id), or all that is dead or waits for a target (its name); how many."""
        with self._store.writing() as connection:
            dropped = _meant(connection, meant, ("dead",) if isinstance(meant, int) else ("dead", "pending"))
            _set(connection, dropped, {"state": "dropped"})
            _on_record(connection, meant, dropped, at_ms, by, "dropped")
        return len(dropped)

    def prune(self, before_ms: int, limit: int) -> int:
        """Forget messages that were taken or given up, of events before `before_ms`: the oldest, `limit` at most; how
        many. What is still needed stays at any age: the last that a target took of a ticket, which goes again after a
        dead letter, and the last with each remote id, by which an answer finds its ticket."""
        o, later, e = s.OUTBOX.c, s.OUTBOX.alias(), s.EVENTS.c
        after = select(later.c.id).where(
            later.c.ticket_id == o.ticket_id, later.c.target == o.target, later.c.seq > o.seq
        )
        overtaken = after.where(later.c.state == "sent").exists()
        named = after.where(later.c.remote_id == o.remote_id).exists()
        old = (
            select(o.id)
            .join(s.EVENTS, (e.ticket_id == o.ticket_id) & (e.seq == o.seq))
            .where(o.state.in_(("sent", "dropped")), e.at_ms < before_ms, overtaken, or_(o.remote_id.is_(None), named))
            .order_by(o.id)
            .limit(limit)
        )
        # Searched while others may write: nothing makes what is found needed again.
        with self._store.reading() as connection:
            found = connection.execute(old).scalars().all()
        if found:
            with self._store.writing() as connection:
                connection.execute(delete(s.OUTBOX).where(o.id.in_(found)))
        return len(found)

    def last_error(self, target: str) -> str:
        """Of the newest row that waits or is dead because of one; empty when there is none."""
        o = s.OUTBOX.c
        query = select(o.last_error).where(o.target == target, o.state.in_(("pending", "dead")), o.last_error != "")
        with self._store.reading() as connection:
            return connection.execute(query.order_by(o.id.desc()).limit(1)).scalar() or ""

    def ticket_of(self, target: str, remote_id: str) -> str | None:
        """The ticket that `target` calls `remote_id`."""
        known = (s.OUTBOX.c.target == target) & (s.OUTBOX.c.remote_id == remote_id)
        with self._store.reading() as connection:
            return connection.execute(select(s.OUTBOX.c.ticket_id).where(known).limit(1)).scalar()

    def rows(self, state: State | None = None, limit: int = 200) -> list[Outgoing]:
        """The newest first."""
        query = self._select().order_by(s.OUTBOX.c.id.desc()).limit(limit)
        return self._read(query if state is None else query.where(s.OUTBOX.c.state == state))

    def counts(self) -> dict[tuple[str, str], int]:
        """(target, state) to number of rows, for metrics."""
        o = s.OUTBOX.c
        query = select(o.target, o.state, func.count()).group_by(o.target, o.state)
        with self._store.reading() as connection:
            return {(target, state): number for target, state, number in connection.execute(query).tuples()}

    def _select(self) -> Select[Any]:
        o, known = s.OUTBOX.c, s.OUTBOX.alias()
        remote = (
            select(known.c.remote_id)
            .where(known.c.ticket_id == o.ticket_id, known.c.target == o.target, known.c.remote_id.is_not(None))
            .order_by(known.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        event = (s.EVENTS.c.ticket_id == o.ticket_id) & (s.EVENTS.c.seq == o.seq)
        columns = (o.id, o.target, o.state.label("outbox_state"), o.attempts, o.next_at_ms, o.last_error)
        return select(*columns, remote.label("remote"), *s.EVENTS.c).join(s.EVENTS, event)

    def _read(self, query: Select[Any]) -> list[Outgoing]:
        with self._store.reading() as connection:
            return [_outgoing(row) for row in connection.execute(query).mappings()]


def _meant(connection: Connection, meant: int | str, states: Sequence[State]) -> list[tuple[int, str, int, str]]:
    """(id, ticket, seq, target) of the row of an id, or of the rows of a target, in one of `states`."""
    o = s.OUTBOX.c
    which = o.id == meant if isinstance(meant, int) else o.target == meant
    query = select(o.id, o.ticket_id, o.seq, o.target).where(which, o.state.in_(states)).order_by(o.id)
    return [tuple(row) for row in connection.execute(query)]


def _set(connection: Connection, rows: Sequence[tuple[int, str, int, str]], values: Mapping[str, Any]) -> None:
    if rows:
        one = update(s.OUTBOX).where(s.OUTBOX.c.id == bindparam("row_id"))
        connection.execute(one.values(**values), [{"row_id": row[0]} for row in rows])


def _on_record(
    connection: Connection,
    meant: int | str,
    rows: Sequence[tuple[int, str, int, str]],
    at_ms: int,
    by: str,
    action: str,
) -> None:
    """One row by its ticket, event and target; those of a target by their number."""
    if rows and isinstance(meant, str):
        record(connection, AuditLine(at_ms, by, action, meant, f"{len(rows)} messages"))
    elif rows:
        _, ticket_id, seq, target = rows[0]
        record(connection, AuditLine(at_ms, by, action, f"{ticket_id}:{seq}", target))


def _outgoing(row: Mapping[Any, Any]) -> Outgoing:
    names = ("attempts", "next_at_ms", "remote", "last_error")
    return Outgoing(row["id"], row["target"], event_of(row), row["outbox_state"], *(row[name] for name in names))
