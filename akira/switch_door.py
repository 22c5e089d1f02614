"""The door for switches that post their call records to a running Akira."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI

from connectors.clock import now_ms
from connectors.http_intake import cdr_router
from connectors.spool import Spool


def open_door(app: FastAPI, spools: Mapping[str, Spool]) -> None:
    """Take posts at /intake/cdr/NAME for each of `spools`; tokens that may open tickets may write.

    No cookie is looked at, so no other site can make a browser post here.
    """
    if not spools:
        return

    def may_write(text: str) -> bool:
        principal = app.state.tokens.check(text, now_ms())
        return principal is not None and bool(principal.may("tickets.open"))

    app.include_router(cdr_router(spools, may_write))
