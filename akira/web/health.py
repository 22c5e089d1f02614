"""`/healthz`: whether the process serves, for whoever starts it anew; of the live run and of the console alone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def healthz() -> Route:
    """The route; it asks for no token and reads nothing."""
    return Route("/healthz", _ok)


def _ok(request: Request) -> Response:
    return JSONResponse({"status": "ok"})
