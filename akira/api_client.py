"""A client of the API for the command line: problems become messages with hints and exit codes."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from akira import settings as akira_settings
from akira.errors import EXIT_AWAY, EXIT_REFUSED, OperatorError

TOKEN_VARIABLE: Final = "AKIRA_TOKEN"


class ApiClient:
    """Calls one server with one token."""

    def __init__(self, server: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{server.rstrip('/')}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            transport=transport,
            trust_env=False,
        )

    @classmethod
    def of(cls, server: str | None, settings: Path | None) -> ApiClient:
        """The server given, else that of the settings; the token of AKIRA_TOKEN."""
        token = os.environ.get(TOKEN_VARIABLE, "")
        if not token:
            raise OperatorError("no token", f"set {TOKEN_VARIABLE}; `akira token new NAME --role noc` makes one")
        if server is None:
            web = akira_settings.load(settings).web
            server = f"http://{f'[{web.host}]' if ':' in web.host else web.host}:{web.port}"
        return cls(server, token)

    def get(self, path: str, **query: Any) -> Any:
        """A query's answer."""
        return self._send("GET", path, params={key: value for key, value in query.items() if value}).json()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A command's answer; every call has its own idempotency key."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self._send("POST", path, json=dict(body or {}), headers=headers).json()

    def lines(self, path: str, **query: Any) -> Iterator[str]:
        """An answer of many lines, as it comes."""
        params = {key: value for key, value in query.items() if value}
        try:
            with self._http.stream("GET", path, params=params) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refused(answer)
                yield from answer.iter_lines()
        except httpx.TransportError as away:
            raise self._away(away) from away

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.TransportError as away:
            raise self._away(away) from away
        if answer.is_error:
            raise _refused(answer)
        return answer

    def _away(self, away: httpx.TransportError) -> OperatorError:
        hint = "start `akira run` or `akira console`, or name it with --server"
        return OperatorError(
            f"{self._http.base_url.host}:{self._http.base_url.port} does not answer: {away}", hint, EXIT_AWAY
        )


def _refused(answer: httpx.Response) -> OperatorError:
    """The problem of an answer, what is missing one a line."""
    try:
        problem = answer.json()
    except ValueError:
        return OperatorError(f"the server answered {answer.status_code}", "is it Akira?", EXIT_AWAY)
    missing = "".join(f"\n  - {line}" for line in problem.get("missing", ()))
    exit_code = EXIT_AWAY if answer.status_code == 503 else EXIT_REFUSED
    return OperatorError(f"{problem.get('detail', answer.status_code)}{missing}", problem.get("hint", ""), exit_code)
