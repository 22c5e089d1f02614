"""The one way from batches to tickets: live and replay are this loop over the same records.

    batches ─→ watch.feed ─→ incidents ─→ journal.record (ticket events, outbox, checkpoint: one transaction) ─→ Step

A crash between two checkpoints loses nothing: the records after the last one are read again, the watch makes the same
revisions of the same incidents, and the journal ignores those that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.desk.events import TicketEvent
from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.records import MINUTE_MS

Due = Callable[[int, int], bool]
"""`due(last_ms, now_ms)`: whether the clock has gone far enough since the last checkpoint for another."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a restart begins: the state of the watch and, for each partition, the next offset to read."""

    snapshot: bytes
    positions: Mapping[str, int]
    clock_ms: int | None


class Watching(Protocol):
    """What the loop needs of the watch (`pipeline.watch.Watch`)."""

    @property
    def clock_ms(self) -> int | None: ...
    def feed(self, batch: Batch) -> list[Incident]: ...
    def finish(self) -> list[Incident]: ...
    def snapshot(self) -> bytes: ...


class Journal(Protocol):
    """Keeps the tickets. `record` is one transaction; revisions it already has change nothing."""

    def record(self, incidents: Sequence[Incident], checkpoint: Checkpoint | None) -> Sequence[TicketEvent]:
        """Let the desk observe `incidents` in their order; the events that were written."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch did; `batch` is None for the end of a run that finishes."""

    batch: Batch | None
    incidents: tuple[Incident, ...]
    events: tuple[TicketEvent, ...]
    clock_ms: int | None
    kept: Mapping[str, int] | None = None
    """The positions of the checkpoint that was taken, None when none was."""


def every_minutes(minutes: int) -> Due:
    """A checkpoint for each `minutes` that the clock passes."""
    return lambda last_ms, now_ms: now_ms - last_ms >= minutes * MINUTE_MS


def run(
    batches: Iterable[Batch],
    watch: Watching,
    journal: Journal,
    *,
    positions: Mapping[str, int] | None = None,
    due: Due | None = None,
    finish: bool = True,
) -> Iterator[Step]:
    """Take every batch the whole way; one Step for each, and one for the end.

    `positions` are those of the checkpoint that `watch` was restored from. Without `due` nothing is checkpointed: what
    a replay reads from files can be read again. With it, a Tick is checkpointed at once, since no record would bring it
    again. With `finish` the minutes still open at the end are closed (replay, a drained topic); without it they wait
    in the last checkpoint for the records to come (a live stop).
    """
    fed = dict(positions or {})
    last_ms = watch.clock_ms
    for batch in batches:
        incidents = watch.feed(batch)
        fed.update(batch.positions)
        now_ms = watch.clock_ms
        last_ms = now_ms if last_ms is None else last_ms
        mark = due is not None and (batch.clock_ms is not None or _passed(due, last_ms, now_ms))
        checkpoint = Checkpoint(watch.snapshot(), dict(fed), now_ms) if mark else None
        events = journal.record(incidents, checkpoint) if incidents or mark else ()
        last_ms = now_ms if mark else last_ms
        yield Step(batch, tuple(incidents), tuple(events), now_ms, checkpoint.positions if checkpoint else None)
    ended = watch.finish() if finish else []
    checkpoint = Checkpoint(watch.snapshot(), dict(fed), watch.clock_ms) if due is not None else None
    events = journal.record(ended, checkpoint) if ended or checkpoint else ()
    yield Step(None, tuple(ended), tuple(events), watch.clock_ms, checkpoint.positions if checkpoint else None)


def _passed(due: Due, last_ms: int | None, now_ms: int | None) -> bool:
    return last_ms is not None and now_ms is not None and due(last_ms, now_ms)
