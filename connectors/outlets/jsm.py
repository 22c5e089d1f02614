"""Operations of Jira Service Management (the successor of Opsgenie): alerts by its integration events API.

https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/api-group-integration-events/
"""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote

from pydantic import Field

from connectors.outlets import paging
from connectors.outlets.http import Http
from connectors.outlets.port import Refused
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import cut, description, facts, happened, headline
from connectors.store.outgoing import Outgoing
from pipeline.desk.ticket import Ticket
from pipeline.incidents import Severity

MESSAGE_CHARS: Final = 130
ALIAS_CHARS: Final = 255
DESCRIPTION_CHARS: Final = 15_000
DETAIL_CHARS: Final = 500
PRIORITY: Final[dict[Severity, str]] = {"SEV1": "P1", "SEV2": "P2", "SEV3": "P3"}
SOURCE: Final = "Akira"


class JsmSettings(OutletSettings):
    """An API integration of a team in JSM operations."""

    WANTS: ClassVar[frozenset[str]] = paging.WANTS
    PAGES: ClassVar[bool] = True

    kind: Literal["jsm"]
    url: str = Field(
        default="https://api.atlassian.com/jsm/ops/integration", pattern=r"^https?://", description="up to /v2/alerts"
    )
    key: Secret = Field(description="the integration's API key")
    severities: tuple[Severity, ...] = Field(default=("SEV1", "SEV2"), min_length=1)

    def open(self, console: str) -> Jsm:
        """Alerts of the integration."""
        return Jsm(self, console)


class Jsm:
    """One open alert for each ticket: its alias is ours. The API takes requests and works on them later."""

    def __init__(self, settings: JsmSettings, console: str) -> None:
        key, self._console = settings.key.value(), console
        cure = "is key the API key of an integration that is turned on and may create alerts?"
        headers = {"Authorization": f"GenieKey {key}"}
        self._http = Http(settings.name, settings.url, settings.timeout_s, headers=headers, secrets=(key,), cure=cure)

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """Create, acknowledge or close; a new severity is a new priority of the same alert."""
        alias, told = alias_of(ticket.id), happened(outgoing.event)
        for step in paging.steps(outgoing, ticket):
            if step == "trigger":
                self._create(alias, ticket)
            else:
                self._do(alias, "acknowledge" if step == "acknowledge" else "close", told)
        if outgoing.event.kind in paging.REGRADES and outgoing.remote_id is not None and ticket.active:
            self._change(alias, "priority", PRIORITY[ticket.severity])
            self._change(alias, "message", cut(headline(ticket), MESSAGE_CHARS))
        return alias

    def test(self, text: str) -> str:
        """An alert of the lowest priority that is closed at once."""
        alias = f"akira-test-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        body = {"message": cut(text, MESSAGE_CHARS), "alias": alias, "source": SOURCE, "priority": "P5"}
        self._http.ask("POST", "/v2/alerts", body=body)
        self._do(alias, "close", text)
        return f"an alert was created and closed (alias {alias})"

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _create(self, alias: str, ticket: Ticket) -> None:
        body = {
            "message": cut(headline(ticket), MESSAGE_CHARS),
            "alias": alias,
            "description": cut(description(ticket, self._console), DESCRIPTION_CHARS),
            "details": {label: cut(text, DETAIL_CHARS) for label, text in facts(ticket).items()},
            "entity": next((values[0] for values in ticket.cause.values() if values), ticket.queue),
            "source": SOURCE,
            "tags": [ticket.ticket_type, ticket.severity],
            "priority": PRIORITY[ticket.severity],
        }
        self._look(self._http.ask("POST", "/v2/alerts", body=body).json())

    def _look(self, taken: Any) -> None:
        """What is known already of a request that was taken: a failure is told, the rest (404: not yet) is awaited."""
        request = taken.get("requestId") if isinstance(taken, dict) else None
        if isinstance(request, str):
            known = self._http.ask("GET", f"/v2/alerts/requests/{quote(request, safe='')}", also=(404,)).json()
            match known:
                case {"data": {"success": False, "status": status}}:
                    raise Refused(self._http.failure(f"took the alert and then failed: {status}"))

    def _do(self, alias: str, action: str, note: str) -> None:
        """404 means that no alert of the alias is open: that is so already."""
        path, body = f"/v2/alerts/{quote(alias, safe='')}/{action}", {"source": SOURCE, "note": note}
        self._http.ask("POST", path, params={"identifierType": "alias"}, body=body, also=(404,))

    def _change(self, alias: str, what: str, value: str) -> None:
        path = f"/v2/alerts/{quote(alias, safe='')}/{what}"
        self._http.ask("PUT", path, params={"identifierType": "alias"}, body={what: value})


def alias_of(ticket_id: str) -> str:
    """The ticket's id; the digest of one that is too long."""
    return ticket_id if len(ticket_id) <= ALIAS_CHARS else hashlib.sha256(ticket_id.encode()).hexdigest()
