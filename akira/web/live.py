"""Server-sent events: one reader of the journal for all open pages, with resume by Last-Event-ID."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool

POLL_S: Final = 0.25
"""A change by another process on the same store is seen within this."""
KEEP_ALIVE_S: Final = 15.0
RING: Final = 2_000
STREAMS_AT_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the journal as a page needs it: `position` grows over all tickets."""

    position: int
    ticket_id: str
    seq: int
    kind: str
    at_ms: int
    actor: str

    def message(self) -> str:
        """The event as the WHATWG EventSource format."""
        body = {"ticket_id": self.ticket_id, "seq": self.seq, "kind": self.kind, "at_ms": self.at_ms}
        return f"id: {self.position}\nevent: ticket\ndata: {json.dumps({**body, 'actor': self.actor})}\n\n"


Reader = Callable[[int, int], Sequence[Happening]]
"""`(after, limit)` to the happenings after a position, oldest first."""


class Hub:
    """Reads the journal while somebody listens and hands each listener what is after its own position."""

    def __init__(self, read: Reader, head: Callable[[], int]) -> None:
        self._read, self._head_of = read, head
        self._ring: deque[Happening] = deque(maxlen=RING)
        self._position = 0
        self._news = asyncio.Condition()
        self._starting = asyncio.Lock()
        self._streams = 0
        self._reader: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether another listener must be asked to come back."""
        return self._streams >= STREAMS_AT_MOST

    async def stream(self, after: int | None) -> AsyncIterator[str]:
        """Messages after position `after` (now when None), and a comment now and then so that proxies stay awake."""
        self._streams += 1
        try:
            await self._start()
            position = self._position if after is None else after
            yield "retry: 1000\n\n"
            while not self._closed:
                batch = await self._after(position)
                if not batch and not self._closed:
                    yield ": still here\n\n"
                for happening in batch:
                    position = happening.position
                    yield happening.message()
        finally:
            self._streams -= 1
            if not self._streams and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    async def close(self) -> None:
        """End every stream: the server stops, and pages connect again to whoever comes after it."""
        async with self._news:
            self._closed = True
            self._news.notify_all()

    async def _start(self) -> None:
        async with self._starting:  # two pages that open at once have one reader
            if self._reader is None:
                self._ring.clear()
                self._position = await run_in_threadpool(self._head_of)
                self._reader = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            batch = await run_in_threadpool(self._read, self._position, RING)
            if batch:
                async with self._news:
                    self._ring.extend(batch)
                    self._position = batch[-1].position
                    self._news.notify_all()
            await asyncio.sleep(POLL_S)

    async def _after(self, position: int) -> list[Happening]:
        if position < self._position and (not self._ring or self._ring[0].position > position + 1):
            return list(await run_in_threadpool(self._read, position, RING))
        try:
            async with asyncio.timeout(KEEP_ALIVE_S), self._news:
                await self._news.wait_for(lambda: self._closed or self._position > position)
        except TimeoutError:
            return []
        return [happening for happening in self._ring if happening.position > position]
