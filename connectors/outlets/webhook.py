"""Signed webhooks: every event of a ticket as JSON, by Standard Webhooks (https://www.standardwebhooks.com).

`webhook-signature` holds `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` for each secret, a space between them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from connectors.clock import now_ms
from connectors.errors import ConnectorError
from connectors.outlets.http import Http
from connectors.outlets.settings import OutletSettings, Secret
from connectors.store.outgoing import Outgoing
from pipeline.desk.contract import happening
from pipeline.desk.events import KINDS
from pipeline.desk.ticket import Ticket

PREFIX: Final = "whsec_"


class WebhookSettings(OutletSettings):
    """A program of yours that takes signed posts."""

    WANTS: ClassVar[frozenset[str]] = frozenset(KINDS)

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://", description="where to post")
    secrets: tuple[Secret, ...] = Field(
        min_length=1, max_length=3, description="`whsec_` and base64 of 24 to 64 bytes; several while one is replaced"
    )

    def open(self, console: str) -> Webhook:
        """Posts, each signed by every secret."""
        return Webhook(self)


class Webhook:
    """Posts `{type, timestamp, data}`; `webhook-id` stays the same when a message comes again."""

    def __init__(self, settings: WebhookSettings) -> None:
        written = [secret.value() for secret in settings.secrets]
        self._keys = [key_of(text, settings.name) for text in written]
        secrets = [*written, *(text.removeprefix(PREFIX) for text in written)]
        cure = "does the receiver know this secret?"
        self._http = Http(settings.name, settings.url, settings.timeout_s, secrets=secrets, cure=cure)

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """Post one event."""
        event = outgoing.event
        self._post(outgoing.key, f"ticket.{event.kind}", event.at_ms, happening(event, ticket))
        return ticket.id[:255]

    def test(self, text: str) -> str:
        """Post a message of the type `test`."""
        at_ms = now_ms()
        self._post(f"test:{at_ms}", "test", at_ms, {"text": text})
        return "a message of the type `test` was taken"

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _post(self, key: str, kind: str, at_ms: int, data: Mapping[str, Any]) -> None:
        at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        body = json.dumps({"type": kind, "timestamp": at, "data": data}, ensure_ascii=False).encode()
        identity = f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        headers = {"content-type": "application/json", **signed(self._keys, identity, int(time.time()), body)}
        self._http.ask("POST", content=body, headers=headers)


def key_of(secret: str, outlet: str) -> bytes:
    """The bytes of a `whsec_` secret. ConnectorError when it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise ConnectorError(f"outlet {outlet}: a secret is not base64 of 24 to 64 bytes", f"write {PREFIX}…")
    return key


def signed(keys: Sequence[bytes], identity: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a message."""
    text = f"{identity}.{at_s}.".encode() + body
    marks = [base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode() for key in keys]
    signature = " ".join(f"v1,{mark}" for mark in marks)
    return {"webhook-id": identity, "webhook-timestamp": str(at_s), "webhook-signature": signature}
