"""The door for switches that post their call records to a running Akira."""

from __future__ import annotations

import time
from collections.abc import Mapping

from fastapi import FastAPI

from connectors.http_intake import cdr_router
from connectors.spool import Spool


def open_door(app: FastAPI, spools: Mapping[str, Spool]) -> None:
    """Take posts at /intake/cdr/NAME for each of `spools`; tokens that may open tickets may write.

    No cookie is looked at, so no other site can make a browser post here.
    """
    if not spools:
        return

    def may_write(text: str) -> bool:
        principal = app.state.tokens.check(text, time.time_ns() // 1_000_000)
        return principal is not None and bool(principal.may("tickets.open"))

    app.include_router(cdr_router(spools, may_write))
