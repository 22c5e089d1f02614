"""Alertmanager's API v2: what it has now, and alerts of our own posted to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from pydantic import TypeAdapter, ValidationError

from connectors.alertmanager.alert import Alert, Group
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.errors import ConnectorError
from pipeline.ports import Disconnected

LIST_BYTES: Final = 64_000_000
_GROUPS: Final = TypeAdapter(list[Group])


class AlertmanagerClient:
    """Talks to one Alertmanager. `Disconnected` when it is away, `ConnectorError` when it says what it should not."""

    def __init__(self, settings: AlertmanagerSettings, client: httpx.Client | None = None) -> None:
        if settings.url is None:
            raise ConnectorError("[alertmanager] url is missing", "such as http://127.0.0.1:9093")
        self._settings = settings
        self._base = settings.url.rstrip("/")
        secret = settings.password.get_secret_value() if settings.password else ""
        auth = httpx.BasicAuth(settings.user, secret) if settings.user is not None else None
        self._client = client or httpx.Client(timeout=settings.timeout_s, trust_env=False, auth=auth)

    def alerts(self) -> list[Alert]:
        """Every alert that it routes to our receiver, silenced and inhibited ones included, and every heartbeat."""
        body = self._call("GET", "/api/v2/alerts/groups?active=true&silenced=true&inhibited=true")
        try:
            groups = _GROUPS.validate_json(body)
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConnectorError(
                f"{self._base}/api/v2/alerts/groups: {place}: {first['msg']}", "is it an Alertmanager with API v2?"
            ) from wrong
        ours = {alert.fingerprint: alert for group in groups for alert in group.all() if self._is_ours(group, alert)}
        return list(ours.values())

    def _is_ours(self, group: Group, alert: Alert) -> bool:
        return group.receiver.name == self._settings.receiver or alert.name in self._settings.heartbeats

    def post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Post alerts (`labels`, `annotations`, `startsAt`, `endsAt`, …); the same again changes nothing."""
        if alerts:
            self._call("POST", "/api/v2/alerts", json.dumps(list(alerts)).encode())

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        said = b""
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            with self._client.stream(method, self._base + path, content=body, headers=headers) as answer:
                for piece in answer.iter_bytes():
                    said += piece
                    if len(said) > LIST_BYTES:
                        raise ConnectorError(f"{self._base}: more than {LIST_BYTES} bytes of alerts", "group them")
        except httpx.HTTPError as wrong:
            raise Disconnected(f"Alertmanager at {self._base}: {type(wrong).__name__}: {wrong}", 5.0) from wrong
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Disconnected(f"Alertmanager at {self._base} answered {answer.status_code}", 5.0)
        if answer.status_code >= 400:
            text = said[:300].decode(errors="replace")
            raise ConnectorError(f"Alertmanager at {self._base}{path} answered {answer.status_code}: {text}")
        return said
