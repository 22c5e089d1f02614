"""The parts of a running Akira, put together from the settings: the only place where they meet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from akira import VERSION
from akira.chores import Chores
from akira.errors import OperatorError
from akira.live import Live, every
from akira.live_status import Status
from akira.mail_outlets import opened_outlet
from akira.metrics import Metrics
from akira.outlets import KAFKA, Filtered, Target, TicketTopic
from akira.pump import pumps
from akira.settings import Settings
from akira.sources import Opener, opened_source
from akira.timing import Timed
from connectors.deadletter import DeadLetterFile
from connectors.directory_file import load_directory
from connectors.kafka.sinks import DeadLetterTopic, KafkaSink
from connectors.spool import Spool
from connectors.store.append import FanOut
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.outbox import Outbox
from connectors.store.tickets import Tickets
from pipeline.directory import Directory
from pipeline.watch.snapshot import SnapshotError


@dataclass(frozen=True)
class Parts:
    """What every command that works on the store needs, made when it is first asked for."""

    settings: Settings
    store: Store

    @cached_property
    def directory(self) -> Directory:
        """Who is who; nobody when no directory is named."""
        return load_directory(Path(self.settings.directory)) if self.settings.directory else Directory()

    @cached_property
    def desk(self) -> Desk:
        """The door for people and machines."""
        return Desk(self.store, self.settings.policy, self.directory, self.fan_out)

    @cached_property
    def journal(self) -> Journal:
        """The door for telemetry."""
        return Journal(self.store, self.settings.policy, self.fan_out)

    @cached_property
    def outbox(self) -> Outbox:
        """What others are still to be told."""
        return Outbox(self.store)

    @cached_property
    def metrics(self) -> Metrics:
        """One registry."""
        return Metrics(VERSION, time.time)

    @cached_property
    def fan_out(self) -> FanOut:
        """Every event goes to every sink of the settings, and to the outlets that have a use for it."""
        sinks = self.settings.run.sinks if self.settings.kafka.topics.tickets else ()
        outlets = self.settings.outlet
        return lambda ticket, event: (*sinks, *(outlet.name for outlet in outlets if outlet.wants(event)))


@contextmanager
def opened(settings: Settings) -> Iterator[Parts]:
    """The store, open and migrated, and what hangs on it."""
    store = Store.open(settings.store.url.get_secret_value())
    try:
        yield Parts(settings, store)
    finally:
        store.close()


@dataclass(frozen=True)
class Asked:
    """What the operator asked of a live run."""

    drain: bool = False
    wait: bool = True
    from_oldest: bool = False
    from_scratch: bool = False
    source: Opener = opened_source


@dataclass(frozen=True)
class Running:
    """A live run, ready to go: `loop.run(positions)`."""

    loop: Live
    positions: dict[str, int]
    status: Status
    spools: Mapping[str, Spool]


@contextmanager
def live(parts: Parts, asked: Asked, stop: threading.Event) -> Iterator[Running]:
    """Source, watch from the last checkpoint, dead letters and outlets; all is closed at the end."""
    settings = parts.settings
    checkpoint = None if asked.from_scratch else parts.journal.checkpoint()
    watch = _watch(parts, checkpoint.snapshot if checkpoint else None)
    faults: list[BaseException] = []
    with ExitStack() as closing_last:
        letters = closing_last.enter_context(closing(_deadletters(settings)))
        made = asked.source(settings, parts.directory, stop, drain=asked.drain, from_oldest=asked.from_oldest)
        source = closing_last.enter_context(closing(made.source))
        targets = _targets(parts, closing_last)
        status = Status(
            parts.metrics,
            settings.web.ready_lag_s,
            watch.stats,
            watch.feeds,
            source.lag,
            source.oldest_ms,
            made.name,
        )
        loop = Live(
            source,
            watch,
            parts.journal,
            letters,
            status,
            stop,
            settings.run.tick_after_s,
            every(settings.run.checkpoint_min, settings.run.checkpoint_s),
            wait=asked.wait,
            drain=asked.drain,
            mark=source.mark,
        )
        closing_last.enter_context(_chores(parts, targets, faults, stop).running())
        yield Running(loop, dict(checkpoint.positions) if checkpoint else {}, status, made.spools)
    if faults:
        raise faults[0]


def _targets(parts: Parts, closing_last: ExitStack) -> dict[str, Target]:
    settings, targets = parts.settings, dict[str, Target]()
    if KAFKA in settings.run.sinks and settings.kafka.topics.tickets:
        sink = closing_last.enter_context(closing(KafkaSink(settings.kafka, settings.kafka.topics.tickets)))
        targets[KAFKA] = TicketTopic(sink)
    for each in settings.outlet:
        made = opened_outlet(each, settings.web.address, parts.store, parts.directory)
        outlet = closing_last.enter_context(closing(made))
        targets[each.name] = Filtered(each, outlet)
    return targets


def _watch(parts: Parts, snapshot: bytes | None) -> Timed:
    try:
        return Timed(parts.directory, parts.settings.watch, snapshot, parts.metrics)
    except SnapshotError as wrong:
        raise OperatorError(
            f"the last checkpoint cannot be read: {wrong}",
            "it is of another version: `akira run --from-scratch` reads the topics from their beginning; tickets stay",
        ) from wrong


def _deadletters(settings: Settings) -> DeadLetterTopic | DeadLetterFile:
    if settings.run.deadletters == KAFKA:
        return DeadLetterTopic(settings.kafka)
    return DeadLetterFile(Path(settings.run.deadletters))


def _chores(parts: Parts, targets: Mapping[str, Target], faults: list[BaseException], stop: threading.Event) -> Chores:
    sending = pumps(parts.outbox, Tickets(parts.store), targets, parts.metrics)

    def failed(fault: BaseException) -> None:
        faults.append(fault)
        stop.set()

    keep_ms = parts.settings.store.keep_sent_days * 86_400_000
    return Chores(sending, parts.desk, parts.outbox, parts.metrics, failed, keep_ms)
