"""Znuny: one ticket there for each here; what it says inside a success is heard, and a session that ran out renewed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.outlets.znuny import ZnunySettings
from pipeline.desk.commands import Acknowledge, ForceSeverity, Reopen, Resolve
from tests.outlets.desk import Told, told
from tests.outlets.fake import Reply, Tool, serving
from tests.outlets.ticket_contracts import ZnunyContract


@pytest.fixture
def contract() -> ZnunyContract:
    return ZnunyContract()


@pytest.fixture
def tool(contract: ZnunyContract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


def settings(url: str, **more: object) -> ZnunySettings:
    return ZnunySettings.model_validate({**ZnunyContract().settings(url), **more})


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def test_a_ticket_here_is_one_there_from_new_to_closed(noc: Told, tool: Tool, contract: ZnunyContract) -> None:
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
    assert contract.keys("1") == [f"{ticket}:{seq}:znuny" for seq in range(2, 6)]
    assert noc.waiting() == noc.dead() == [] and len(contract.tickets) == 1
    assert all("Password" not in asked.query for asked in tool.asked), "addresses are kept in logs"
    assert len(contract.sessions) == 1


def test_a_session_that_ran_out_is_begun_anew(noc: Told, contract: ZnunyContract) -> None:
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
        errors = [row.last_error for row in (*noc.waiting(), *noc.dead())]
    assert any(said in each for each in errors) and all("wrong one" not in each for each in errors)


def test_a_web_service_that_is_not_there_is_waited_for(tool: Tool, tmp_path: Path) -> None:
    with told(settings(f"{tool.url}/elsewhere"), tmp_path) as noc:
        noc.happens()
        noc.send()
        assert "answered 500: HTTP::REST Error while determine Operation" in noc.waiting()[0].last_error


def test_a_page_in_place_of_an_answer_is_no_empty_search(noc: Told, tool: Tool, contract: ZnunyContract) -> None:
    tool.faults.extend([None, Reply(200, b"<html>maintenance</html>")])
    noc.happens()
    noc.send()
    assert "answers /Ticket unlike Znuny" in noc.waiting()[0].last_error and contract.tickets == {}
