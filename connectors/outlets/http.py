"""Requests to tools over HTTP, and what becomes of each answer: again, a person, never, or done.

RFC 9110 section 15 for the statuses, section 10.2.3 for Retry-After.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from connectors.errors import ConnectorError
from connectors.outlets.port import Refused, Throttled
from pipeline.ports import Disconnected

ANSWER_BYTES: Final = 1_000_000
"""More of an answer is not read."""
WAIT_MOST_S: Final = 3600.0
SAID_CHARS: Final = 300
_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, its body at most `ANSWER_BYTES` long."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body read as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Http:
    """Speaks to one tool. Redirects are not followed: a secret must not wander to another host.

    `outlet` is its name in the settings, `base` the address that paths are added to, `secrets` texts that no error may
    show, `cure` what to do about 401 and 403.
    """

    def __init__(
        self,
        outlet: str,
        base: str,
        timeout_s: float,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        cure: str = "is its token right, and may it do this?",
    ) -> None:
        self._outlet, self._base, self._timeout_s, self._cure = outlet, base.rstrip("/"), timeout_s, cure
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._client = httpx.Client(timeout=timeout_s, headers=headers, follow_redirects=False)
        self.host = httpx.URL(base).host

    def ask(
        self,
        method: str,
        path: str = "",
        *,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        also: Collection[int] = (),
    ) -> Answer:
        """One request, with `body` as JSON or `content` as it is. 2xx and the statuses of `also` are given back.

        Raises Disconnected (no answer, 5xx), Throttled (with Retry-After), ConnectorError (401, 403, a redirect) and
        Refused (every other 4xx).
        """
        try:
            with self._client.stream(
                method, self._base + path, json=body, content=content, headers=headers, params=params
            ) as response:
                answer = Answer(response.status_code, response.headers, self._read(response))
        except httpx.HTTPError as wrong:
            told = self.plain(f"{type(wrong).__name__} {wrong}".strip())
            raise Disconnected(f"outlet {self._outlet}: {self.host} does not answer: {told}") from None
        if 200 <= answer.status < 300 or answer.status in also:
            return answer
        raise self._judged(answer)

    def failure(self, said: str) -> str:
        """The text of an error: outlet, host and what the tool said, without secrets and cut to a line or two."""
        return f"outlet {self._outlet}: {self.host} {self.plain(said)[:SAID_CHARS]}"

    def plain(self, text: str) -> str:
        """`text` with every secret starred out."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def _read(self, response: httpx.Response) -> bytes:
        ends, body = time.monotonic() + self._timeout_s, b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > ANSWER_BYTES:
                return body[:ANSWER_BYTES]
            if time.monotonic() > ends:
                raise httpx.ReadTimeout("the answer drips")
        return body

    def _judged(self, answer: Answer) -> Exception:
        status = answer.status
        told = self.failure(f"answered {status}: {answer.body[: 4 * SAID_CHARS].decode(errors='replace').strip()}")
        if status >= 500 or status in _AGAIN:
            wait_s = retry_after_s(answer.headers.get("retry-after", ""), time.time())
            return Disconnected(told) if wait_s is None else Throttled(told, wait_s)
        if status in (401, 403):
            return ConnectorError(f"{told} ({self._cure})", self._cure)
        if 300 <= status < 400:
            where = httpx.URL(answer.headers.get("location", "")).host or "itself"
            return ConnectorError(f"{told} (it leads to {where}; write the final address)", "write the final address")
        return Refused(told)


def retry_after_s(text: str, now_s: float) -> float | None:
    """Seconds of a Retry-After, given as such or as a date, between 1 and `WAIT_MOST_S`; None when there is none."""
    try:
        wait_s = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - now_s
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 1.0), WAIT_MOST_S)
