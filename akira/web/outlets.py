"""Outlets as API and admin page show them, and the test message that both can send."""

from __future__ import annotations

from fastapi import FastAPI

from akira.errors import OperatorError
from akira.outlet_care import Standing, standings, tried
from akira.web.problems import Problem
from connectors.store.ledger import AuditLine, Ledger
from connectors.store.outbox import Outbox


def outlets(app: FastAPI) -> list[Standing]:
    """Each of the settings, with what waits for it."""
    return standings(app.state.outlets, Outbox(app.state.office.store))


def try_outlet(app: FastAPI, name: str, by: str) -> str:
    """Send a test message, on record; what became of it. Problem 404 without such an outlet, 502 with its words."""
    state = app.state
    outlet = next((each for each in state.outlets if each.name == name), None)
    if outlet is None:
        raise Problem(404, "not_found", f"There is no outlet {name}", hint="it is an [[outlet]] of the settings")
    Ledger(state.office.store).note(AuditLine(state.clock(), by, "test message sent", name))
    try:
        return tried(outlet, state.address, state.clock())
    except OperatorError as wrong:
        raise Problem(502, "outlet", wrong.message, hint=wrong.hint) from wrong
