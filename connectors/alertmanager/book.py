"""What is remembered of alerts between deliveries and restarts: each occurrence, its ticket, and whether it is over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import delete, insert, select

from connectors.store.engine import Store
from connectors.store.schema import ALERTS

SOURCE_CHARS: Final = 255


@dataclass(frozen=True, slots=True)
class Known:
    """One occurrence of an alert."""

    fingerprint: str
    starts_ms: int
    ticket_id: str
    source: str
    """The Prometheus that says so, by its external label."""
    ended_ms: int | None = None
    """Since when it is said, or seen, to be over; not yet believed."""
    over: bool = False
    """The end is confirmed."""


class Book:
    """The table of known occurrences, one per fingerprint."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, fingerprint: str) -> Known | None:
        """The last occurrence of that alert."""
        with self._store.reading() as connection:
            row = connection.execute(select(ALERTS).where(ALERTS.c.fingerprint == fingerprint)).one_or_none()
        return None if row is None else Known(*row)

    def open(self) -> list[Known]:
        """Those that are not over, in a fixed order."""
        with self._store.reading() as connection:
            rows = connection.execute(select(ALERTS).where(~ALERTS.c.over).order_by(ALERTS.c.fingerprint))
            return [Known(*row) for row in rows]

    def put(self, *known: Known) -> None:
        """Remember these occurrences in place of the ones before, all or none."""
        with self._store.writing() as connection:
            for one in known:
                connection.execute(delete(ALERTS).where(ALERTS.c.fingerprint == one.fingerprint))
                connection.execute(insert(ALERTS).values(**asdict(one)))
