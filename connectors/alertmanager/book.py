"""What is remembered of alerts between deliveries and restarts: each occurrence, its ticket, and whether it is over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Engine, MetaData, String, Table, delete, insert, select

METADATA: Final = MetaData()
ALERTS: Final = Table(
    "alertmanager_alerts",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("starts_ms", BigInteger, nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("source", String(255), nullable=False),
    Column("ended_ms", BigInteger),
    Column("over", Boolean, nullable=False),
)


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

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        METADATA.create_all(engine)

    def get(self, fingerprint: str) -> Known | None:
        """The last occurrence of that alert."""
        with self._engine.connect() as connection:
            row = connection.execute(select(ALERTS).where(ALERTS.c.fingerprint == fingerprint)).one_or_none()
        return None if row is None else Known(*row)

    def open(self) -> list[Known]:
        """Those that are not over, in a fixed order."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(ALERTS).where(~ALERTS.c.over).order_by(ALERTS.c.fingerprint))
            return [Known(*row) for row in rows]

    def put(self, known: Known) -> None:
        """Remember this occurrence in place of the one before."""
        with self._engine.begin() as connection:
            connection.execute(delete(ALERTS).where(ALERTS.c.fingerprint == known.fingerprint))
            connection.execute(insert(ALERTS).values(**asdict(known)))
