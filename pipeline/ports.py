"""What the core asks of its edges: batches of records with their position, rejects as values, sources and sinks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from pipeline.records import Kind


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be taken, with the place, the field and what would be right."""

    source: str
    """File name, or `topic[partition]`."""
    line: int | None
    """1-based line or row of a file, or the offset of a stream."""
    field: str | None
    reason: str
    """A short machine word counted in metrics, e.g. `not_json`, `missing`, `bad_time`, `order`, `bad_value`."""
    expected: str
    """What would have been right, for the person who mends it."""
    raw: str
    """The record as it came, cut at 2,000 characters."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one kind in contract columns, what was refused among them, and where the source stands after them.

    `positions` maps a source's partition (`akira.cdr[0]`, a file name) to the next offset to read; the journal keeps
    it with what the records caused. `clock_ms` moves the clock without a record (a Tick); None leaves it to records.
    `settled` False says that records of the same time are still to come: the clock waits for a batch that is settled.
    `disabled` maps a switch to the signals that its records cannot be asked for, each with the reader's reason.
    """

    kind: Kind
    frame: pl.DataFrame
    rejects: tuple[Reject, ...] = ()
    positions: Mapping[str, int] = field(default_factory=dict)
    clock_ms: int | None = None
    settled: bool = True
    disabled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Disconnected(Exception):
    """The other side is away; the runner waits `wait_s` and asks again. `hint` is for the operator."""

    def __init__(self, hint: str, wait_s: float = 1.0) -> None:
        super().__init__(hint)
        self.hint = hint
        self.wait_s = wait_s


class Source(Protocol):
    """Where records come from. Ends by returning; raises `Disconnected` when the other side is away."""

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Yield batches from `positions` on (an absent partition starts at its beginning)."""
        ...

    def close(self) -> None: ...


class RejectSink(Protocol):
    """Where refused records go: a dead-letter file or topic."""

    def write(self, rejects: tuple[Reject, ...]) -> None: ...


class Timing(Protocol):
    """`with timing(stage, part):` stands around work that someone with a clock may time; the core has none."""

    def __call__(self, stage: str, part: str = "") -> AbstractContextManager[None]: ...


def untimed(stage: str, part: str = "") -> AbstractContextManager[None]:
    """Nobody looks at the clock."""
    return nullcontext()
