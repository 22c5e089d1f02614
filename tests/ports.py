"""Ports for servers that tests start."""

from __future__ import annotations

import os
import random
import socket
from typing import Final

FIRST: Final = 20_000
END: Final = 32_000
"""Below those that Linux gives to connections: nobody is given the port between the asking and the server's start."""
WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS: Final = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_draw = random.SystemRandom()
"""Not the one that Hypothesis sets back before each example."""


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that nobody listens on; each worker draws from its own."""
    found: list[int] = []
    while len(found) < count:
        port = _draw.randrange(FIRST + WORKER, END, WORKERS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found += [port] if port not in found else []
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]
