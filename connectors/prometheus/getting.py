"""One GET at an element or a Prometheus server: bounded, with the operator's credentials, and every fault a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.prometheus.exposition import PAGE_BYTES
from connectors.prometheus.profiles import Rule
from pipeline.ports import Disconnected

_TOLD: Final = 300


class ScrapeSettings(BaseModel):
    """A page to scrape, or the Prometheus that did (`query`); `metrics`: own rules, after those of the profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://", max_length=2000)
    query: str | None = Field(
        default=None,
        min_length=1,
        max_length=2000,
        description="`url` is a Prometheus server; it is asked for the series of this selector, those of one element",
    )
    switch: str = Field(min_length=1, max_length=255)
    profile: str
    interval_s: float = Field(default=15.0, gt=0, le=3600)
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    down_s: float = Field(default=30.0, ge=0, le=3600, description="unbroken time before a peer counts as down")
    up_s: float = Field(default=30.0, ge=0, le=3600, description="and before it counts as up again")
    bearer_token: SecretStr | None = None
    user: str | None = None
    password: SecretStr | None = None
    metrics: tuple[Rule, ...] = ()


class Getter:
    """Asks at the address of the settings; raises `Disconnected` with the reason when there is no good answer."""

    def __init__(self, settings: ScrapeSettings, accept: str, path: str = "") -> None:
        self._settings, self._accept = settings, accept
        self._url = settings.url + path if not path else settings.url.rstrip("/") + path
        self._client = httpx.Client(timeout=settings.timeout_s, trust_env=False, auth=_basic(settings))

    def get(self, params: Mapping[str, str] | None = None) -> str:
        """The body of the answer, of at most PAGE_BYTES bytes."""
        token = self._settings.bearer_token
        headers = {"Accept": self._accept}
        headers |= {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        try:
            with self._client.stream("GET", self._url, headers=headers, params=params) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > PAGE_BYTES:
                        raise self.away(f"sent more than {PAGE_BYTES} bytes")
                if answer.status_code != 200:
                    said = body[:_TOLD].decode("utf-8", "replace") if params else ""
                    raise self.away(f"answered {answer.status_code} {said}".rstrip())
        except httpx.HTTPError as wrong:
            raise self.away(f"{type(wrong).__name__}: {wrong}") from wrong
        return body.decode("utf-8", errors="replace")

    def away(self, why: str) -> Disconnected:
        """The silence of this source, with its reason."""
        return Disconnected(
            f"metrics of {self._settings.switch} at {self._settings.url}: {why}", self._settings.interval_s
        )

    def close(self) -> None:
        """Break off."""
        self._client.close()


def _basic(settings: ScrapeSettings) -> httpx.BasicAuth | None:
    if settings.user is None:
        return None
    return httpx.BasicAuth(settings.user, settings.password.get_secret_value() if settings.password else "")
