"""When each person or program was last seen: a request of theirs was let through."""

from __future__ import annotations

from typing import Final

from sqlalchemy import insert, select, update

from connectors.store.engine import Store
from connectors.store.schema import PEOPLE_SEEN as SEEN

EVERY_MS: Final = 60_000
"""A name is written down at most so often: reading must not become writing."""


class Seen:
    """Last requests by name, over the table of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: dict[str, int] = {}

    def due(self, name: str, at_ms: int) -> bool:
        """Whether a request of `name` is to be written down; then the next ones of a minute are not."""
        if at_ms - self._noted.get(name, -EVERY_MS) < EVERY_MS:
            return False
        self._noted[name] = at_ms
        return True

    def write(self, name: str, at_ms: int) -> None:
        """Write down that `name` was here, unless a later time is known."""
        with self._store.writing() as connection:
            known = connection.execute(select(SEEN.c.at_ms).where(SEEN.c.name == name)).scalar()
            if known is None:
                connection.execute(insert(SEEN).values(name=name, at_ms=at_ms))
            elif known < at_ms:
                connection.execute(update(SEEN).where(SEEN.c.name == name).values(at_ms=at_ms))

    def times(self) -> dict[str, int]:
        """Name to the last time (epoch ms)."""
        with self._store.reading() as connection:
            return dict(connection.execute(select(SEEN.c.name, SEEN.c.at_ms)).tuples().all())
