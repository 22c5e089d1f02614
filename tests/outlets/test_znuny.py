"""Znuny: one ticket there for each here; what it says inside a success is heard, and a session that ran out renewed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.outlets.znuny import ZnunySettings
from pipeline.desk.commands import Acknowledge, ForceSeverity, Reopen, Resolve
from tests.outlets.desk import Told, told
from tests.outlets.fake import Asked, Reply, Tool, serving

PASSWORD = "agent's password"
TYPES = {"new": "new", "open": "open", "pending reminder": "pending reminder", "closed successful": "closed"}
LOST = Reply(lost=True)


def error(operation: str, code: str, message: str) -> Reply:
    """As the generic interface says it: with 200."""
    return Reply(200, {"Error": {"ErrorCode": f"{operation}.{code}", "ErrorMessage": f"{operation}: {message}"}})


class Contract:
    """The operations of GenericTicketConnectorREST; `sessions` are those that have not run out."""

    def __init__(self) -> None:
        self.tickets: dict[str, dict[str, Any]] = {}
        self.sessions: set[str] = set()

    def __call__(self, asked: Asked) -> Reply:
        given = asked.query if asked.method == "GET" else asked.json
        match asked.method, asked.path.removeprefix("/znuny/Webservice/T/").split("/"):
            case "POST", ["Session"]:
                if (given["UserLogin"], given["Password"]) != ("akira", PASSWORD):
                    return error("SessionCreate", "AuthFail", "Authorization failing!")
                self.sessions.add(session := f"session-{len(self.sessions)}")
                return Reply(200, {"SessionID": session})
            case method, ["Ticket", *number]:
                operation = {"POST": "TicketCreate", "PATCH": "TicketUpdate"}.get(method) or (
                    "TicketGet" if number else "TicketSearch"
                )
                if given.get("SessionID") not in self.sessions:
                    return error(operation, "AuthFail", "User could not be authenticated!")
                return self.operation(operation, number[0] if number else "", given)
        return Reply(500, b"HTTP::REST Error while determine Operation for request URI")

    def operation(self, operation: str, number: str, given: Any) -> Reply:
        ticket, article = given.get("Ticket", {}), given.get("Article")
        if ticket.get("State", "new") not in TYPES:
            return error(operation, "InvalidParameter", "Ticket->StateID or Ticket->State parameter is invalid!")
        if ticket.get("Queue", "NOC") != "NOC":
            return error(operation, "InvalidParameter", "Ticket->QueueID or Ticket->Queue parameter is invalid!")
        if operation == "TicketSearch":
            found = [each for each, known in self.tickets.items() if given["Title"].strip("*") in known["Title"]]
            return Reply(200, {"TicketID": list(reversed(found))} if found else {})
        if operation == "TicketCreate":
            assert (
                len(ticket["Title"]) <= 255 and ticket["CustomerUser"] == "carrier" and ticket["Priority"] == "3 normal"
            )
            number = str(len(self.tickets) + 1)
            self.tickets[number] = {"Article": []}
        known = self.tickets[number]
        known |= ticket
        if article:
            assert article["IsVisibleForCustomer"] == 0 and article["ContentType"].startswith("text/plain")
            known["Article"].append(article)
        if operation == "TicketGet":
            shown = {**known, "StateType": TYPES[known["State"]], "Article": known["Article"][::-1]}
            return Reply(200, {"Ticket": [shown]})
        return Reply(200, {"TicketID": number, "ArticleID": "1"})

    def subjects(self) -> list[str]:
        return [article["Subject"] for article in self.tickets["1"]["Article"]][1:]


@pytest.fixture
def contract() -> Contract:
    return Contract()


@pytest.fixture
def tool(contract: Contract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


def settings(url: str, service: str = "T", **more: object) -> ZnunySettings:
    given = {"kind": "znuny", "name": "znuny", "url": f"{url}/znuny/Webservice/{service}", "user": "akira"}
    return ZnunySettings.model_validate({**given, "password": PASSWORD, "queue": "NOC", "customer": "carrier", **more})


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def test_a_ticket_here_is_one_there_from_new_to_closed(noc: Told, tool: Tool, contract: Contract) -> None:
    ticket = noc.happens()
    noc.send()
    there = contract.tickets["1"]
    assert there["Title"].startswith("SEV2 term-05 rejects calls to Germany-Mobile [akira") and there["State"] == "new"
    for command, state in (
        (Acknowledge(), "open"),
        (ForceSeverity("SEV1", "all of Germany"), "open"),
        (Resolve("repaired", override=True), "closed successful"),
        (Reopen("it is back"), "open"),
    ):
        noc.do(ticket, command)
        noc.send()
        assert there["State"] == state, command
    assert there["Title"].startswith("SEV1 ") and there["Title"].endswith("]"), "the mark stays"
    assert contract.subjects() == [f"{ticket}:{seq}:znuny" for seq in range(2, 6)]
    assert noc.waiting() == noc.dead() == [] and len(contract.tickets) == 1
    assert all("Password" not in asked.query for asked in tool.asked), "addresses are kept in logs"
    assert len(contract.sessions) == 1


@pytest.mark.parametrize("lost_at", range(5))
def test_whichever_answer_is_lost_nothing_is_there_twice(
    noc: Told, tool: Tool, contract: Contract, lost_at: int
) -> None:
    ticket = noc.happens()
    tool.faults.extend([*[None] * min(lost_at, 3), LOST])
    noc.send()
    noc.send(later_ms=60_000)
    noc.do(ticket, Resolve("gone", override=True))
    tool.faults.extend([*[None] * lost_at, LOST])
    noc.send()
    noc.send(later_ms=120_000)
    assert noc.waiting() == noc.dead() == [] and len(contract.tickets) == 1
    assert contract.tickets["1"]["State"] == "closed successful" and contract.subjects() == [f"{ticket}:2:znuny"]


def test_a_session_that_ran_out_is_begun_anew(noc: Told, contract: Contract) -> None:
    ticket = noc.happens()
    noc.send()
    contract.sessions = {"another-agent's"}
    noc.do(ticket, Acknowledge())
    noc.send()
    assert noc.waiting() == [] and contract.tickets["1"]["State"] == "open"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"password": "wrong one"}, "says SessionCreate.AuthFail: SessionCreate: Authorization failing!"),
        ({"queue": "Sales"}, "says TicketCreate.InvalidParameter: TicketCreate: Ticket->QueueID or Ticket->Queue"),
        ({"over": "gone"}, "says TicketUpdate.InvalidParameter: TicketUpdate: Ticket->StateID or Ticket->State"),
    ],
    ids=["password", "queue", "state"],
)
def test_an_error_inside_a_success_is_told(tool: Tool, tmp_path: Path, more: dict[str, str], said: str) -> None:
    with told(settings(tool.url, **more), tmp_path) as noc:
        ticket = noc.happens()
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        errors = [waiting.last_error for waiting in noc.waiting()]
    assert any(said in each for each in errors) and all("wrong one" not in each for each in errors)


def test_a_web_service_that_is_not_there_is_waited_for(tool: Tool, tmp_path: Path) -> None:
    with told(settings(tool.url, "Other"), tmp_path) as noc:
        noc.happens()
        noc.send()
        assert "answered 500: HTTP::REST Error while determine Operation" in noc.waiting()[0].last_error


def test_throttled_by_a_proxy_as_long_as_it_says(noc: Told, tool: Tool, contract: Contract) -> None:
    tool.faults.append(Reply(429, b"", {"retry-after": "75"}))
    noc.happens()
    noc.send()
    assert noc.waiting()[0].next_at_ms == noc.at_ms + 75_000
    noc.send(later_ms=75_000)
    assert noc.waiting() == [] and len(contract.tickets) == 1


def test_a_page_in_place_of_an_answer_is_no_empty_search(noc: Told, tool: Tool, contract: Contract) -> None:
    tool.faults.extend([None, Reply(200, b"<html>maintenance</html>")])
    noc.happens()
    noc.send()
    assert "answers /Ticket unlike Znuny" in noc.waiting()[0].last_error and contract.tickets == {}


def test_the_test_button_makes_finds_and_ends(tool: Tool, contract: Contract) -> None:
    znuny = settings(tool.url).open("https://noc.example")
    assert znuny.test("A test") == "1 was made, found again, and ended"
    znuny.close()
    assert contract.tickets["1"]["State"] == "closed successful"
