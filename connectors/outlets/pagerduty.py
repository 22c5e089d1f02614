"""PagerDuty: alerts by Events API v2, and what people do to the incident by webhooks v3.

https://developer.pagerduty.com/docs/events-api-v2-overview and https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from connectors.errors import ConnectorError
from connectors.outlets import paging
from connectors.outlets.http import Http
from connectors.outlets.port import Posted, Said, Unsigned
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import cut, facts, headline, link
from connectors.store.outgoing import Outgoing
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Severity

SUMMARY_CHARS: Final = 1024
KEY_CHARS: Final = 255
SEVERITY: Final[dict[Severity, str]] = {"SEV1": "critical", "SEV2": "error", "SEV3": "warning"}
_SAID: Final[dict[str, Literal["acknowledged", "resolved", "reopened"]]] = {
    "incident.acknowledged": "acknowledged",
    "incident.resolved": "resolved",
    "incident.reopened": "reopened",
}
_TITLE: Final = re.compile(r"\[([^]]+)\] ")
"""What a note says of its incident is the title alone; ours begin with the ticket's id."""


class PagerDutySettings(OutletSettings):
    """A service of PagerDuty with an Events API v2 integration."""

    WANTS: ClassVar[frozenset[str]] = paging.WANTS
    PAGES: ClassVar[bool] = True

    kind: Literal["pagerduty"]
    url: str = Field(
        default="https://events.pagerduty.com", pattern=r"^https?://", description="https://events.eu.pagerduty.com: EU"
    )
    routing_key: Secret = Field(description="the integration key of the service, 32 characters")
    webhook_secret: Secret | None = Field(default=None, description="of the webhook subscription, for status back")
    severities: tuple[Severity, ...] = Field(default=("SEV1", "SEV2"), min_length=1)

    def open(self, console: str) -> PagerDuty:
        """Alerts by the Events API."""
        return PagerDuty(self, console)

    def hook(self) -> PagerDutyHook | None:
        """Webhooks v3, when their secret is known."""
        return PagerDutyHook(self.webhook_secret.value()) if self.webhook_secret else None


class PagerDuty:
    """One alert for each ticket: its `dedup_key` is ours, so the same event twice is one alert."""

    def __init__(self, settings: PagerDutySettings, console: str) -> None:
        self._key, self._console = settings.routing_key.value(), console
        cure = "is routing_key the key of an Events API v2 integration?"
        self._http = Http(settings.name, settings.url, settings.timeout_s, secrets=(self._key,), cure=cure)

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """Trigger, acknowledge or resolve."""
        key = dedup_key(ticket.id)
        for step in paging.steps(outgoing, ticket):
            self._send(step, key, self._alert(ticket) if step == "trigger" else None)
        return key

    def test(self, text: str) -> str:
        """An alert that is resolved at once."""
        key = f"akira-test-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        self._send("trigger", key, {"payload": {"summary": text, "source": "akira", "severity": "info"}})
        self._send("resolve", key)
        return f"an alert was triggered and resolved (dedup_key {key})"

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _send(self, action: str, key: str, more: Mapping[str, Any] | None = None) -> None:
        body = {"routing_key": self._key, "event_action": action, "dedup_key": key, "client": "Akira", **(more or {})}
        self._http.ask("POST", "/v2/enqueue", body=body)

    def _alert(self, ticket: Ticket) -> dict[str, Any]:
        opened = datetime.fromtimestamp(ticket.opened_at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        payload = {
            "summary": cut(f"[{ticket.id}] {headline(ticket)}", SUMMARY_CHARS),
            "source": next((values[0] for values in ticket.cause.values() if values), "akira"),
            "severity": SEVERITY[ticket.severity],
            "timestamp": opened,
            "component": ticket.lead or ticket.ticket_type,
            "group": ticket.queue,
            "class": ticket.ticket_type,
            "custom_details": facts(ticket),
        }
        where = link(ticket, self._console)
        return {"payload": payload, "client_url": where, "links": [{"href": where, "text": f"{ticket.id} in Akira"}]}


def dedup_key(ticket_id: str) -> str:
    """The ticket's id; the digest of one that is too long."""
    return ticket_id if len(ticket_id) <= KEY_CHARS else hashlib.sha256(ticket_id.encode()).hexdigest()


class PagerDutyHook:
    """Webhooks v3: `X-PagerDuty-Signature: v1=HEX,…` is the HMAC-SHA256 of the body under the subscription's secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def read(self, posted: Posted) -> tuple[Said, ...]:
        """What a person did; what our own events and PagerDuty's timers did is left out."""
        mark = f"v1={hmac.new(self._secret, posted.body, hashlib.sha256).hexdigest()}"
        given = [part.strip() for part in posted.headers.get("x-pagerduty-signature", "").split(",")]
        if not any(hmac.compare_digest(mark.encode(), part.encode()) for part in given):
            raise Unsigned("X-PagerDuty-Signature does not fit", "is webhook_secret that of this subscription?")
        try:
            event = json.loads(posted.body)["event"]
            agent, key, data = event.get("agent") or {}, str(event["id"]), event["data"]
            by, what = str(agent.get("summary", "")), _SAID.get(event["event_type"])
            if agent.get("type") != "user_reference":
                return ()
            if what is not None:
                return (Said(what, key, by, remote_id=str(data["incident_key"])),)
            if event["event_type"] == "incident.annotated" and (titled := _TITLE.match(data["incident"]["summary"])):
                return (Said("commented", key, by, str(data["content"]), remote_id=dedup_key(titled[1])),)
            return ()
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            hint = "a webhook subscription of version 3 with incident events"
            raise ConnectorError(f"this is no PagerDuty webhook: {wrong!r}", hint) from wrong
