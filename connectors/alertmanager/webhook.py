"""The door for Alertmanager's webhook, version 4.

Alertmanager sends again only after a 5xx: overload is therefore 503, never 429. It sends the same again after any
failure, so a delivery is taken idempotently. When it cut the list short, the rest is fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from connectors.alertmanager.alert import Alert, Hook
from connectors.alertmanager.inbox import Inbox
from connectors.clock import now_ms
from pipeline.ports import Disconnected

PATH: Final = "/hooks/alertmanager"
BODY_BYTES: Final = 8_000_000
AT_ONCE: Final = 8
RETRY_AFTER: Final = {"Retry-After": "5"}


def router(
    inbox: Inbox,
    *,
    authorised: Callable[[str], bool],
    listed: Callable[[], list[Alert]] | None = None,
    shed: Callable[[], None] = lambda: None,
    now_ms: Callable[[], int] = now_ms,
    body_bytes: int = BODY_BYTES,
    at_once: int = AT_ONCE,
) -> APIRouter:
    """`POST /hooks/alertmanager`. `authorised` judges the bearer token; `listed` fetches everything when a delivery
    was cut short; `shed` is told when one is turned away. Answers 204, 400 with the field that is wrong, 401, 413, 503.
    """
    door = _Door(inbox, authorised, listed, shed, now_ms, body_bytes, at_once)
    routes = APIRouter()
    routes.add_api_route(PATH, door.post, methods=["POST"], status_code=204, response_class=Response, tags=["hooks"])
    return routes


class _Door:
    def __init__(
        self,
        inbox: Inbox,
        authorised: Callable[[str], bool],
        listed: Callable[[], list[Alert]] | None,
        shed: Callable[[], None],
        now_ms: Callable[[], int],
        body_bytes: int,
        at_once: int,
    ) -> None:
        self._inbox, self._authorised, self._listed, self._shed = inbox, authorised, listed, shed
        self._now_ms, self._body_bytes, self._at_once = now_ms, body_bytes, at_once
        self._in_work = 0

    async def post(self, request: Request) -> Response:
        """Take one delivery of Alertmanager's webhook (version 4)."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not self._authorised(token.strip()):
            return _problem(401, "a bearer token is needed: http_config.authorization in the receiver")
        if self._in_work >= self._at_once:
            return self._busy(f"{self._in_work} deliveries are in work already")
        self._in_work += 1
        try:
            body = await self._body(request)
            return _problem(413, f"more than {self._body_bytes} bytes: set max_alerts") if body is None else (
                await run_in_threadpool(self._take, body)
            )  # fmt: skip
        finally:
            self._in_work -= 1

    async def _body(self, request: Request) -> bytes | None:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > self._body_bytes:
                return None
        return body

    def _take(self, body: bytes) -> Response:
        at_ms = self._now_ms()
        try:
            hook = Hook.model_validate_json(body)
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False)[0]
            return _problem(400, f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}")
        self._inbox.take(hook.all(at_ms), at_ms)
        if hook.truncated_alerts and self._listed is not None:
            try:
                self._inbox.take(self._listed(), at_ms)
            except Disconnected as away:
                return self._busy(f"{hook.truncated_alerts} alerts were cut off and cannot be fetched: {away.hint}")
        return Response(status_code=204)

    def _busy(self, why: str) -> Response:
        self._shed()
        return _problem(503, why, RETRY_AFTER)


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(
        {"type": "about:blank", "status": status, "detail": detail}, status, headers, "application/problem+json"
    )
