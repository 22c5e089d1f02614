"""A web application in a thread of its own, beside the live loop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from akira.errors import EXIT_AWAY, OperatorError

START_S: Final = 15.0


@contextmanager
def served(app: ASGIApp, host: str, port: int) -> Iterator[str]:
    """Serve `app` while the block runs; gives its address. Port 0 takes a free one."""
    listener = _listen(host, port)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
    thread = threading.Thread(target=server.run, args=([listener],), name="web", daemon=True)
    thread.start()
    try:
        yield f"http://{_shown(host)}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_S)
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
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
