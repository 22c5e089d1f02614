"""Jira Cloud: one issue for each ticket whatever is lost on the way and however far its search is behind."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from akira.serving import served
from akira.web.app import create_app
from connectors.outlets import counterpart
from connectors.outlets.jira import JiraSettings
from connectors.outlets.port import Posted, Said, Unsigned
from pipeline.desk.commands import Acknowledge, ForceSeverity, Mitigate, Reopen, Resolve
from pipeline.desk.policy import DeskPolicy
from tests.outlets.desk import Told, told
from tests.outlets.fake import Reply, Tool, serving
from tests.outlets.ticket_contracts import JiraContract


@pytest.fixture
def contract() -> JiraContract:
    return JiraContract()


@pytest.fixture
def tool(contract: JiraContract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


def settings(url: str, **more: object) -> JiraSettings:
    return JiraSettings.model_validate({**JiraContract().settings(url), **more})


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def test_a_ticket_is_one_issue_from_to_do_to_done(noc: Told, contract: JiraContract) -> None:
    ticket = noc.happens()
    noc.send()
    (issue,) = contract.tickets.values()
    assert issue["summary"] == "SEV2 term-05 rejects calls to Germany-Mobile" and issue["status"] == "To Do"
    assert issue["labels"] == [f"akira-{ticket}"]
    (last,) = issue["description"]["content"][-1]["content"]
    assert last["text"] == last["marks"][0]["attrs"]["href"] == f"https://noc.example/tickets/{ticket}"
    for command, status in (
        (Acknowledge(), "In Progress"),
        (ForceSeverity("SEV1", "all of Germany"), "In Progress"),
        (Mitigate("rerouted"), "In Progress"),
        (Resolve("repaired", override=True), "Done"),
        (Reopen("it is back"), "In Progress"),
    ):
        noc.do(ticket, command)
        noc.send()
        assert issue["status"] == status, command
    assert issue["summary"].startswith("SEV1 ")
    assert contract.keys("NOC-1") == [f"{ticket}:{seq}:jira" for seq in range(2, 7)]
    assert noc.waiting() == noc.dead() == []


def test_an_issue_that_its_search_does_not_show_yet_is_waited_for(
    tool: Tool, contract: JiraContract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(counterpart, "now_s", lambda: clock[0])
    with told(settings(tool.url, settle_s=120), tmp_path) as noc:
        clock[0] += 200
        ticket = noc.happens()
        contract.behind = {"NOC-1"}
        tool.faults.extend([None, Reply(lost=True)])
        noc.send()
        clock[0] += 60
        noc.send(later_ms=60_000)
        assert "an earlier attempt may have made it" in noc.waiting()[0].last_error
        contract.behind = set()
        noc.send(later_ms=3_600_000)
        assert noc.waiting() == [] and len(contract.tickets) == 1
        assert noc.outbox.rows("sent")[0].remote_id == "NOC-1" and noc.outbox.ticket_of("jira", "NOC-1") == ticket


def test_what_the_process_before_may_have_made_is_waited_for_too(
    tool: Tool, contract: JiraContract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr(counterpart, "now_s", lambda: clock[0])
    with told(settings(tool.url, settle_s=120), tmp_path) as noc:
        noc.happens()
        noc.send()
        assert contract.tickets == {} and "120 s left" in noc.waiting()[0].last_error
        clock[0] += 121
        noc.send(later_ms=60_000)
        assert noc.waiting() == [] and len(contract.tickets) == 1


def test_what_jira_will_never_take_is_a_dead_letter_in_its_words(tool: Tool, tmp_path: Path) -> None:
    with told(settings(tool.url, project="OPS"), tmp_path) as noc:
        noc.happens()
        noc.send()
        (dead,) = noc.dead()
    assert "valid project is required" in dead.last_error


def test_the_named_status_and_resolution_are_taken(tool: Tool, contract: JiraContract, tmp_path: Path) -> None:
    contract.asks_resolution = True
    with told(settings(tool.url, over="Won't do", active="Waiting", resolution="Fixed"), tmp_path) as noc:
        ticket = noc.happens()
        noc.do(ticket, Acknowledge())
        noc.send()
        assert contract.tickets["NOC-1"]["status"] == "Waiting"
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        assert contract.tickets["NOC-1"]["status"] == "Won't do"


def test_a_status_that_the_workflow_does_not_offer_is_named(tool: Tool, tmp_path: Path) -> None:
    with told(settings(tool.url, over="Closed"), tmp_path) as noc:
        ticket = noc.happens()
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        (dead,) = noc.dead()
    assert "offers NOC-1 no way to Closed, only to In Progress, Waiting, Done, Won't do" in dead.last_error


def test_more_fields_go_into_a_new_issue_and_displace_none_of_ours(
    tool: Tool, contract: JiraContract, tmp_path: Path
) -> None:
    more = {"priority": {"name": "High"}, "labels": ["noc"], "summary": "not this"}
    with told(settings(tool.url, fields=more), tmp_path) as noc:
        ticket = noc.happens()
        noc.send()
    issue = contract.tickets["NOC-1"]
    assert issue["priority"] == {"name": "High"} and issue["labels"] == ["noc", f"akira-{ticket}"]
    assert issue["summary"].startswith("SEV2 ")


def test_an_odd_ticket_id_makes_a_label_that_jira_takes(tool: Tool) -> None:
    jira = settings(tool.url).open("https://noc.example")
    assert jira.mark("i-1") == "akira-i-1"
    odd = jira.mark("an id with spaces" * 20)
    jira.close()
    assert " " not in odd and len(odd) <= 255


def posted(event: str, told: Mapping[str, Any], who: str = "5b10-ann", secret: str = "s3cret") -> Posted:
    """A webhook as the documentation shows it."""
    user = {"accountId": who, "displayName": "Ann Other"}
    body = json.dumps({"timestamp": 1, "webhookEvent": event, "user": user, **told}).encode()
    mark = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Posted({"x-hub-signature": f"sha256={mark}", "x-atlassian-webhook-identifier": "w-1"}, body, 0)


def moved(category: str) -> dict[str, Any]:
    status = {"name": "x", "statusCategory": {"key": category}}
    items = [{"field": "status", "fromString": "To Do", "toString": "x"}]
    return {"issue": {"key": "NOC-1", "fields": {"status": status}}, "changelog": {"items": items}}


def test_what_people_do_there_comes_back_when_the_signature_fits(tool: Tool) -> None:
    hook = settings(tool.url, webhook_secret="s3cret").hook()
    assert hook is not None
    why = "To Do to x in Jira"
    updated = "jira:issue_updated"
    assert hook.read(posted(updated, moved("done"))) == (Said("resolved", "w-1", "Ann Other", why, "NOC-1"),)
    assert [(each.what, each.key) for each in hook.read(posted(updated, moved("indeterminate")))] == [
        ("reopened", "w-1:reopened"),
        ("acknowledged", "w-1"),
    ]
    assert hook.read(posted(updated, moved("done"), "5b10-ours")) == (), "our own doing"
    assert hook.read(posted(updated, {"issue": {"key": "NOC-1", "fields": {}}, "changelog": {"items": []}})) == ()
    author = {"accountId": "5b10-ann", "displayName": "Ann Other"}
    for body in (
        "The supplier *knows*",
        {
            "type": "doc",
            "content": [
                {
                    "type": "paragraph",
                    "content": [{"type": "text", "text": "The supplier "}, {"type": "text", "text": "*knows*"}],
                }
            ],
        },
    ):
        comment = {"issue": {"key": "NOC-1"}, "comment": {"author": author, "body": body}}
        assert hook.read(posted("comment_created", comment)) == (
            Said("commented", "w-1", "Ann Other", "The supplier *knows*", "NOC-1"),
        )
    assert [asked.path for asked in tool.asked] == ["/rest/api/3/myself"], "asked once"


@pytest.mark.parametrize("spoiled", ["another secret", "no signature", "another method"])
def test_nothing_unsigned_is_believed(tool: Tool, spoiled: str) -> None:
    hook = settings(tool.url, webhook_secret="s3cret").hook()
    assert hook is not None
    good = posted("jira:issue_updated", moved("done"))
    bad = {
        "another secret": posted("jira:issue_updated", moved("done"), secret="other"),
        "no signature": Posted({}, good.body, 0),
        "another method": Posted(
            {"x-hub-signature": good.headers["x-hub-signature"].replace("256", "1")}, good.body, 0
        ),
    }[spoiled]
    with pytest.raises(Unsigned):
        hook.read(bad)


def test_while_jira_does_not_say_who_we_are_it_is_asked_to_post_again(noc: Told, tool: Tool) -> None:
    made = settings(tool.url, webhook_secret="s3cret")
    app = create_app(noc.store, DeskPolicy(), outlets=[made])
    ticket = noc.happens()
    noc.send()
    move = posted("jira:issue_updated", moved("indeterminate"))
    tool.faults.extend([Reply(503, b""), Reply(401, b"no"), Reply(200, b"<html>")])
    with served(app, "127.0.0.1", 0, app.state.hub.close) as address:
        for status in (503, 503, 503, 204):
            answer = httpx.post(f"{address}/hooks/jira", content=move.body, headers=dict(move.headers))
            assert answer.status_code == status
            assert (status == 204) or int(answer.headers["retry-after"]) > 0
    found = noc.desk.ticket(ticket)
    assert found is not None and found.state == "acknowledged"
