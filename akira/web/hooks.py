"""The doors for tools that send status back: `POST /hooks/NAME` for each outlet that has a secret to check it by."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from connectors.errors import ConnectorError
from connectors.outlets.back import Back
from connectors.outlets.port import Hook, Posted, Unsigned
from connectors.outlets.settings import OutletSettings
from connectors.store.door import Desk
from connectors.store.outbox import Outbox
from pipeline.ports import Disconnected


def open_hooks(app: FastAPI, outlets: Sequence[OutletSettings], desk: Desk, outbox: Outbox) -> None:
    """Open a door on `app` for each of `outlets`. No cookie or token is looked at: each tool signs in its own way."""
    routes = APIRouter(include_in_schema=False)
    for settings in outlets:
        hook = settings.hook()
        if hook is not None:
            answer = _answer(hook, Back(settings, desk, outbox), app.state.clock)
            routes.add_api_route(f"/hooks/{settings.name}", answer, methods=["POST"], name=f"hook.{settings.name}")
    app.include_router(routes)


def _answer(hook: Hook, back: Back, clock: Callable[[], int]) -> Callable[[Request], object]:
    def take(posted: Posted) -> None:
        for said in hook.read(posted):
            back.take(said, posted.at_ms)

    async def answer(request: Request) -> Response:
        """204 when it is done or of no concern, 401 when the signature does not fit, 400 when it cannot be read,
        503 when it is to be posted again."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            await run_in_threadpool(take, Posted(headers, await request.body(), clock()))
        except Unsigned as wrong:
            raise HTTPException(401, wrong.message) from wrong
        except ConnectorError as wrong:
            raise HTTPException(400, wrong.message) from wrong
        except Disconnected as away:
            raise HTTPException(503, away.hint, {"Retry-After": f"{away.wait_s:.0f}"}) from away
        return Response(status_code=204)

    return answer
