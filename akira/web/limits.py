"""Bounds at the door: size of a body, requests at once, and headers that keep a page to its own host."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES: Final = 1_048_576
"""No command of the desk needs more."""
INTAKE: Final = "/intake/"
"""Doors of machines, which have bounds of their own for what they take."""
AT_ONCE: Final = 64
"""Requests in work before the next one is asked to come back; streams of events are counted by the hub."""
RETRY_AFTER_S: Final = 2
SAFETY_HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class TooLarge(HTTPException):
    """The body went on past the bound; the framework answers it as any refusal of its own."""

    def __init__(self, body_bytes: int) -> None:
        super().__init__(413, f"the body is larger than {body_bytes} bytes")


class Limits:
    """ASGI middleware: 413 past `BODY_BYTES` (not at `INTAKE`), 503 past `AT_ONCE`, safety headers on all."""

    def __init__(self, app: ASGIApp, *, body_bytes: int = BODY_BYTES, at_once: int = AT_ONCE) -> None:
        self._app, self._body_bytes, self._at_once = app, body_bytes, at_once
        self._in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        machine = scope["path"].startswith(INTAKE)
        if not machine and _declared_length(scope) > self._body_bytes:
            await _refuse(send, scope, 413, "body", f"the body is larger than {self._body_bytes} bytes")
            return
        if scope["path"].endswith("/events/stream"):
            await self._app(scope, receive, _with_safety(send))
            return
        if self._in_work >= self._at_once:
            await _refuse(send, scope, 503, "busy", f"{self._in_work} requests are in work already")
            return
        self._in_work += 1
        try:
            await self._app(scope, receive if machine else self._bounded(receive), _with_safety(send))
        finally:
            self._in_work -= 1

    def _bounded(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._body_bytes:
                raise TooLarge(self._body_bytes)
            return message

        return counted


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _with_safety(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFETY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded


async def _refuse(send: Send, scope: Scope, status: int, kind: str, detail: str) -> None:
    body: dict[str, Any] = {"type": f"urn:akira:problem:{kind}", "status": status, "detail": detail}
    body |= {"title": "Busy: try again in a moment" if status == 503 else "Too large", "instance": scope["path"]}
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    if status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
