"""Reading tickets: lists by cursor, search, one with its log, and everything after a position."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from connectors.errors import ConnectorError
from connectors.store import schema as s
from connectors.store.engine import Store
from connectors.store.rows import event_of, ticket_of
from pipeline.desk.events import TicketEvent, verify
from pipeline.desk.fold import fold
from pipeline.desk.ticket import STATES, Ticket

PAGE_MAX: Final = 500
_NOT_CLOSED: Final = tuple(state for state in STATES if state not in ("closed", "merged"))
_ROW: Final = (
    "id",
    "version",
    "state",
    "ticket_type",
    "queue",
    "owner",
    "severity",
    "assignee",
    "opened_at_ms",
    "updated_at_ms",
    "owed_ms",
    "summary",
)


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket as a list needs it, without its fold."""

    id: str
    version: int
    state: str
    ticket_type: str
    queue: str
    owner: str
    severity: str
    assignee: str | None
    opened_at_ms: int
    updated_at_ms: int
    owed_ms: int | None
    """When the customer must hear from us."""
    summary: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; empty means any. Without states: everything that is not closed or merged."""

    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    ticket_types: tuple[str, ...] = ()
    customer: str = ""
    assignee: str = ""
    text: str = ""
    """Words, all of which occur in the id, summary, customers, cause or signals."""
    owed_before_ms: int | None = None
    """Only tickets whose reply was due before this."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, worst severity and newest first, and the cursor of the page after them (None at the end)."""

    rows: tuple[TicketRow, ...]
    cursor: str | None


class Tickets:
    """Queries; every one is a consistent view."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, wanted: Filter, limit: int = 50, cursor: str | None = None) -> Page:
        """A page. Raises ConnectorError when the cursor is not one of ours."""
        t, limit = s.TICKETS.c, max(1, min(limit, PAGE_MAX))
        query = select(*(t[name] for name in _ROW)).where(*_where(wanted))
        if cursor is not None:
            severity, opened, last = _uncursor(cursor)
            older = or_(t.opened_at_ms < opened, and_(t.opened_at_ms == opened, t.id < last))
            query = query.where(or_(t.severity > severity, and_(t.severity == severity, older)))
        query = query.order_by(t.severity, t.opened_at_ms.desc(), t.id.desc()).limit(limit + 1)
        with self._store.reading() as connection:
            rows = [TicketRow(*row) for row in connection.execute(query).tuples()]
        more = len(rows) > limit
        return Page(tuple(rows[:limit]), _cursor(rows[limit - 1]) if more else None)

    def count(self, wanted: Filter) -> dict[str, int]:
        """How many there are of each severity."""
        query = select(s.TICKETS.c.severity, func.count()).where(*_where(wanted)).group_by(s.TICKETS.c.severity)
        with self._store.reading() as connection:
            return dict(connection.execute(query).tuples().all())

    def get(self, ticket_id: str) -> Ticket | None:
        """The ticket as it is now."""
        with self._store.reading() as connection:
            fold_ = connection.execute(select(s.TICKETS.c.fold).where(s.TICKETS.c.id == ticket_id)).scalar()
        return None if fold_ is None else ticket_of(fold_)

    def folds(self, wanted: Filter) -> Iterator[Ticket]:
        """Every ticket that matches, oldest first; for exports and reports."""
        query = select(s.TICKETS.c.fold).where(*_where(wanted)).order_by(s.TICKETS.c.opened_at_ms, s.TICKETS.c.id)
        with self._store.reading() as connection:
            for fold_ in connection.execution_options(yield_per=500).execute(query).scalars():
                yield ticket_of(fold_)

    def events(self, ticket_id: str) -> list[TicketEvent]:
        """The whole log of a ticket, empty when there is none."""
        return self.logs([ticket_id])[ticket_id]

    def logs(self, ticket_ids: Collection[str]) -> dict[str, list[TicketEvent]]:
        """The whole log of each of a few tickets."""
        query = select(s.EVENTS).where(s.EVENTS.c.ticket_id.in_(ticket_ids)).order_by(s.EVENTS.c.seq)
        found: dict[str, list[TicketEvent]] = {ticket_id: [] for ticket_id in ticket_ids}
        with self._store.reading() as connection:
            for row in connection.execute(query).mappings():
                found[row["ticket_id"]].append(event_of(dict(row)))
        return found

    def after(self, position: int, limit: int = 500) -> list[tuple[int, TicketEvent]]:
        """Events of all tickets after a position, oldest first, each with its own position. None is ever skipped."""
        query = select(s.EVENTS).where(s.EVENTS.c.position > position).order_by(s.EVENTS.c.position).limit(limit)
        with self._store.reading() as connection:
            return [(row["position"], event_of(dict(row))) for row in connection.execute(query).mappings()]

    def head(self) -> int:
        """The position of the newest event, 0 before the first."""
        with self._store.reading() as connection:
            return int(connection.execute(select(func.coalesce(func.max(s.EVENTS.c.position), 0))).scalar_one())

    def verify(self, ticket_id: str) -> str | None:
        """None when the log is whole and its fold is the stored ticket; else what is wrong."""
        events, ticket = self.events(ticket_id), self.get(ticket_id)
        if not events or ticket is None:
            return f"there is no ticket {ticket_id}"
        if wrong := verify(events):
            return wrong
        return None if fold(events) == ticket else f"ticket {ticket_id}: its stored state is not the fold of its events"


def _where(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    t = s.TICKETS.c
    parts: list[ColumnElement[bool]] = [t.state.in_(wanted.states or _NOT_CLOSED)]
    columns = ((t.severity, wanted.severities), (t.queue, wanted.queues), (t.ticket_type, wanted.ticket_types))
    parts += [column.in_(values) for column, values in columns if values]
    if wanted.customer:
        mine = select(s.CUSTOMERS.c.ticket_id).where(s.CUSTOMERS.c.customer == wanted.customer)
        parts.append(t.id.in_(mine))
    if wanted.assignee:
        parts.append(t.assignee == wanted.assignee)
    if wanted.owed_before_ms is not None:
        parts.append(t.owed_ms < wanted.owed_before_ms)
    parts += [t.search.contains(word, autoescape=True) for word in wanted.text.lower().split()[:10]]
    return parts


def _cursor(row: TicketRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.severity, row.opened_at_ms, row.id]).encode()).decode()


def _uncursor(cursor: str) -> tuple[str, int, str]:
    try:
        parts: Any = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError as wrong:
        raise ConnectorError("this is not a cursor", "take `next` of the page before, or leave it out") from wrong
    match parts:
        case [str(severity), int(opened), str(last)]:
            return severity, opened, last
    raise ConnectorError("this is not a cursor", "take `next` of the page before, or leave it out")
