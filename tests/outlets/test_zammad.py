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
from tests.outlets.fake import Tool, serving
from tests.outlets.ticket_contracts import ZammadContract
from tests.store.faults import report


@pytest.fixture
def contract() -> ZammadContract:
    return ZammadContract()


@pytest.fixture
def tool(contract: ZammadContract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


def settings(url: str, **more: object) -> ZammadSettings:
    return ZammadSettings.model_validate({**ZammadContract().settings(url), **more})


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def test_a_ticket_here_is_one_there_from_new_to_closed(noc: Told, contract: ZammadContract) -> None:
    ticket = noc.happens()
    noc.send()
    there = contract.tickets["1"]
    assert there["title"] == "SEV2 term-05 rejects calls to Germany-Mobile" and there["state"] == "new"
    for command, state in (
        (Acknowledge(), "open"),
        (ForceSeverity("SEV1", "all of Germany"), "open"),
        (Resolve("repaired", override=True), "closed"),
        (Reopen("it is back"), "open"),
    ):
        noc.do(ticket, command)
        noc.send()
        assert contract.tickets["1"]["state"] == state, command
    assert contract.tickets["1"]["title"].startswith("SEV1 ")
    assert contract.keys("1") == [f"{ticket}:{seq}:zammad" for seq in range(2, 6)]
    assert noc.waiting() == noc.dead() == [] and len(contract.tickets) == 1


def test_what_people_did_within_a_phase_stays(noc: Told, contract: ZammadContract) -> None:
    ticket = noc.happens()
    noc.send()
    contract.tickets["1"]["state"] = "pending reminder"
    noc.do(ticket, Acknowledge())
    noc.send()
    assert contract.tickets["1"]["state"] == "pending reminder"


def test_a_state_that_a_trigger_sets_back_is_found_out(noc: Told, contract: ZammadContract) -> None:
    contract.sets_back = True
    ticket = noc.happens()
    noc.do(ticket, Resolve("gone", override=True))
    noc.send()
    (dead,) = noc.dead()
    assert "left ticket 1 new instead of closed" in dead.last_error


@pytest.mark.parametrize("more", [{"group": "Sales"}, {"over": "gone"}], ids=["group", "state"])
def test_a_name_that_zammad_does_not_know_is_a_dead_letter_in_its_words(
    tool: Tool, tmp_path: Path, more: dict[str, str]
) -> None:
    with told(settings(tool.url, **more), tmp_path) as noc:
        ticket = noc.happens()
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        assert any("No lookup value found" in dead.last_error for dead in noc.dead())


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
