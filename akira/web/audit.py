"""Who did what: the changes of tickets by people and what else is on record, on one line of time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from connectors.store import schema as s
from connectors.store.engine import Store
from connectors.store.ledger import Ledger
from connectors.store.rows import event_of
from pipeline.desk.timeline import line

LINES = 100


@dataclass(frozen=True, slots=True)
class Audited:
    """At `at_ms` `actor` did `what`; `ticket_id` is None for what concerns no ticket."""

    at_ms: int
    actor: str
    what: str
    ticket_id: str | None = None


def audit(
    store: Store, *, actor: str = "", before_ms: int | None = None, limit: int = LINES
) -> tuple[list[Audited], int | None]:
    """The newest lines, and the `before_ms` that asks for those before them (None: there are none).

    Changes of tickets by machines are left out: they are on the tickets' own timelines.
    """
    kept = Ledger(store).audit(limit + 1, actor=actor, before_ms=before_ms)
    told = [Audited(one.at_ms, one.actor, " ".join((one.action, one.target, one.detail)).strip()) for one in kept]
    told += _changes(store, actor, before_ms, limit + 1)
    told.sort(key=lambda one: -one.at_ms)
    if len(told) <= limit:
        return told, None
    whole = [one for one in told[:limit] if one.at_ms > told[limit].at_ms] or told[:limit]
    return whole, whole[-1].at_ms


def _changes(store: Store, actor: str, before_ms: int | None, limit: int) -> list[Audited]:
    e = s.EVENTS.c
    query = select(s.EVENTS).order_by(e.position.desc()).limit(limit)
    query = query.where(e.actor == actor) if actor else query.where(e.actor != "akira", ~e.actor.startswith("akira/"))
    query = query.where(e.at_ms < before_ms) if before_ms is not None else query
    with store.reading() as connection:
        events = [event_of(dict(row)) for row in connection.execute(query).mappings()]
    return [Audited(event.at_ms, event.actor, line(event).text, event.ticket_id) for event in events]
