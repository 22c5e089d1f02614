"""Request Tracker 5 by REST 2.0: tickets that carry a link to ours.

https://docs.bestpractical.com/rt/5.0.3/RT/REST2.html. Seen on 5.0.3: a custom field that it does not know, in a search
or in a ticket, is answered with success and nothing done; so is a status that it refuses; subjects are cut in silence.
"""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import quote

from pydantic import Field

from connectors.errors import ConnectorError
from connectors.outlets.counterpart import Counterpart, Phase
from connectors.outlets.http import Http
from connectors.outlets.port import Refused
from connectors.outlets.rt_poll import RtPoll, items
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import cut

SUBJECT_CHARS: Final = 200


class RtSettings(OutletSettings):
    """A queue of Request Tracker 5."""

    kind: Literal["rt"]
    url: str = Field(pattern=r"^https?://", description="address of RT, without /REST/2.0")
    token: Secret = Field(description="an authentication token of a user that may create and modify tickets there")
    queue: str = Field(min_length=1, max_length=200, description="name of RT's queue")
    active: str = Field(default="open", description="status of work that goes on")
    over: str = Field(default="resolved", description="status of work that is done")
    over_too: tuple[str, ...] = Field(
        default=("rejected", "deleted"), description="other statuses of the lifecycle's end"
    )
    new: tuple[str, ...] = Field(default=("new",), description="statuses that nobody has looked at")

    custom_fields: dict[str, str] = Field(
        default={}, max_length=50, description="custom fields of a new ticket, name to value"
    )
    poll_s: float = Field(default=30.0, ge=0, le=3600, description="between looks at what people did there; 0: never")

    def open(self, console: str) -> Rt:
        """Tickets in the queue."""
        return Rt(self, console)

    def poll(self) -> RtPoll | None:
        """What people did, unless nobody wants to know."""
        return RtPoll(self.http(), self.phase, self.poll_s) if self.poll_s else None

    def http(self) -> Http:
        """REST 2.0 with the token."""
        token = self.token.value()
        cure = f"is its token valid, and may its user create and modify tickets in {self.queue}?"
        headers = {"Authorization": f"token {token}"}
        base = self.url.rstrip("/") + "/REST/2.0"
        return Http(self.name, base, self.timeout_s, headers=headers, secrets=(token,), cure=cure)

    def phase(self, status: str) -> Phase:
        """What a status of the lifecycle comes to."""
        if status == self.over or status in self.over_too:
            return "over"
        return "new" if status in self.new else "active"


class Rt(Counterpart):
    """A ticket refers to ours by its link: that needs no custom field, and people can follow it."""

    def __init__(self, settings: RtSettings, console: str) -> None:
        super().__init__(settings.name, console)
        self._settings, self._http = settings, settings.http()
        self._fields_known = not settings.custom_fields

    def mark(self, ticket_id: str) -> str:
        """The link."""
        return f"{self.console.rstrip('/')}/tickets/{ticket_id}"

    def find(self, mark: str) -> str | None:
        """The oldest ticket of the queue that refers to the link."""
        query = f"Queue = '{_quoted(self._settings.queue)}' AND RefersTo = '{_quoted(mark)}'"
        found = items(self._http, "/tickets", {"query": query, "orderby": "id"})
        return str(found[0]["id"]) if found else None

    def create(self, mark: str, title: str, text: str) -> str:
        """A new ticket in the queue."""
        self._know_fields()
        body = {"Queue": self._settings.queue, "Subject": cut(title, SUBJECT_CHARS), "RefersTo": mark}
        more = {"Content": text, "ContentType": "text/plain", "CustomFields": self._settings.custom_fields}
        made = self._http.ask("POST", "/ticket", body={**body, **more})
        match made.json():
            case {"id": str() | int() as remote}:
                return str(remote)
        raise ConnectorError(self._http.failure(f"made no ticket: {made.body.decode(errors='replace')}"))

    def told(self, remote: str, key: str) -> bool:
        """Our comments have the key as their subject."""
        history = {"fields": "Type,Data", "per_page": "100", "orderby": "id", "order": "DESC"}
        found = items(self._http, f"/ticket/{remote}/history", history)
        return any(item["Type"] == "Comment" and str(item["Data"]).strip() == key for item in found)

    def tell(self, remote: str, key: str, text: str) -> None:
        """A comment, which RT mails to nobody outside."""
        body = {"Subject": key, "Content": text, "ContentType": "text/plain"}
        self._http.ask("POST", f"/ticket/{remote}/comment", body=body)

    def rename(self, remote: str, mark: str, title: str) -> None:
        """A new subject."""
        self._http.ask("PUT", f"/ticket/{remote}", body={"Subject": cut(title, SUBJECT_CHARS)})

    def phase(self, remote: str) -> Phase:
        """By the lists of statuses in the settings."""
        return self._settings.phase(self._status(remote))

    def move(self, remote: str, phase: Phase) -> None:
        """Set the status and look whether RT took it: its answer is 200 either way."""
        status = self._settings.over if phase == "over" else self._settings.active
        said = self._http.ask("PUT", f"/ticket/{remote}", body={"Status": status}).json()
        if (now := self._status(remote)) != status:
            raise Refused(
                self._http.failure(f"left ticket {remote} {now} instead of {status}: {said}"),
                "do `active` and `over` name statuses of the queue's lifecycle that it may reach?",
            )

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _know_fields(self) -> None:
        """ConnectorError when the queue lacks one of ours: RT would leave it out without a word."""
        if self._fields_known:
            return
        queue = self._http.ask("GET", f"/queue/{quote(self._settings.queue, safe='')}").json() or {}
        there = {field.get("name") for field in queue.get("TicketCustomFields", ())}
        if missing := sorted(self._settings.custom_fields.keys() - there):
            what = f"has no custom field {', '.join(missing)} in {self._settings.queue}, or does not show it"
            raise ConnectorError(self._http.failure(what), "apply it to the queue, and give SeeCustomField")
        self._fields_known = True

    def _status(self, remote: str) -> str:
        match self._http.ask("GET", f"/ticket/{remote}").json():
            case {"Status": str() as status}:
                return status
        raise ConnectorError(self._http.failure(f"says no status of ticket {remote}"), "is this RT 5 or later?")


def _quoted(text: str) -> str:
    """Inside the quotes of TicketSQL."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
