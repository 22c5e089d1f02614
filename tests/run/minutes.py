"""A watch that opens an incident for every minute and says what was in it: any record lost, doubled or moved shows."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence

from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.records import KINDS, MINUTE_MS
from pipeline.watch.buffer import Block, Buffer


class MinuteWatch:
    """The product's own buffer of open minutes, and a digest of each closed minute in place of detectors."""

    def __init__(self, lateness_ms: int) -> None:
        self.buffer = Buffer(lateness_ms)

    @property
    def clock_ms(self) -> int | None:
        return self.buffer.clock_ms

    def feed(self, batch: Batch) -> list[Incident]:
        self.buffer.add(batch)
        return self._close(self.buffer.take())

    def finish(self) -> list[Incident]:
        return self._close(self.buffer.take(everything=True))

    def snapshot(self) -> bytes:
        return pickle.dumps(self.buffer.state())

    @classmethod
    def restore(cls, blob: bytes, lateness_ms: int) -> MinuteWatch:
        watch = cls(lateness_ms)
        watch.buffer.load(pickle.loads(blob))
        return watch

    def _close(self, block: Block | None) -> list[Incident]:
        if block is None:
            return []
        return [self._minute(block, minute) for minute in range(block.first, block.end)]

    def _minute(self, block: Block, minute: int) -> Incident:
        inside = {
            kind: frame.filter(frame["arrival"] // MINUTE_MS == minute).write_ndjson()
            for kind, frame in block.frames.items()
        }
        digest = hashlib.sha256("".join(inside[kind] for kind in KINDS).encode()).hexdigest()
        rows = sum(text.count("\n") for text in inside.values())
        return incident(minute, f"{rows} records {digest}")


def incident(minute: int, summary: str, revision: int = 1) -> Incident:
    """An incident of the least content."""
    at_ms = (minute + 1) * MINUTE_MS
    return Incident(
        id=f"minute-{minute}",
        revision=revision,
        at_ms=at_ms,
        opened_at_ms=at_ms,
        onset_ms=minute * MINUTE_MS,
        ended_ms=None,
        recovered_at_ms=None,
        ticket_type="sip_quality",
        signals=("asr_drop",),
        lead="asr_drop",
        cause={"switch": (f"sw-{minute}",)},
        customers=(),
        severity="SEV3",
        why="because one standard customer is affected",
        summary=summary,
    )


def told(incidents: Sequence[Incident]) -> list[tuple[str, str]]:
    """What the incidents say, for comparison."""
    return [(each.id, each.summary) for each in incidents]
