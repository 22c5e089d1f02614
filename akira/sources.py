"""Where a live run reads from: the topics of Kafka, or the switches' own files and posts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from akira.errors import OperatorError
from akira.settings import Settings
from connectors.codec import decode_messages
from connectors.kafka.source import Decode, KafkaSource
from connectors.spool import Spool
from connectors.switches import Switches
from pipeline.directory import Directory
from pipeline.intake import resolve
from pipeline.ports import Batch
from pipeline.records import Kind


class LiveSource(Protocol):
    """A `pipeline.ports.Source` that knows how far behind it is and may be told of checkpoints."""

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Batches from `positions` on; an empty one when there is nothing new."""
        ...

    def lag(self) -> dict[str, int]:
        """What waits to be read, by place."""
        ...

    def oldest_ms(self) -> int | None:
        """About when the oldest record came that waits to be fed; None when none waits."""
        ...

    def mark(self, positions: Mapping[str, int]) -> None:
        """The journal stands at `positions`."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


@dataclass(frozen=True)
class Opened:
    """The source with its name in /metrics, and the spools that take what switches post to it."""

    name: str
    source: LiveSource
    spools: Mapping[str, Spool] = field(default_factory=dict)


class Opener(Protocol):
    """Opens the source of a live run."""

    def __call__(
        self, settings: Settings, directory: Directory, stop: threading.Event, *, drain: bool, from_oldest: bool
    ) -> Opened: ...


def opened_source(
    settings: Settings, directory: Directory, stop: threading.Event, *, drain: bool, from_oldest: bool
) -> Opened:
    """What `[run] source` names. Raises OperatorError when it names switches and there are none."""
    if settings.run.source == "kafka":
        lateness_ms = round(settings.watch.time.lateness_s * 1000)
        decode = resolving(directory)
        kafka = KafkaSource(settings.kafka, lateness_ms, drain=drain, from_oldest=from_oldest, decode=decode)
        return Opened("kafka", kafka)
    if not settings.cdr:
        raise OperatorError("[run] source is `switches`, but no switch is given", "add [[cdr]]; see docs/running.md")

    def wait(seconds: float) -> None:
        stop.wait(seconds)

    switches = Switches(settings.cdr, directory, follow=not drain, wait=wait)
    return Opened("switches", switches, switches.spools)


def resolving(directory: Directory) -> Decode:
    """Messages to records whose destination is found by the directory's prefixes, as those of archives are."""

    def decode(kind: Kind, messages: Sequence[bytes], source: str, offsets: Sequence[int]) -> Batch:
        batch = decode_messages(kind, messages, source, offsets)
        return replace(batch, frame=resolve(batch.frame, directory)) if kind == "cdr" else batch

    return decode
