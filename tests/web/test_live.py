"""The hub: who leaves at any moment leaves nothing broken behind, and who stays hears everything."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence

import pytest

from akira.web import live
from akira.web.live import Happening, Hub


class Journal:
    """Happenings that grow."""

    def __init__(self) -> None:
        self.written: list[Happening] = []

    def write(self) -> None:
        position = len(self.written) + 1
        self.written.append(Happening(position, "D-1", position, "noted", 0, "jo"))

    def read(self, after: int, limit: int) -> Sequence[Happening]:
        return self.written[after : after + limit]

    def head(self) -> int:
        return len(self.written)


@pytest.mark.anyio
async def test_listeners_that_leave_at_any_moment_break_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL_S", 0.001)
    journal = Journal()
    hub = Hub(journal.read, journal.head)
    heard: list[str] = []
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    async def listen(patient: bool) -> None:
        async for message in hub.stream(None if not patient else 0):
            if message.startswith("id:"):
                heard.append(message) if patient else None

    stays = asyncio.create_task(listen(True))
    for number in range(200):
        leaves = asyncio.create_task(listen(False))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        leaves.cancel()
        journal.write()
        await asyncio.gather(leaves, return_exceptions=True)
    while len(heard) < 200 and not stays.done():
        await asyncio.sleep(0.001)
    await hub.close()
    await stays
    gc.collect()
    assert faults == []
    assert [message.split("\n")[0] for message in heard] == [f"id: {n}" for n in range(1, 201)]


@pytest.mark.anyio
async def test_a_quiet_stream_says_that_it_is_still_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_S", 0.01)
    journal = Journal()
    hub = Hub(journal.read, journal.head)
    messages = hub.stream(None)
    assert [await anext(messages) for _ in range(3)] == ["retry: 1000\n\n", ": still here\n\n", ": still here\n\n"]
    await messages.aclose()  # type: ignore[attr-defined]
    assert not hub.full
