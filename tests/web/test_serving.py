"""How the web is served: small answers go out at once."""

from __future__ import annotations

import socket
from typing import Any

import httpx

from akira.serving import served


async def _nodelay(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers with the TCP_NODELAY of its own connection."""
    if scope["type"] != "http":
        return
    connection = send.__self__.transport.get_extra_info("socket")
    answer = str(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": answer})


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head() -> None:
    with served(_nodelay, "127.0.0.1", 0) as address:
        assert httpx.get(address, trust_env=False).text not in ("", "0")
