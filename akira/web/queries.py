"""Figures of the whole desk for wall and admin, by one query each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from connectors.store import schema as s
from connectors.store.engine import Store
from connectors.store.rows import ticket_of
from pipeline.desk.ticket import ACTIVE, Ticket

_OPEN = (*sorted(ACTIVE), "resolved")


@dataclass(frozen=True, slots=True)
class Tally:
    """Tickets that want work by severity and by queue, those that wait to be closed, and how many replies are late."""

    severity: dict[str, int] = field(default_factory=dict)
    queue: dict[str, int] = field(default_factory=dict)
    to_close: int = 0
    late: int = 0

    @property
    def listed(self) -> int:
        """All that a list shows."""
        return sum(self.severity.values()) + self.to_close


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was refused: where it came from, which field, what would be right."""

    where: str
    field: str
    why: str


def tally(store: Store, now_ms: int) -> Tally:
    """Counts of what is not closed."""
    t = s.TICKETS.c
    query = select(t.severity, t.queue, t.state, func.count()).where(t.state.in_(_OPEN))
    late = select(func.count()).where(t.state.in_(_OPEN), t.owed_ms < now_ms)
    severities, queues, to_close = Counter[str](), Counter[str](), 0
    with store.reading() as connection:
        for severity, queue, state, count in connection.execute(query.group_by(t.severity, t.queue, t.state)).tuples():
            if state in ACTIVE:
                severities[severity] += count
                queues[queue] += count
            else:
                to_close += count
        return Tally(severities, queues, to_close, int(connection.execute(late).scalar_one()))


def last_closed_ms(store: Store) -> int | None:
    """When a ticket was closed last."""
    query = select(func.max(s.TICKETS.c.updated_at_ms)).where(s.TICKETS.c.state == "closed")
    with store.reading() as connection:
        return connection.execute(query).scalar()


def hit_customers(store: Store) -> dict[str, int]:
    """Customers and the number of their tickets that want work."""
    c, t = s.CUSTOMERS.c, s.TICKETS.c
    query = select(c.customer, func.count()).join(s.TICKETS, t.id == c.ticket_id).where(t.state.in_(ACTIVE))
    with store.reading() as connection:
        return dict(connection.execute(query.group_by(c.customer)).tuples().all())


def opened_between(store: Store, from_ms: int, to_ms: int, limit: int = 50) -> list[Ticket]:
    """Tickets opened in [from, to], newest first."""
    t = s.TICKETS.c
    query = select(t.fold).where(t.opened_at_ms >= from_ms, t.opened_at_ms <= to_ms)
    with store.reading() as connection:
        return [
            ticket_of(fold) for fold in connection.execute(query.order_by(t.opened_at_ms.desc()).limit(limit)).scalars()
        ]


def rejects(store: Store, limit: int = 50) -> Sequence[Refused]:
    """The last refused records that were written to this store."""
    r = s.REJECTS.c
    query = select(r.source, r.line, r.field, r.reason, r.expected).order_by(r.id.desc()).limit(limit)
    with store.reading() as connection:
        return [
            Refused(f"{source}:{line}" if line is not None else source, name or "", f"{reason}: {expected}")
            for source, line, name, reason, expected in connection.execute(query).tuples()
        ]
