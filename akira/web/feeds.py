"""Feed health in words: a silent feed is said to be silent, and what cannot be known because of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from akira.wording import disabled_words, duration

SILENT_AFTER_S: Final = 180.0
"""Elements report every minute: three missed is silence."""
_UNKNOWN: Final[dict[str, str]] = {
    "cdr": "quality of its customers unknown",
    "sip": "reachability of its trunks unknown",
}


class FeedRow(Protocol):
    """A row of `watch.feeds()`."""

    @property
    def kind(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def age_s(self) -> float: ...
    @property
    def disabled(self) -> Sequence[tuple[str, str]]: ...


FeedRows = Callable[[], Sequence[FeedRow]]


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed: `cdr sw1 2 s`, or that it is silent and what is therefore unknown; `disabled` are lines of metrics that
    its records cannot be asked for."""

    kind: str
    source: str
    age_s: float
    silent: bool
    words: str
    disabled: Sequence[str]


def lines(rows: Sequence[FeedRow]) -> list[FeedLine]:
    """Every feed, the silent ones first. Balance events come when they come: their absence is no silence."""
    found = [_line(row) for row in rows]
    return sorted(found, key=lambda line: (not line.silent, line.kind, line.source))


def _line(row: FeedRow) -> FeedLine:
    silent = row.kind in _UNKNOWN and row.age_s > SILENT_AFTER_S
    age = duration(row.age_s * 1000)
    words = f"{row.kind} {row.source} {age}"
    if silent:
        words = f"{row.kind.upper()} from {row.source} silent for {age} — {_UNKNOWN[row.kind]}"
    return FeedLine(row.kind, row.source, row.age_s, silent, words, disabled_words(row.source, row.disabled))
