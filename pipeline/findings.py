"""A finding: one signal, one cause, from when to when. Questions and rules make them; correlation joins them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import polars as pl

from pipeline.directory import Directory
from pipeline.incidents import Figure, Point
from pipeline.rows import Rows
from pipeline.samples import NO_SAMPLES
from pipeline.settings import WatchSettings

NamedCause = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one question or rule holds true at one closed minute. `key` is its identity over time."""

    key: str
    signal: str
    cause: NamedCause
    onset_ms: int
    ended_ms: int | None = None
    """First good moment, once recovery is shown."""
    score: float = 0.0
    figures: tuple[Figure, ...] = ()
    series: tuple[Point, ...] = ()
    examples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    """Customers known to be hit whatever the attempts say (blocked accounts, denied addresses)."""
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class ClosedMinute:
    """All that arrived in one minute, ordered, and who is who."""

    minute: int
    rows: Rows
    duplicates: Mapping[str, int]
    """Records seen before, by switch."""
    duplicate_calls: Mapping[str, tuple[str, ...]]
    """Example call ids of them."""
    sip: Mapping[str, pl.DataFrame]
    """Samples by metric (`pipeline.samples`)."""
    balance: pl.DataFrame
    switches: Mapping[str, int]
    """Records (duplicates included) by switch."""
    fresh: bool
    """Something shows that time goes on: a call set up a moment ago, a SIP sample, a Tick. Not so at the end of an
    archive, where only long calls end: there, silence says nothing."""
    names_of: Mapping[str, list[str]]
    directory: Directory
    settings: WatchSettings

    def samples(self, metric: str) -> pl.DataFrame:
        """The samples of one metric that arrived in this minute, ordered by time, switch and peer: the columns of
        `Sample`."""
        return self.sip[metric] if metric in self.sip else NO_SAMPLES


class Rule(Protocol):
    """A question that is no share of attempts: states with hold-down, counters, silence. Deterministic."""

    name: str
    kept: tuple[type, ...]
    """The dataclasses that its state holds, for the snapshot."""

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """The findings that hold, and those that have just ended, when this minute has closed."""
        ...

    def state(self) -> dict[str, object]:
        """What a snapshot keeps (plain data)."""
        ...

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        ...


@runtime_checkable
class CallCounting(Protocol):
    """A rule that knows the last number of calls that each switch says it took in."""

    calls: Mapping[str, float]
