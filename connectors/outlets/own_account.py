"""Our own account in a tool: what it did there must not come back as if a person had done it."""

from __future__ import annotations

from typing import Final

from connectors.errors import ConnectorError
from connectors.outlets.http import Http
from pipeline.ports import Disconnected

WAIT_S: Final = 60.0


class OwnAccount:
    """The account of the token, asked for once at `path`; `field` of the answer is its id."""

    def __init__(self, http: Http, path: str, field: str) -> None:
        self._http, self._path, self._field, self._id = http, path, field, ""

    @property
    def id(self) -> str:
        """Disconnected while it cannot be had, whatever the reason: the tool shall post again."""
        if not self._id:
            try:
                answer = self._http.ask("GET", self._path).json()
            except ConnectorError as wrong:
                raise Disconnected(wrong.message, WAIT_S) from wrong
            if not isinstance(answer, dict) or not answer.get(self._field):
                raise Disconnected(self._http.failure(f"does not say at {self._path} who we are"), WAIT_S)
            self._id = str(answer[self._field])
        return self._id
