"""A web application in a thread of its own, beside the live loop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from akira.errors import EXIT_AWAY, OperatorError

STOP_S: Final = 5
"""Requests in work get so long to end once the server is told to stop."""


class _Server(uvicorn.Server):
    """Ends answers that have no end of their own before it waits for the others."""

    def __init__(self, config: uvicorn.Config, at_stop: Callable[[], Awaitable[None]] | None) -> None:
        super().__init__(config)
        self._at_stop = at_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._at_stop is not None:
            await self._at_stop()
        await super().shutdown(sockets)


@contextmanager
def served(app: ASGIApp, host: str, port: int, at_stop: Callable[[], Awaitable[None]] | None = None) -> Iterator[str]:
    """Serve `app` while the block runs; gives its address. Port 0 takes a free one. `at_stop` is awaited in the
    server's own loop when it stops: streams end there."""
    listener = _listen(host, port)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=STOP_S
    )
    server = _Server(config, at_stop)
    thread = threading.Thread(target=server.run, args=([listener],), name="web", daemon=True)
    thread.start()
    try:
        yield f"http://{_shown(host)}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named TCP, else asyncio does not turn Nagle's algorithm off and every answer waits 40 ms for an acknowledgement
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as wrong:
        listener.close()
        raise OperatorError(
            f"cannot serve on {_shown(host)}:{port}: {wrong.strerror}",
            "another program has the port: set [web] port in akira.toml, or AKIRA_WEB__PORT (0 takes a free one)",
            EXIT_AWAY,
        ) from wrong
    listener.listen(256)
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
