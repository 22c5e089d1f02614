"""Znuny (and OTRS 6) by the generic interface: tickets with a mark in their title, told by internal articles.

The web service is `GenericTicketConnectorREST.yml` of Znuny's own `development/webservices`, imported by its
administrator. It answers 200 to everything; what went wrong is an `Error` inside.
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

TITLE_CHARS: Final = 255
_OVER: Final = frozenset({"closed", "merged", "removed"})
"""State types after which nothing is left to do; `new` is the one before it, all others are work."""


class ZnunySettings(OutletSettings):
    """A queue of Znuny."""

    kind: Literal["znuny"]
    url: str = Field(
        pattern=r"^https?://",
        description="https://YOURS/znuny/nph-genericinterface.pl/Webservice/GenericTicketConnectorREST",
    )
    user: str = Field(min_length=1, max_length=200, description="login of an agent")
    password: Secret
    queue: str = Field(min_length=1, max_length=200, description="full name of the queue, such as NOC::Carrier")
    customer: str = Field(min_length=1, max_length=200, description="login of the customer user that tickets are for")
    priority: str = Field(default="3 normal", min_length=1, max_length=200)
    active: str = Field(default="open", description="state of work that goes on")
    over: str = Field(default="closed successful", description="state of work that is done")

    def open(self, console: str) -> Znuny:
        """Tickets in the queue."""
        return Znuny(self, console)


class Znuny(Counterpart):
    """The first subject of an article is the key of its message; the mark at the end of the title is searched for."""

    def __init__(self, settings: ZnunySettings, console: str) -> None:
        super().__init__(settings.name, console)
        self._settings, self._password, self._session = settings, settings.password.value(), ""
        self._http = Http(settings.name, settings.url, settings.timeout_s, secrets=(self._password,))

    def mark(self, ticket_id: str) -> str:
        """Letters and digits, which Znuny's search takes for nothing else."""
        return f"akira{hashlib.sha256(ticket_id.encode()).hexdigest()[:12]}"

    def find(self, mark: str) -> str | None:
        """The oldest ticket with the mark in its title."""
        found = self._ask("GET", "/Ticket", {"Title": f"*{mark}*"}).get("TicketID") or ()
        numbers = [int(number) for number in ([found] if isinstance(found, str | int) else found)]
        return str(min(numbers)) if numbers else None

    def create(self, mark: str, title: str, text: str) -> str:
        """A new ticket with an internal article."""
        ticket = {
            "Title": _titled(title, mark),
            "Queue": self._settings.queue,
            "State": "new",
            "Priority": self._settings.priority,
            "CustomerUser": self._settings.customer,
        }
        made = self._ask("POST", "/Ticket", {"Ticket": ticket, "Article": _article(cut(title, TITLE_CHARS), text)})
        match made:
            case {"TicketID": str() | int() as remote}:
                return str(remote)
        raise self._unlike("a new ticket")

    def told(self, remote: str, key: str) -> bool:
        """Among its last articles."""
        more = {"AllArticles": "1", "ArticleOrder": "DESC", "ArticleLimit": "100"}
        articles = self._ticket(remote, more).get("Article") or ()
        return any(article.get("Subject") == key for article in articles)

    def tell(self, remote: str, key: str, text: str) -> None:
        """An internal article."""
        self._ask("PATCH", f"/Ticket/{remote}", {"Article": _article(key, text)})

    def rename(self, remote: str, mark: str, title: str) -> None:
        """A new title that ends with the mark."""
        self._ask("PATCH", f"/Ticket/{remote}", {"Ticket": {"Title": _titled(title, mark)}})

    def phase(self, remote: str) -> Phase:
        """By the type of its state, whatever the states are called."""
        kind = str(self._ticket(remote, {}).get("StateType"))
        return "over" if kind in _OVER else "new" if kind == "new" else "active"

    def move(self, remote: str, phase: Phase) -> None:
        """Set the state, and look whether it was taken."""
        state = self._settings.over if phase == "over" else self._settings.active
        self._ask("PATCH", f"/Ticket/{remote}", {"Ticket": {"State": state}})
        if (now := self._ticket(remote, {}).get("State")) != state:
            raise ConnectorError(self._http.failure(f"left ticket {remote} {now} instead of {state}"))

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _ticket(self, remote: str, more: Mapping[str, str]) -> Mapping[str, Any]:
        match self._ask("GET", f"/Ticket/{remote}", more):
            case {"Ticket": [dict() as ticket, *_]}:
                return ticket
        raise self._unlike("a ticket")

    def _ask(self, method: str, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """One operation in our session; a session that has run out is begun anew, once."""
        kept = bool(self._session)
        answer = self._once(method, path, {"SessionID": self._session or self._begun(), **data})
        if kept and _code(answer).endswith(".AuthFail"):
            answer = self._once(method, path, {"SessionID": self._begun(), **data})
        return self._sound(answer)

    def _begun(self) -> str:
        """A new session: the password goes in no address, where logs would keep it."""
        login = {"UserLogin": self._settings.user, "Password": self._password}
        match self._sound(self._once("POST", "/Session", login)):
            case {"SessionID": str() as session}:
                self._session = session
                return session
        raise self._unlike("a session")

    def _once(self, method: str, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        sent: dict[str, Any] = {"params": data} if method == "GET" else {"body": data}
        match self._http.ask(method, path, **sent).json():
            case dict() as answer:
                return answer
        raise self._unlike(path)

    def _sound(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """ConnectorError when we may not, Refused when it will not."""
        code = _code(answer)
        if not code:
            return answer
        told = self._http.failure(f"says {code}: {answer['Error'].get('ErrorMessage', '')}")
        if code.endswith((".AuthFail", ".AccessDenied")):
            cure = f"are user and password right, and may it create and change tickets in {self._settings.queue}?"
            raise ConnectorError(f"{told} ({cure})", cure)
        raise Refused(told, "are queue, customer, priority and states named as in Znuny?")

    def _unlike(self, what: str) -> ConnectorError:
        hint = "is url that of the web service GenericTicketConnectorREST?"
        return ConnectorError(self._http.failure(f"answers {what} unlike Znuny"), hint)


def _code(answer: Mapping[str, Any]) -> str:
    match answer.get("Error"):
        case {"ErrorCode": str() as code}:
            return code
    return ""


def _titled(title: str, mark: str) -> str:
    end = f" [{mark}]"
    return cut(title, TITLE_CHARS - len(end)) + end


def _article(subject: str, text: str) -> dict[str, Any]:
    return {
        "Subject": subject,
        "Body": text,
        "ContentType": "text/plain; charset=utf8",
        "CommunicationChannel": "Internal",
        "IsVisibleForCustomer": 0,
        "SenderType": "agent",
    }
