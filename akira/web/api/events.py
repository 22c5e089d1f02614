"""The stream of ticket events, and the liveness probe."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.limits import RETRY_AFTER_S
from akira.web.live import Hub
from akira.web.problems import Problem

routes = APIRouter(tags=["events"])


@routes.get("/events/stream", name="events.stream", response_class=StreamingResponse)
async def stream(
    request: Request,
    me: Annotated[Principal, Depends(Guard("events.read"))],
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    after: Annotated[int | None, Query(ge=0)] = None,
) -> StreamingResponse:
    """Server-sent events of all tickets from now on, or after `Last-Event-ID` (or `after`): nothing is left out."""
    hub: Hub = request.app.state.hub
    if hub.full:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        raise Problem(503, "busy", "Too many pages listen already", headers=headers)
    position = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(hub.stream(position), media_type="text/event-stream", headers=headers)
