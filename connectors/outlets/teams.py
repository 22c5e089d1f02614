"""Microsoft Teams: a card in a channel for what matters, by a workflow that starts when a webhook request is received.

https://learn.microsoft.com/en-us/connectors/teams/#when-a-teams-webhook-request-is-received; Adaptive Cards 1.4. A
workflow has no key for duplicates and cannot be asked what it posted: after an answer that was lost, a card may come
twice; its last line tells which event it is.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import httpx
from pydantic import Field

from connectors.errors import ConnectorError
from connectors.outlets.http import Http
from connectors.outlets.port import Throttled
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import cut, facts, happened, headline, link
from connectors.store.outgoing import Outgoing
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Severity
from pipeline.ports import Disconnected

FACT_CHARS: Final = 1000
"""A message of more than 28 kB is refused; a ticket has at most ten facts."""
WAIT_S: Final = 30.0
COLOURS: Final[dict[Severity, str]] = {"SEV1": "attention", "SEV2": "warning", "SEV3": "accent"}


class TeamsSettings(OutletSettings):
    """A workflow of Teams that posts to a channel."""

    WANTS: ClassVar[frozenset[str]] = frozenset(
        {"opened", "severity_changed", "severity_forced", "severity_released", "acknowledged", "mitigated"}
        | {"escalated", "resolved", "reopened", "closed", "merged", "unmerged"}
    )

    kind: Literal["teams"]
    url: Secret = Field(description="the workflow's address; it carries its own signature, so it is a secret")

    def open(self, console: str) -> Teams:
        """Cards in the channel."""
        return Teams(self, console)


class Teams:
    """Every event is a card of its own: a workflow cannot change what it has posted."""

    def __init__(self, settings: TeamsSettings, console: str) -> None:
        url, self._console = settings.url.value(), console
        if not url.startswith(("https://", "http://")):
            raise ConnectorError(f"outlet {settings.name}: url is no address", "copy it from the workflow: https://…")
        cure, signature = "is the workflow turned on, and url still its own?", httpx.URL(url).params.get("sig", "")
        self._http = Http(settings.name, url, settings.timeout_s, secrets=(url, signature), cure=cure)

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """Post a card."""
        rows = [{"title": label, "value": cut(text, FACT_CHARS)} for label, text in facts(ticket).items()]
        body = [
            _text(headline(ticket), size="large", weight="bolder", color=COLOURS[ticket.severity]),
            _text(cut(happened(outgoing.event), FACT_CHARS)),
            {"type": "FactSet", "facts": rows},
            _text(outgoing.key, size="small", isSubtle=True),
        ]
        action = {"type": "Action.OpenUrl", "title": "Open in Akira", "url": link(ticket, self._console)}
        self._post({"body": body, "actions": [action]})
        return ticket.id[:255]

    def test(self, text: str) -> str:
        """A card with `text` alone."""
        self._post({"body": [_text(text)]})
        return "the workflow took a card; look at the channel: what it does with it, it does not say"

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _post(self, content: dict[str, Any]) -> None:
        schema = "http://adaptivecards.io/schemas/adaptive-card.json"
        card = {"$schema": schema, "type": "AdaptiveCard", "version": "1.4", "msteams": {"width": "Full"}, **content}
        kind = "application/vnd.microsoft.card.adaptive"
        message = {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}
        said = self._http.ask("POST", body=message).body.decode(errors="replace")
        if "failed with error" in said:  # inside a 200, of what the channel behind it answered
            told = self._http.failure(f"took the card and then failed: {said}")
            raise Throttled(told, WAIT_S) if "429" in said else Disconnected(told)


def _text(text: str, **look: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **look}
