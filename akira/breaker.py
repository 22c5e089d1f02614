"""A target that fails time after time is left alone for a while, so that its messages do not wear out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TRIPS: Final = 5
FIRST_REST_MS: Final = 15_000
LONGEST_REST_MS: Final = 120_000


@dataclass
class Breaker:
    """Open after `TRIPS` failures in a row. After each rest one message tries it; one that arrives closes it."""

    failures: int = 0
    _rests_until_ms: int = 0

    def open(self, now_ms: int) -> bool:
        """Whether the target is left alone now."""
        return now_ms < self._rests_until_ms

    def failed(self, now_ms: int, asked_ms: int | None = None) -> None:
        """One more failure; `asked_ms` is how long the target itself wants to be left alone."""
        self.failures += 1
        over = self.failures - TRIPS
        rest_ms = min(FIRST_REST_MS * 2 ** min(over, 10), LONGEST_REST_MS) if over >= 0 else 0
        self._rests_until_ms = now_ms + max(rest_ms, asked_ms or 0)

    def answered(self) -> None:
        """It took a message, or refused one: it is there."""
        self.failures, self._rests_until_ms = 0, 0
