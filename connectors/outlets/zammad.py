"""Zammad by its REST API: tickets whose first article carries a mark, told by internal notes.

https://docs.zammad.org/en/latest/api/ticket/index.html. With Elasticsearch the search is some seconds behind, without
it looks for the text itself: a mark of letters and digits only is found by both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from connectors.errors import ConnectorError
from connectors.outlets.counterpart import Counterpart, Phase
from connectors.outlets.http import Http
from connectors.outlets.port import Refused
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import cut
from connectors.outlets.zammad_hook import ZammadHook

TITLE_CHARS: Final = 250
_NAMES: Final = {"expand": "true"}
"""Answers name states instead of numbering them."""


class ZammadSettings(OutletSettings):
    """A group of Zammad."""

    kind: Literal["zammad"]
    url: str = Field(pattern=r"^https?://", description="address of Zammad")
    token: Secret = Field(description="an access token with ticket.agent")
    group: str = Field(min_length=1, max_length=160, description="name of the group")
    customer: str = Field(pattern=r"^\S+@\S+$", max_length=255, description="mail address that tickets are for")
    active: str = Field(default="open", description="state of work that goes on")
    over: str = Field(default="closed", description="state of work that is done")
    over_too: tuple[str, ...] = Field(default=("merged", "removed"), description="other states of the end")
    new: tuple[str, ...] = Field(default=("new",), description="states that nobody has looked at")
    settle_s: float = Field(default=60.0, ge=0, le=600, description="how long its search may miss a new ticket")
    webhook_secret: Secret | None = Field(default=None, description="HMAC-SHA1 token of the webhook, for status back")

    def open(self, console: str) -> Zammad:
        """Tickets in the group."""
        return Zammad(self, console)

    def hook(self) -> ZammadHook | None:
        """Webhooks, when their secret is known."""
        return ZammadHook(self.webhook_secret.value(), self.http(), self.phase) if self.webhook_secret else None

    def http(self) -> Http:
        """The API with the token."""
        token = self.token.value()
        cure = f"is the token valid, has it ticket.agent, and has its user the group {self.group}?"
        headers = {"Authorization": f"Token token={token}"}
        base = self.url.rstrip("/") + "/api/v1"
        return Http(self.name, base, self.timeout_s, headers=headers, secrets=(token,), cure=cure)

    def phase(self, state: str) -> Phase:
        """What a state comes to."""
        if state == self.over or state in self.over_too:
            return "over"
        return "new" if state in self.new else "active"


class Zammad(Counterpart):
    """Notes are internal and have the key of their message as subject: customers see nothing of them."""

    def __init__(self, settings: ZammadSettings, console: str) -> None:
        super().__init__(settings.name, console, settings.settle_s)
        self._settings, self._http = settings, settings.http()

    def mark(self, ticket_id: str) -> str:
        """Letters and digits, made of the id."""
        return f"akira{hashlib.sha256(ticket_id.encode()).hexdigest()[:24]}"

    def find(self, mark: str) -> str | None:
        """The oldest ticket in which the mark is found."""
        answer = self._http.ask("GET", "/tickets/search", params={"query": mark, "limit": "10", **_NAMES})
        match answer.json():
            case list() as found:
                return str(min(int(ticket["id"]) for ticket in found)) if found else None
        raise self._unlike("the search")

    def create(self, mark: str, title: str, text: str) -> str:
        """A new ticket with an internal note."""
        body = {
            "title": cut(title, TITLE_CHARS),
            "group": self._settings.group,
            "customer_id": f"guess:{self._settings.customer}",
            "article": _note(cut(title, TITLE_CHARS), f"{text}\n\nReference: {mark}"),
        }
        return str(self._ticket(self._http.ask("POST", "/tickets", body=body).json())["id"])

    def told(self, remote: str, key: str) -> bool:
        """Among its articles."""
        match self._http.ask("GET", f"/ticket_articles/by_ticket/{remote}").json():
            case list() as articles:
                return any(article.get("subject") == key for article in articles)
        raise self._unlike("the articles of a ticket")

    def tell(self, remote: str, key: str, text: str) -> None:
        """An internal note."""
        self._http.ask("POST", "/ticket_articles", body={"ticket_id": int(remote), **_note(key, text)})

    def rename(self, remote: str, mark: str, title: str) -> None:
        """A new title."""
        self._http.ask("PUT", f"/tickets/{remote}", body={"title": cut(title, TITLE_CHARS)})

    def phase(self, remote: str) -> Phase:
        """By the lists of states in the settings."""
        ticket = self._ticket(self._http.ask("GET", f"/tickets/{remote}", params=_NAMES).json())
        return self._settings.phase(str(ticket.get("state")))

    def move(self, remote: str, phase: Phase) -> None:
        """Set the state, and look whether it was taken."""
        state = self._settings.over if phase == "over" else self._settings.active
        answer = self._http.ask("PUT", f"/tickets/{remote}", body={"state": state}, params=_NAMES)
        if (now := self._ticket(answer.json()).get("state")) != state:
            raise Refused(
                self._http.failure(f"left ticket {remote} {now} instead of {state}"), "does a trigger set it back?"
            )

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _ticket(self, body: Any) -> Mapping[str, Any]:
        """A ticket in an answer; an error may come with any status."""
        match body:
            case {"error": str() as error}:
                raise Refused(self._http.failure(f"says: {error}"))
            case {"id": int()}:
                return dict(body)
        raise self._unlike("a ticket")

    def _unlike(self, what: str) -> ConnectorError:
        return ConnectorError(
            self._http.failure(f"answers {what} unlike Zammad"), "is url the address of Zammad itself?"
        )


def _note(subject: str, text: str) -> dict[str, Any]:
    return {"subject": subject, "body": text, "content_type": "text/plain", "type": "note", "internal": True}
