"""Zammad: one ticket there for each here whatever is lost on the way, and what people do there comes back."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.outlets.back import Back
from connectors.outlets.port import Posted, Said, Unsigned
from connectors.outlets.zammad import ZammadSettings
from pipeline.desk.commands import Acknowledge, ForceSeverity, Reopen, Resolve
from tests.outlets.desk import Told, told
from tests.outlets.fake import Asked, Reply, Tool, serving
from tests.store.faults import report

TOKEN = "zammad-token-of-akira"
STATES = ("new", "open", "pending reminder", "closed", "merged")
LOST = Reply(lost=True)


class Contract:
    """The API as documented, its search that of the database: the text itself, anywhere."""

    def __init__(self) -> None:
        self.tickets: dict[int, dict[str, Any]] = {}
        self.articles: list[dict[str, Any]] = []
        self.sets_back = False

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Token token={TOKEN}":
            return Reply(401, {"error": "Invalid BasicAuth credentials"})
        match asked.method, asked.path.removeprefix("/api/v1/").split("/"):
            case "GET", ["users", "me"]:
                return Reply(200, {"id": 7, "login": "akira"})
            case "GET", ["tickets", "search"]:
                having = [each["ticket_id"] for each in self.articles if asked.query["query"] in each["body"]]
                return Reply(200, [self.tickets[number] for number in sorted(having, reverse=True)])
            case "POST", ["tickets"]:
                return self.made(asked.json)
            case "GET", ["tickets", number]:
                return Reply(200, self.tickets[int(number)])
            case "PUT", ["tickets", number]:
                if asked.json.get("state", "new") not in STATES:
                    return Reply(422, {"error": "No lookup value found for 'state': \"gone\""})
                if not self.sets_back:
                    self.tickets[int(number)] |= asked.json
                return Reply(200, self.tickets[int(number)])
            case "GET", ["ticket_articles", "by_ticket", number]:
                return Reply(200, [each for each in self.articles if each["ticket_id"] == int(number)])
            case "POST", ["ticket_articles"]:
                self.articles.append(asked.json)
                return Reply(201, {"id": len(self.articles)})
        return Reply(404, {"error": "No route matches"})

    def made(self, body: dict[str, Any]) -> Reply:
        if body["group"] != "NOC":
            return Reply(422, {"error": f"No lookup value found for 'group': {body['group']!r}"})
        assert len(body["title"]) <= 250 and body["customer_id"] == "guess:noc@carrier.example"
        number = len(self.tickets) + 1
        self.tickets[number] = {"id": number, "title": body["title"], "state": "new"}
        self.articles.append({"ticket_id": number, **body["article"]})
        return Reply(201, {"id": number, "number": f"8100{number}", "state_id": 1})

    def subjects(self) -> list[str]:
        assert all(each["internal"] for each in self.articles), "customers see nothing of it"
        return [each["subject"] for each in self.articles][1:]


@pytest.fixture
def contract() -> Contract:
    return Contract()


@pytest.fixture
def tool(contract: Contract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


def settings(url: str, **more: object) -> ZammadSettings:
    given = {"kind": "zammad", "name": "zammad", "url": url, "token": TOKEN, "group": "NOC", "settle_s": 0}
    return ZammadSettings.model_validate({**given, "customer": "noc@carrier.example", **more})


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def test_a_ticket_here_is_one_there_from_new_to_closed(noc: Told, contract: Contract) -> None:
    ticket = noc.happens()
    noc.send()
    there = contract.tickets[1]
    assert there["title"] == "SEV2 term-05 rejects calls to Germany-Mobile" and there["state"] == "new"
    for command, state in (
        (Acknowledge(), "open"),
        (ForceSeverity("SEV1", "all of Germany"), "open"),
        (Resolve("repaired", override=True), "closed"),
        (Reopen("it is back"), "open"),
    ):
        noc.do(ticket, command)
        noc.send()
        assert contract.tickets[1]["state"] == state, command
    assert contract.tickets[1]["title"].startswith("SEV1 ")
    assert contract.subjects() == [f"{ticket}:{seq}:zammad" for seq in range(2, 6)]
    assert noc.waiting() == noc.dead() == [] and len(contract.tickets) == 1


@pytest.mark.parametrize("lost_at", range(4))
def test_whichever_answer_is_lost_nothing_is_there_twice(
    noc: Told, tool: Tool, contract: Contract, lost_at: int
) -> None:
    ticket = noc.happens()
    tool.faults.extend([*[None] * min(lost_at, 2), LOST])
    noc.send()
    noc.send(later_ms=60_000)
    noc.do(ticket, Resolve("gone", override=True))
    tool.faults.extend([*[None] * lost_at, LOST])
    noc.send()
    noc.send(later_ms=120_000)
    assert noc.waiting() == noc.dead() == [] and len(contract.tickets) == 1
    assert contract.tickets[1]["state"] == "closed" and contract.subjects() == [f"{ticket}:2:zammad"]


def test_what_people_did_within_a_phase_stays(noc: Told, contract: Contract) -> None:
    ticket = noc.happens()
    noc.send()
    contract.tickets[1]["state"] = "pending reminder"
    noc.do(ticket, Acknowledge())
    noc.send()
    assert contract.tickets[1]["state"] == "pending reminder"


def test_busy_and_throttled_are_waited_out(noc: Told, tool: Tool, contract: Contract) -> None:
    tool.faults.extend([Reply(503, b"starting"), None, Reply(429, b"", {"retry-after": "30"})])
    noc.happens()
    noc.send()
    noc.send(later_ms=10_000)
    assert noc.waiting()[0].next_at_ms == noc.at_ms + 40_000
    noc.send(later_ms=40_000)
    assert noc.waiting() == [] and len(contract.tickets) == 1


def test_a_refused_token_is_told_with_its_cure_and_not_shown(tool: Tool, tmp_path: Path) -> None:
    with told(settings(tool.url, token="zammad-another"), tmp_path) as noc:
        noc.happens()
        noc.send()
        (waiting,) = noc.waiting()
    assert "answered 401" in waiting.last_error and "has it ticket.agent" in waiting.last_error
    assert "zammad-another" not in waiting.last_error


@pytest.mark.parametrize("more", [{"group": "Sales"}, {"over": "gone"}], ids=["group", "state"])
def test_a_name_that_zammad_does_not_know_is_a_dead_letter_in_its_words(
    tool: Tool, tmp_path: Path, more: dict[str, str]
) -> None:
    with told(settings(tool.url, **more), tmp_path) as noc:
        ticket = noc.happens()
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        assert any("No lookup value found" in dead.last_error for dead in noc.dead())


def test_an_error_in_a_success_and_a_state_set_back_are_found_out(noc: Told, tool: Tool, contract: Contract) -> None:
    tool.faults.extend([None, Reply(200, {"error": "Can't find customer"})])
    ticket = noc.happens()
    noc.send()
    assert "says: Can't find customer" in noc.waiting()[0].last_error
    contract.sets_back = True
    noc.do(ticket, Resolve("gone", override=True))
    noc.send(later_ms=600_000)
    assert "left ticket 1 new instead of closed" in noc.waiting()[0].last_error


def test_the_test_button_makes_finds_and_ends(tool: Tool, contract: Contract) -> None:
    zammad = settings(tool.url).open("https://noc.example")
    assert zammad.test("A test") == "1 was made, found again, and ended"
    zammad.close()
    assert contract.tickets[1]["state"] == "closed"


def posted(ticket: dict[str, Any], article: dict[str, Any] | None = None, secret: str = "s3cret") -> Posted:
    """A webhook as the documentation shows it."""
    ann = {"id": 3, "login": "ann@carrier.example", "firstname": "Ann", "lastname": "Other"}
    whole = {"id": 1, "state": "open", "close_at": None, "updated_at": "2026-11-27T06:00:00.000Z"}
    told = {"ticket": {**whole, "updated_by": ann, "updated_by_id": 3, **ticket}, "article": article or {}}
    body = json.dumps(told).encode()
    mark = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return Posted({"x-hub-signature": f"sha1={mark}", "x-zammad-delivery": "d-1"}, body, 0)


def test_what_people_do_there_comes_back_when_the_signature_fits(tool: Tool) -> None:
    hook = settings(tool.url, webhook_secret="s3cret").hook()
    assert hook is not None
    closed = {"state": "closed", "close_at": "2026-11-27T06:00:00.000Z"}
    why = "closed in Zammad"
    assert hook.read(posted(closed)) == (Said("closed", f"1:closed:{closed['close_at']}", "Ann Other", why, "1"),)
    assert [each.what for each in hook.read(posted({}))] == ["acknowledged"]
    assert [each.what for each in hook.read(posted({"close_at": "2026-11-26T06:00:00.000Z"}))] == [
        "reopened",
        "acknowledged",
    ]
    assert hook.read(posted({**closed, "updated_by_id": 7})) == (), "our own doing"
    assert hook.read(posted({"state": "new"})) == ()
    article = {"id": 104, "body": "<p>A <b>fibre</b> cut</p>", "content_type": "text/html", "created_by_id": 3}
    assert hook.read(posted({"state": "new"}, article)) == (Said("commented", "article-104", "", "A fibre cut", "1"),)
    assert hook.read(posted({"state": "new"}, {**article, "created_by_id": 7})) == ()
    with pytest.raises(Unsigned):
        hook.read(posted(closed, secret="another"))


def test_closed_there_resolves_here_and_says_what_closing_lacks(noc: Told, tool: Tool) -> None:
    made = settings(tool.url, webhook_secret="s3cret")
    hook, back = made.hook(), Back(made, noc.desk, noc.outbox)
    assert hook is not None
    noc.desk.do("", report(), noc.at_ms, "ann")
    noc.send()
    (ticket,) = noc.desk.open_tickets()
    for _ in range(2):
        for said in hook.read(posted({"state": "closed", "close_at": "2026-11-27T06:00:00.000Z"})):
            assert back.take(said, noc.at_ms)
    found = noc.desk.ticket(ticket.id)
    assert found is not None and found.state == "resolved"
    assert len(found.notes) == 1 and "Not closed here: lacks" in found.notes[0].text
