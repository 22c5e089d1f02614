"""A client of the API for the command line: problems become messages with hints and exit codes."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from akira import settings as akira_settings
from akira.errors import EXIT_AWAY, EXIT_REFUSED, EXIT_USAGE, OperatorError

TOKEN_VARIABLE: Final = "AKIRA_TOKEN"
_SERVER_HINT: Final = "write it as http://127.0.0.1:8080"


def segment(name: str) -> str:
    """A name as one part of a path, whatever is in it."""
    return quote(name, safe="")


class ApiClient:
    """Calls one server with one token."""

    def __init__(self, server: str, token: str) -> None:
        try:
            url = httpx.URL(f"{server.rstrip('/')}/api/v1")
        except httpx.InvalidURL as wrong:
            raise OperatorError(f"{server!r} is no address: {wrong}", _SERVER_HINT, EXIT_USAGE) from wrong
        if url.scheme not in ("http", "https") or not url.host:
            raise OperatorError(f"{server!r} is no address", _SERVER_HINT, EXIT_USAGE)
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False)

    @classmethod
    def of(cls, server: str | None, settings: Path | None) -> ApiClient:
        """The server given, else that of the settings; the token of AKIRA_TOKEN."""
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token or not token.isascii() or not token.isprintable():
            fault = f"{TOKEN_VARIABLE} is no token" if token else "no token"
            raise OperatorError(fault, f"set {TOKEN_VARIABLE}; `akira token new NAME --role noc` makes one")
        if server is None:
            web = akira_settings.load(settings).web
            server = f"http://{f'[{web.host}]' if ':' in web.host else web.host}:{web.port}"
        return cls(server, token)

    def get(self, path: str, **query: Any) -> Any:
        """A query's answer."""
        return self._send("GET", path, params={key: value for key, value in query.items() if value}).json()

    def text(self, path: str, **query: Any) -> str:
        """A query's answer that is text for people."""
        return self._send("GET", path, params=query).text

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A command's answer; every call has its own idempotency key."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self._send("POST", path, json=dict(body or {}), headers=headers).json()

    def lines(self, path: str, **query: Any) -> Iterator[str]:
        """The lines of an answer as they come; they end at a line feed and nowhere else, each with one of its own."""
        params = {key: value for key, value in query.items() if value}
        try:
            with self._http.stream("GET", path, params=params) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refused(answer)
                rest = b""
                for chunk in answer.iter_bytes():
                    *whole, rest = (rest + chunk).split(b"\n")
                    yield from (line.decode() for line in whole)
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
