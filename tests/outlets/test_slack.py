"""Slack: one message for each ticket with a thread, and another one when somebody deleted it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.outlets.slack import SlackSettings
from pipeline.desk.commands import Acknowledge, AddNote
from tests.outlets.contracts import SlackContract
from tests.outlets.desk import Told, told
from tests.outlets.fake import Reply, Tool, serving


@pytest.fixture
def contract() -> SlackContract:
    return SlackContract()


@pytest.fixture
def tool(contract: SlackContract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


@pytest.fixture
def noc(contract: SlackContract, tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(SlackSettings.model_validate(contract.settings(tool.url)), tmp_path) as made:
        yield made


def test_the_message_is_kept_up_to_date_and_its_thread_tells_what_happened(noc: Told, contract: SlackContract) -> None:
    ticket = noc.happens()
    noc.do(ticket, AddNote("term-05 <b>& co</b>"))
    noc.do(ticket, Acknowledge())
    noc.send()
    root, note, acknowledged = contract.messages
    assert root["text"].startswith("▲ *SEV2 term-05 rejects calls to Germany-Mobile* (acknowledged)")
    assert f"https://noc.example/tickets/{ticket}" in root["text"] and "thread_ts" not in root
    assert (note["thread_ts"], note["text"]) == (root["ts"], "term-05 &lt;b&gt;&amp; co&lt;/b&gt; (ann)")
    assert acknowledged["thread_ts"] == root["ts"]


def test_a_message_that_was_deleted_is_posted_anew(noc: Told, contract: SlackContract) -> None:
    ticket = noc.happens()
    noc.send()
    contract.messages.clear()
    noc.do(ticket, Acknowledge())
    noc.send()
    noc.do(ticket, AddNote("on it"))
    noc.send()
    root, note = contract.messages
    assert "(acknowledged)" in root["text"] and note["thread_ts"] == root["ts"] and noc.dead() == []


@pytest.mark.parametrize(
    ("error", "state", "hint"),
    [
        ({"error": "missing_scope", "needed": "channels:history"}, "pending", "it needs channels:history"),
        ({"error": "invalid_auth"}, "pending", "is the token valid"),
        ({"error": "internal_error"}, "pending", "internal_error"),
        ({"error": "ratelimited"}, "pending", "ratelimited"),
        ({"error": "msg_too_long"}, "dead", "msg_too_long"),
    ],
)
def test_what_slack_says_inside_a_200(noc: Told, tool: Tool, error: dict[str, str], state: str, hint: str) -> None:
    tool.faults.append(Reply(200, {"ok": False, **error}))
    noc.happens()
    noc.send()
    (row,) = noc.outbox.rows()
    assert row.state == state and hint in row.last_error
