"""The documented contracts of ticket tools, each as a server would keep them."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.outlets.contract import SECRET, Contract
from tests.outlets.fake import Asked, Reply


@dataclass
class TicketTool(Contract):
    """`tickets` by what the tool calls them; `comments` (ticket, our key) in their order."""

    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: list[tuple[str, str]] = field(default_factory=list)

    def items(self) -> int:
        return len(self.tickets)

    def open_items(self) -> int:
        return sum(self.over(ticket) is False for ticket in self.tickets.values())

    def doubled(self) -> int:
        return sum(count - 1 for count in Counter(self.comments).values())

    def over(self, ticket: Mapping[str, Any]) -> bool:
        raise AssertionError

    def keys(self, remote: str) -> list[str]:
        """Of our comments on a ticket."""
        return [key for there, key in self.comments if there == remote]


JIRA_STATUSES = {
    "To Do": "new",
    "In Progress": "indeterminate",
    "Waiting": "indeterminate",
    "Done": "done",
    "Won't do": "done",
}


@dataclass
class JiraContract(TicketTool):
    """REST API 3. `behind` issues are not in the search yet; `asks_resolution`: the screen of an end has that field."""

    kind = "jira"
    inside: ClassVar[list[Reply | None] | None] = [Reply(200, b"<html>sign in</html>", {"content-type": "text/html"})]
    behind: set[str] = field(default_factory=set)
    asks_resolution: bool = False

    def settings(self, url: str) -> Mapping[str, Any]:
        account = {"user": "noc@carrier.example", "token": SECRET, "project": "NOC", "settle_s": 0}
        return {"kind": self.kind, "name": "jira", "url": url, **account}

    def over(self, ticket: Mapping[str, Any]) -> bool:
        return JIRA_STATUSES[ticket["status"]] == "done"

    def __call__(self, asked: Asked) -> Reply:
        basic = base64.b64encode(f"noc@carrier.example:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}":
            return Reply(401, b"Client must be authenticated to access this resource.")
        match asked.method, asked.path.removeprefix("/rest/api/3/").split("/"):
            case "POST", ["search", "jql"]:
                return self._search(asked.json)
            case "POST", ["issue"]:
                return self._made(asked.json["fields"])
            case _, ["issue", key, *rest] if key in self.tickets:
                return self._issue(asked, key, rest)
            case "GET", ["myself"]:
                return Reply(200, {"accountId": "5b10-ours", "displayName": "Akira"})
        return self.refuse("Issue does not exist or you do not have permission to see it.", 404)

    def _search(self, body: dict[str, Any]) -> Reply:
        asked = re.fullmatch(r'project = "([^"]+)" AND labels = "([^" ]+)" ORDER BY created ASC', body["jql"])
        if asked is None or body["fields"] != ["status"]:
            return self.refuse("the query is wrong, or asks for no fields and so for nothing but ids")
        found = [key for key, issue in self.tickets.items() if asked[2] in issue["labels"] and key not in self.behind]
        return Reply(200, {"issues": [{"key": key} for key in found[: body["maxResults"]]], "isLast": True})

    def _made(self, fields: dict[str, Any]) -> Reply:
        if fields["project"]["key"] != "NOC":
            return Reply(400, {"errorMessages": [], "errors": {"project": "valid project is required"}})
        if not 0 < len(fields["summary"]) <= 255 or "\n" in fields["summary"]:
            return self.refuse("the summary is invalid")
        if fields["description"]["type"] != "doc" or any(" " in label for label in fields["labels"]):
            return self.refuse("description is no document, or a label has spaces")
        key = f"NOC-{len(self.tickets) + 1}"
        self.tickets[key] = {**fields, "status": "To Do", "bodies": []}
        return Reply(201, {"id": "10000", "key": key})

    def _issue(self, asked: Asked, key: str, rest: list[str]) -> Reply:
        issue = self.tickets[key]
        match asked.method, rest:
            case "GET", []:
                status = {"name": issue["status"], "statusCategory": {"key": JIRA_STATUSES[issue["status"]]}}
                return Reply(200, {"fields": {"status": status}})
            case "PUT", []:
                issue |= asked.json["fields"]
                return Reply(204, b"")
            case "GET", ["comment"]:
                return Reply(200, {"comments": [{"body": body} for body in reversed(issue["bodies"])]})
            case "POST", ["comment"]:
                issue["bodies"].append(asked.json["body"])
                self.comments.append((key, asked.json["body"]["content"][-1]["content"][0]["text"].strip("[]")))
                return Reply(201, {"id": "1"})
            case "GET", ["transitions"]:
                return Reply(200, {"transitions": self._offered(issue["status"])})
            case "POST", ["transitions"]:
                after = list(JIRA_STATUSES)[int(asked.json["transition"]["id"])]
                if self.asks_resolution and JIRA_STATUSES[after] == "done" and "fields" not in asked.json:
                    return Reply(400, {"errorMessages": [], "errors": {"resolution": "Resolution is required."}})
                issue["status"] = after
                return Reply(204, b"")
        return self.refuse("Method Not Allowed", 405)

    def _offered(self, now: str) -> list[dict[str, Any]]:
        return [
            {"id": str(n), "name": f"to {name}", "to": {"name": name, "statusCategory": {"key": category}}}
            for n, (name, category) in enumerate(JIRA_STATUSES.items())
            if name != now
        ]


@dataclass
class ZammadContract(TicketTool):
    """The REST API, its search that of the database: the text, anywhere. `sets_back`: a trigger undoes states."""

    kind = "zammad"
    inside: ClassVar[list[Reply | None] | None] = [None, Reply(200, {"error": "Can't find customer"})]
    articles: list[dict[str, Any]] = field(default_factory=list)
    sets_back: bool = False

    def settings(self, url: str) -> Mapping[str, Any]:
        group = {"group": "NOC", "customer": "noc@carrier.example", "settle_s": 0}
        return {"kind": self.kind, "name": "zammad", "url": url, "token": SECRET, **group}

    def over(self, ticket: Mapping[str, Any]) -> bool:
        return ticket["state"] in ("closed", "merged")

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Token token={SECRET}":
            return Reply(401, {"error": "Invalid BasicAuth credentials"})
        match asked.method, asked.path.removeprefix("/api/v1/").split("/"):
            case "GET", ["users", "me"]:
                return Reply(200, {"id": 7, "login": "akira"})
            case "GET", ["tickets", "search"]:
                having = [each["ticket_id"] for each in self.articles if asked.query["query"] in each["body"]]
                return Reply(200, [self.tickets[str(number)] for number in sorted(having, reverse=True)])
            case "POST", ["tickets"]:
                return self._made(asked.json)
            case "GET", ["tickets", number]:
                return Reply(200, self.tickets[number])
            case "PUT", ["tickets", number]:
                return self._changed(number, asked.json)
            case "GET", ["ticket_articles", "by_ticket", number]:
                return Reply(200, [each for each in self.articles if each["ticket_id"] == int(number)])
            case "POST", ["ticket_articles"]:
                return self._written(asked.json)
        return self.refuse("No route matches", 404)

    def _made(self, body: dict[str, Any]) -> Reply:
        if body["group"] != "NOC":
            return Reply(422, {"error": f"No lookup value found for 'group': {body['group']!r}"})
        if len(body["title"]) > 250 or body["customer_id"] != "guess:noc@carrier.example":
            return self.refuse("title or customer is wrong", 422)
        number = len(self.tickets) + 1
        self.tickets[str(number)] = {"id": number, "title": body["title"], "state": "new"}
        self.articles.append({"ticket_id": number, **body["article"]})
        return Reply(201, {"id": number, "number": f"8100{number}", "state_id": 1})

    def _changed(self, number: str, body: dict[str, Any]) -> Reply:
        if body.get("state", "new") not in ("new", "open", "pending reminder", "closed", "merged"):
            return Reply(422, {"error": f"No lookup value found for 'state': {body['state']!r}"})
        if not self.sets_back:
            self.tickets[number] |= body
        return Reply(200, self.tickets[number])

    def _written(self, article: dict[str, Any]) -> Reply:
        if not article["internal"]:
            return self.refuse("customers would see it", 422)
        self.articles.append(article)
        self.comments.append((str(article["ticket_id"]), article["subject"]))
        return Reply(201, {"id": len(self.articles)})


ZNUNY_STATES = {"new": "new", "open": "open", "pending reminder": "pending reminder", "closed successful": "closed"}


def error(operation: str, code: str, message: str) -> Reply:
    """As the generic interface says it: with 200."""
    return Reply(200, {"Error": {"ErrorCode": f"{operation}.{code}", "ErrorMessage": f"{operation}: {message}"}})


@dataclass
class ZnunyContract(TicketTool):
    """The operations of GenericTicketConnectorREST; `sessions` are those that have not run out."""

    kind = "znuny"
    inside: ClassVar[list[Reply | None] | None] = [None, error("TicketSearch", "InvalidParameter", "Title is invalid!")]
    sessions: set[str] = field(default_factory=set)

    def settings(self, url: str) -> Mapping[str, Any]:
        agent = {"user": "akira", "password": SECRET, "queue": "NOC", "customer": "carrier"}
        return {"kind": self.kind, "name": "znuny", "url": f"{url}/znuny/Webservice/T", **agent}

    def over(self, ticket: Mapping[str, Any]) -> bool:
        return ZNUNY_STATES[ticket["State"]] == "closed"

    def __call__(self, asked: Asked) -> Reply:
        given = asked.query if asked.method == "GET" else asked.json
        match asked.method, asked.path.removeprefix("/znuny/Webservice/T/").split("/"):
            case "POST", ["Session"]:
                if (given["UserLogin"], given["Password"]) != ("akira", SECRET):
                    return error("SessionCreate", "AuthFail", "Authorization failing!")
                self.sessions.add(session := f"session-{len(self.sessions)}")
                return Reply(200, {"SessionID": session})
            case method, ["Ticket", *rest]:
                operation = {"POST": "TicketCreate", "PATCH": "TicketUpdate"}.get(method) or (
                    "TicketGet" if rest else "TicketSearch"
                )
                if given.get("SessionID") not in self.sessions:
                    return error(operation, "AuthFail", "User could not be authenticated!")
                return self._operation(operation, rest[0] if rest else "", given)
        return Reply(500, b"HTTP::REST Error while determine Operation for request URI")

    def _operation(self, operation: str, number: str, given: Any) -> Reply:
        ticket, article = given.get("Ticket", {}), given.get("Article")
        if ticket.get("State", "new") not in ZNUNY_STATES:
            return error(operation, "InvalidParameter", "Ticket->StateID or Ticket->State parameter is invalid!")
        if ticket.get("Queue", "NOC") != "NOC":
            return error(operation, "InvalidParameter", "Ticket->QueueID or Ticket->Queue parameter is invalid!")
        if len(ticket.get("Title", "")) > 255 or (article and article["IsVisibleForCustomer"]):
            return self.refuse("the title is too long, or customers would see an article")
        if operation == "TicketSearch":
            found = [each for each, known in self.tickets.items() if given["Title"].strip("*") in known["Title"]]
            return Reply(200, {"TicketID": found[::-1]} if found else {})
        if operation == "TicketCreate":
            number = str(len(self.tickets) + 1)
            self.tickets[number] = {"Article": []}
        elif article:
            self.comments.append((number, article["Subject"]))
        known = self.tickets[number]
        known |= ticket
        known["Article"] += [article] if article else []
        if operation == "TicketGet":
            shown = {**known, "StateType": ZNUNY_STATES[known["State"]], "Article": known["Article"][::-1]}
            return Reply(200, {"Ticket": [shown]})
        return Reply(200, {"TicketID": number, "ArticleID": "1"})
