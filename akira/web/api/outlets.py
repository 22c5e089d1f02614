"""Outlets over the API: how they stand, and a test message."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel

from akira.outlet_care import Standing
from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.outlets import outlets, try_outlet

routes = APIRouter(tags=["administration"])


class Tried(BaseModel):
    """What became of a test message."""

    told: str


@routes.get("/outlets", name="outlets.list")
def list_outlets(request: Request, me: Annotated[Principal, Depends(Guard("outbox.read"))]) -> list[Standing]:
    """Every outlet of the settings: what waits for it, what is given up, and the last error of these."""
    return outlets(request.app)


@routes.post("/outlets/{name}/test", name="outlets.test")
def test(
    request: Request,
    name: Annotated[str, Path(max_length=64)],
    me: Annotated[Principal, Depends(Guard("outbox.resend"))],
) -> Tried:
    """Send a message that says that it is a test; 502 with the tool's words when it does not take it."""
    return Tried(told=try_outlet(request.app, name, me.name))
