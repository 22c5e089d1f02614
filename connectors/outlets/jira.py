"""Jira Cloud by REST API 3: issues that carry a label of ours, moved by the transitions that their workflow offers.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/. Texts are Atlassian Document Format; the search is behind
what was written by seconds to minutes (https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, Final, Literal

from pydantic import Field

from connectors.errors import ConnectorError
from connectors.outlets.counterpart import Counterpart, Phase
from connectors.outlets.http import Http
from connectors.outlets.jira_hook import JiraHook
from connectors.outlets.port import Refused
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import cut

SUMMARY_CHARS: Final = 255
TEXT_CHARS: Final = 30_000
_PHASES: Final[dict[str, Phase]] = {"new": "new", "undefined": "new", "indeterminate": "active", "done": "over"}
"""Keys of Jira's status categories."""


class JiraSettings(OutletSettings):
    """A project of Jira Cloud."""

    kind: Literal["jira"]
    url: str = Field(pattern=r"^https?://", description="https://YOURS.atlassian.net")
    user: str = Field(min_length=3, max_length=255, description="mail address of the account of the token")
    token: Secret = Field(description="an API token of that account")
    project: str = Field(pattern=r"^[A-Z][A-Z0-9_]{1,99}$", description="key of the project")
    issue_type: str = Field(default="Task", min_length=1, max_length=100)
    over: str = Field(default="", max_length=100, description="status to end in, when several are of the category done")
    active: str = Field(default="", max_length=100, description="status of work, when several are in progress")
    fields: dict[str, Any] = Field(
        default={},
        max_length=50,
        description="more fields of a new issue as REST API 3 writes them, for those required",
    )
    resolution: str = Field(default="", max_length=100, description="resolution to end with, when the screen asks one")
    settle_s: float = Field(default=120.0, ge=0, le=600, description="how long its search may miss a new issue")
    webhook_secret: Secret | None = Field(default=None, description="of the webhook, for status back")

    def open(self, console: str) -> Jira:
        """Issues in the project."""
        return Jira(self, console)

    def hook(self) -> JiraHook | None:
        """Webhooks, when their secret is known."""
        return JiraHook(self.webhook_secret.value(), self.http()) if self.webhook_secret else None

    def http(self) -> Http:
        """REST API 3 as the account."""
        token = self.token.value()
        basic = base64.b64encode(f"{self.user}:{token}".encode()).decode()
        return Http(
            self.name,
            self.url.rstrip("/") + "/rest/api/3",
            self.timeout_s,
            headers={"Authorization": f"Basic {basic}", "Accept": "application/json"},
            secrets=(token, basic),
            cure=f"is the token of {self.user} valid, and may it create, edit and move issues in {self.project}?",
        )


class Jira(Counterpart):
    """An issue has a label made of the ticket's id; comments end with the key of their message."""

    def __init__(self, settings: JiraSettings, console: str) -> None:
        super().__init__(settings.name, console, settings.settle_s)
        self._settings, self._http = settings, settings.http()

    def mark(self, ticket_id: str) -> str:
        """A label: no spaces, at most 255 characters."""
        plain = re.fullmatch(r"[\w.:-]{1,200}", ticket_id, re.ASCII)
        return f"akira-{ticket_id if plain else hashlib.sha256(ticket_id.encode()).hexdigest()}"

    def find(self, mark: str) -> str | None:
        """The oldest issue of the project with the label."""
        jql = f'project = "{self._settings.project}" AND labels = "{mark}" ORDER BY created ASC'
        body = {"jql": jql, "fields": ["status"], "maxResults": 1}
        match self._http.ask("POST", "/search/jql", body=body).json():
            case {"issues": list() as found}:
                return str(found[0]["key"]) if found else None
        raise self._unlike("the search")

    def create(self, mark: str, title: str, text: str) -> str:
        """A new issue."""
        fields = {
            "project": {"key": self._settings.project},
            "issuetype": {"name": self._settings.issue_type},
            "summary": cut(" ".join(title.split()), SUMMARY_CHARS),
            "description": document(text),
            "labels": [*self._settings.fields.get("labels", ()), mark],
        }
        match self._http.ask("POST", "/issue", body={"fields": {**self._settings.fields, **fields}}).json():
            case {"key": str() as remote}:
                return remote
        raise self._unlike("a new issue")

    def told(self, remote: str, key: str) -> bool:
        """Among the last comments."""
        params = {"orderBy": "-created", "maxResults": "100"}
        match self._http.ask("GET", f"/issue/{remote}/comment", params=params).json():
            case {"comments": list() as comments}:
                return any(json.dumps(signature(key))[1:-1] in json.dumps(each.get("body")) for each in comments)
        raise self._unlike("the comments of an issue")

    def tell(self, remote: str, key: str, text: str) -> None:
        """A comment that ends with the key."""
        said = document(f"{cut(text, TEXT_CHARS)}\n{signature(key)}")
        self._http.ask("POST", f"/issue/{remote}/comment", body={"body": said})

    def rename(self, remote: str, mark: str, title: str) -> None:
        """A new summary."""
        summary = cut(" ".join(title.split()), SUMMARY_CHARS)
        self._http.ask("PUT", f"/issue/{remote}", body={"fields": {"summary": summary}})

    def phase(self, remote: str) -> Phase:
        """By the category of its status."""
        match self._http.ask("GET", f"/issue/{remote}", params={"fields": "status"}).json():
            case {"fields": {"status": {"statusCategory": {"key": str() as category}}}}:
                return _PHASES.get(category, "active")
        raise self._unlike("the status of an issue")

    def move(self, remote: str, phase: Phase) -> None:
        """By a transition that leads into the phase, to the status named in the settings if there is a choice."""
        offered = self._http.ask("GET", f"/issue/{remote}/transitions").json()
        wanted = self._settings.over if phase == "over" else self._settings.active
        leading = [
            each
            for each in (offered or {}).get("transitions", ())
            if _PHASES.get(each["to"]["statusCategory"]["key"]) == phase and wanted in ("", each["to"]["name"])
        ]
        if not leading:
            names = ", ".join(each["to"]["name"] for each in (offered or {}).get("transitions", ())) or "nothing"
            raise Refused(
                self._http.failure(f"offers {remote} no way to {wanted or phase}, only to {names}"),
                "may the account move it, and do `over` and `active` name statuses of the workflow?",
            )
        body: dict[str, Any] = {"transition": {"id": str(leading[0]["id"])}}
        if phase == "over" and self._settings.resolution:
            body["fields"] = {"resolution": {"name": self._settings.resolution}}
        self._http.ask("POST", f"/issue/{remote}/transitions", body=body)

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _unlike(self, what: str) -> ConnectorError:
        hint = "is url the address of a Jira Cloud site?"
        return ConnectorError(self._http.failure(f"answers {what} unlike Jira Cloud"), hint)


def signature(key: str) -> str:
    """The last line of our comments."""
    return f"[{key}]"


def document(text: str) -> dict[str, Any]:
    """Plain text as an Atlassian document, a paragraph for each line; a line that is an address can be followed."""
    paragraphs = [{"type": "paragraph", "content": _words(line)} for line in cut(text, TEXT_CHARS + 500).split("\n")]
    return {"type": "doc", "version": 1, "content": paragraphs}


def _words(line: str) -> list[dict[str, Any]]:
    if not line:
        return []
    address = re.fullmatch(r"https?://\S+", line)
    marks = {"marks": [{"type": "link", "attrs": {"href": line}}]} if address else {}
    return [{"type": "text", "text": line, **marks}]
