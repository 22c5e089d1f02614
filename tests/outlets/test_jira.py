"""Jira Cloud: one issue for each ticket whatever is lost on the way and however far its search is behind."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.outlets import counterpart
from connectors.outlets.jira import JiraSettings
from connectors.outlets.port import Posted, Said, Unsigned
from pipeline.desk.commands import Acknowledge, ForceSeverity, Mitigate, Reopen, Resolve
from tests.outlets.desk import Told, told
from tests.outlets.fake import Asked, Reply, Tool, serving

TOKEN = "ATATT3xFfGF0-not-a-real-one"
BASIC = "Basic " + base64.b64encode(f"noc@carrier.example:{TOKEN}".encode()).decode()
STATUSES = {
    "To Do": "new",
    "In Progress": "indeterminate",
    "Waiting": "indeterminate",
    "Done": "done",
    "Won't do": "done",
}
LOST = Reply(lost=True)


class Contract:
    """REST API 3 as documented; `behind` issues are not in the search yet."""

    def __init__(self) -> None:
        self.issues: dict[str, dict[str, Any]] = {}
        self.behind: set[str] = set()
        self.asks_resolution = False

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != BASIC:
            return Reply(401, b"Client must be authenticated to access this resource.", {"content-type": "text/html"})
        parts = asked.path.removeprefix("/rest/api/3/").split("/")
        match asked.method, parts:
            case "POST", ["search", "jql"]:
                return self.search(asked.json)
            case "POST", ["issue"]:
                return self.made(asked.json["fields"])
            case _, ["issue", key, *rest]:
                if key not in self.issues:
                    return Reply(
                        404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}
                    )
                return self.issue(asked, self.issues[key], rest)
            case "GET", ["myself"]:
                return Reply(200, {"accountId": "5b10-ours", "displayName": "Akira"})
        return Reply(405)

    def search(self, body: dict[str, Any]) -> Reply:
        assert body["fields"] == ["status"], "without fields nothing but ids comes"
        project, label = body["jql"].split('"')[1], body["jql"].split('"')[3]
        assert body["jql"] == f'project = "{project}" AND labels = "{label}" ORDER BY created ASC'
        found = [
            {"key": key}
            for key, issue in self.issues.items()
            if key not in self.behind and label in issue["labels"] and key.startswith(f"{project}-")
        ]
        return Reply(200, {"issues": found[: body["maxResults"]], "isLast": True})

    def made(self, fields: dict[str, Any]) -> Reply:
        if fields["project"]["key"] != "NOC":
            return Reply(400, {"errorMessages": [], "errors": {"project": "valid project is required"}})
        assert 0 < len(fields["summary"]) <= 255 and "\n" not in fields["summary"]
        assert fields["description"]["type"] == "doc" and all(" " not in label for label in fields["labels"])
        key = f"NOC-{len(self.issues) + 1}"
        self.issues[key] = {**fields, "status": "To Do", "comments": []}
        return Reply(201, {"id": "10000", "key": key, "self": f"https://x/rest/api/3/issue/{key}"})

    def issue(self, asked: Asked, issue: dict[str, Any], rest: list[str]) -> Reply:
        match asked.method, rest:
            case "GET", []:
                status = {"name": issue["status"], "statusCategory": {"key": STATUSES[issue["status"]]}}
                return Reply(200, {"fields": {"status": status}})
            case "PUT", []:
                issue |= asked.json["fields"]
                return Reply(204, b"")
            case "GET", ["comment"]:
                return Reply(200, {"comments": [{"body": body} for body in reversed(issue["comments"])]})
            case "POST", ["comment"]:
                issue["comments"].append(asked.json["body"])
                return Reply(201, {"id": "1"})
            case "GET", ["transitions"]:
                offered = [(str(n), name) for n, name in enumerate(STATUSES) if name != issue["status"]]
                return Reply(
                    200,
                    {
                        "transitions": [
                            {
                                "id": n,
                                "name": f"to {name}",
                                "to": {"name": name, "statusCategory": {"key": STATUSES[name]}},
                            }
                            for n, name in offered
                        ]
                    },
                )
            case "POST", ["transitions"]:
                after = list(STATUSES)[int(asked.json["transition"]["id"])]
                if self.asks_resolution and STATUSES[after] == "done" and "fields" not in asked.json:
                    return Reply(400, {"errorMessages": [], "errors": {"resolution": "Resolution is required."}})
                issue["status"] = after
                return Reply(204, b"")
        return Reply(405)

    def said(self, key: str) -> list[str]:
        """The last line of each comment."""
        return [body["content"][-1]["content"][0]["text"] for body in self.issues[key]["comments"]]


@pytest.fixture
def contract() -> Contract:
    return Contract()


@pytest.fixture
def tool(contract: Contract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


def settings(url: str, **more: object) -> JiraSettings:
    given = {"kind": "jira", "name": "jira", "url": url, "user": "noc@carrier.example", "token": TOKEN}
    return JiraSettings.model_validate({**given, "project": "NOC", "settle_s": 0, **more})


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def test_a_ticket_is_one_issue_from_to_do_to_done(noc: Told, contract: Contract) -> None:
    ticket = noc.happens()
    noc.send()
    (issue,) = contract.issues.values()
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
    assert contract.said("NOC-1") == [f"[{ticket}:{seq}:jira]" for seq in range(2, 7)]
    assert noc.waiting() == noc.dead() == []


@pytest.mark.parametrize("lost_at", range(5))
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
    assert noc.waiting() == noc.dead() == [] and len(contract.issues) == 1
    assert contract.issues["NOC-1"]["status"] == "Done"
    assert contract.said("NOC-1") == [f"[{ticket}:2:jira]"]


def test_an_issue_that_its_search_does_not_show_yet_is_waited_for(
    tool: Tool, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(counterpart, "now_s", lambda: clock[0])
    with told(settings(tool.url, settle_s=120), tmp_path) as noc:
        clock[0] += 200
        ticket = noc.happens()
        contract.behind = {"NOC-1"}
        tool.faults.extend([None, LOST])
        noc.send()
        clock[0] += 60
        noc.send(later_ms=60_000)
        assert "an earlier attempt may have made it" in noc.waiting()[0].last_error
        contract.behind = set()
        noc.send(later_ms=3_600_000)
        assert noc.waiting() == [] and len(contract.issues) == 1
        assert noc.outbox.rows("sent")[0].remote_id == "NOC-1" and noc.outbox.ticket_of("jira", "NOC-1") == ticket


def test_what_the_process_before_may_have_made_is_waited_for_too(
    tool: Tool, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr(counterpart, "now_s", lambda: clock[0])
    with told(settings(tool.url, settle_s=120), tmp_path) as noc:
        noc.happens()
        noc.send()
        assert contract.issues == {} and "120 s left" in noc.waiting()[0].last_error
        clock[0] += 121
        noc.send(later_ms=60_000)
        assert noc.waiting() == [] and len(contract.issues) == 1


def test_throttled_as_long_as_it_says(noc: Told, tool: Tool, contract: Contract) -> None:
    tool.faults.extend([None, Reply(429, b"", {"retry-after": "42"})])
    noc.happens()
    noc.send()
    assert noc.waiting()[0].next_at_ms == noc.at_ms + 42_000
    noc.send(later_ms=42_000)
    assert noc.waiting() == [] and len(contract.issues) == 1


def test_a_refused_token_is_told_with_its_cure_and_not_shown(tool: Tool, tmp_path: Path) -> None:
    with told(settings(tool.url, token="ATATT-another-one"), tmp_path) as noc:
        noc.happens()
        noc.send()
        (waiting,) = noc.waiting()
    assert "answered 401" in waiting.last_error and "is the token of noc@carrier.example valid" in waiting.last_error
    assert "ATATT" not in waiting.last_error


def test_what_jira_will_never_take_is_a_dead_letter_in_its_words(tool: Tool, tmp_path: Path) -> None:
    with told(settings(tool.url, project="OPS"), tmp_path) as noc:
        noc.happens()
        noc.send()
        (dead,) = noc.dead()
    assert "valid project is required" in dead.last_error


def test_the_named_status_and_resolution_are_taken(tool: Tool, contract: Contract, tmp_path: Path) -> None:
    contract.asks_resolution = True
    with told(settings(tool.url, over="Won't do", active="Waiting", resolution="Fixed"), tmp_path) as noc:
        ticket = noc.happens()
        noc.do(ticket, Acknowledge())
        noc.send()
        assert contract.issues["NOC-1"]["status"] == "Waiting"
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        assert contract.issues["NOC-1"]["status"] == "Won't do"


def test_a_status_that_the_workflow_does_not_offer_is_named(tool: Tool, tmp_path: Path) -> None:
    with told(settings(tool.url, over="Closed"), tmp_path) as noc:
        ticket = noc.happens()
        noc.do(ticket, Resolve("gone", override=True))
        noc.send()
        (waiting,) = noc.waiting()
    assert "offers NOC-1 no way to Closed, only to In Progress, Waiting, Done, Won't do" in waiting.last_error


def test_an_answer_unlike_jiras_is_no_empty_search(tool: Tool, contract: Contract, tmp_path: Path) -> None:
    tool.faults.append(Reply(200, b"<html>sign in</html>", {"content-type": "text/html"}))
    with told(settings(tool.url), tmp_path) as noc:
        noc.happens()
        noc.send()
        assert "answers the search unlike Jira Cloud" in noc.waiting()[0].last_error and contract.issues == {}


def test_more_fields_go_into_a_new_issue_and_displace_none_of_ours(
    tool: Tool, contract: Contract, tmp_path: Path
) -> None:
    more = {"priority": {"name": "High"}, "labels": ["noc"], "summary": "not this"}
    with told(settings(tool.url, fields=more), tmp_path) as noc:
        ticket = noc.happens()
        noc.send()
    issue = contract.issues["NOC-1"]
    assert issue["priority"] == {"name": "High"} and issue["labels"] == ["noc", f"akira-{ticket}"]
    assert issue["summary"].startswith("SEV2 ")


def test_an_odd_ticket_id_makes_a_label_that_jira_takes(tool: Tool) -> None:
    jira = settings(tool.url).open("https://noc.example")
    assert jira.mark("i-1") == "akira-i-1"
    odd = jira.mark("an id with spaces" * 20)
    jira.close()
    assert " " not in odd and len(odd) <= 255


def test_the_test_button_makes_finds_and_ends(tool: Tool, contract: Contract) -> None:
    jira = settings(tool.url).open("https://noc.example")
    assert jira.test("A test") == "NOC-1 was made, found again, and ended"
    jira.close()
    assert contract.issues["NOC-1"]["status"] == "Done"


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
