"""Threads beside the live loop: each works until it is stopped, and tells of an outage once, not at every attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from akira.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Work:
    """What a thread of that `name` does: `run` works until the event is set; what it raises is a bug."""

    name: str
    run: Callable[[threading.Event], None]


@contextmanager
def beside(works: Iterable[Work], stop: threading.Event) -> Iterator[None]:
    """A thread for each of `works` while the block runs. A bug in one sets `stop` and is raised at the end."""
    faults: list[BaseException] = []
    enough = threading.Event()

    def guarded(work: Work) -> None:
        try:
            work.run(enough)
        except BaseException as fault:
            faults.append(fault)
            stop.set()

    with ExitStack() as closing:
        for work in works:
            thread = threading.Thread(target=guarded, args=(work,), name=work.name, daemon=True)
            thread.start()
            closing.callback(thread.join)
        closing.callback(enough.set)
        yield
    if faults:
        raise faults[0]


class Outage:
    """Whether the other side of `name` is there: in the log at its beginning and end, in the metrics always."""

    def __init__(self, name: str, metrics: Metrics) -> None:
        self._name, self._metrics, self._hint = name, metrics, ""

    def told(self, hint: str) -> None:
        """`hint` says what is wrong; empty when all is well."""
        log: Any = structlog.get_logger("akira.beside")
        if hint and hint != self._hint:
            log.warning("waiting", source=self._name, reason=hint)
        elif self._hint and not hint:
            log.info("going on", source=self._name, after=self._hint)
        self._hint = hint
        self._metrics.source(self._name, not hint)
