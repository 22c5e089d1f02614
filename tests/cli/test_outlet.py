"""A person sees how outlets stand and tries one, at the command line and in the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.outlets.pagerduty import PagerDutySettings
from tests.cli.conftest import Run
from tests.outlets.contracts import SECRET, PagerDutyContract
from tests.outlets.desk import told
from tests.outlets.fake import Reply, Tool, serving
from tests.outlets.test_pagerduty import settings
from tests.store.faults import incident
from tests.web.conftest import Web

SETTINGS = """
[store]
url = "sqlite:///{store}"

[[outlet]]
kind = "pagerduty"
name = "noc-pager"
url = "{url}"
routing_key = {{ env = "PD_KEY" }}
"""


@pytest.fixture
def tool() -> Iterator[Tool]:
    with serving(PagerDutyContract()) as running:
        yield running


@pytest.fixture
def written(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "akira.toml").write_text(SETTINGS.format(store=tmp_path / "akira.db", url=tool.url))
    monkeypatch.setenv("PD_KEY", SECRET)


def test_a_test_message_says_what_it_is_and_what_became_of_it(run: Run, tool: Tool, written: None) -> None:
    tried = run("outlet", "test", "noc-pager")
    assert tried.code == 0 and tried.out.startswith("noc-pager: an alert was triggered and resolved")
    assert tool.asked[0].json["payload"]["summary"].startswith("TEST from Akira on ")
    assert [asked.json["event_action"] for asked in tool.asked] == ["trigger", "resolve"]


def test_what_is_wrong_is_told_with_its_cure(
    run: Run, tool: Tool, written: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool.faults.append(Reply(403, {"message": "no"}))
    refused = run("outlet", "test", "noc-pager")
    assert refused.code == 3 and "answered 403" in refused.err and "is routing_key the key" in refused.err
    tool.faults.append(Reply(lost=True))
    away = run("outlet", "test", "noc-pager")
    assert away.code == 4 and "does not answer" in away.err
    unknown = run("outlet", "test", "pager")
    assert unknown.code == 2 and "their names: noc-pager" in unknown.err
    monkeypatch.delenv("PD_KEY")
    unset = run("outlet", "test", "noc-pager")
    assert unset.code == 3 and "environment variable PD_KEY is not set" in unset.err


def test_the_list_tells_what_waits_and_why(run: Run, tool: Tool, written: None, tmp_path: Path) -> None:
    tool.faults.append(Reply(503, b"closed for today"))
    with told(settings(tool.url, name="noc-pager"), tmp_path) as noc:
        noc.happens()
        noc.send()
    (row,) = run("outlet", "list", "--json").json
    assert (row["name"], row["kind"], row["waiting"], row["dead"]) == ("noc-pager", "pagerduty", 1, 0)
    assert "closed for today" in row["last_error"] and "noc-pager" in run("outlet", "list").out


def test_what_was_given_up_goes_again_or_is_dropped(run: Run, tool: Tool, written: None, tmp_path: Path) -> None:
    tool.faults.append(Reply(400, {"message": "not today"}))
    with told(settings(tool.url, name="old-pager"), tmp_path) as noc:
        noc.happens()
        noc.send()
        new, old = run("outlet", "list", "--json").json
        assert (new["name"], new["dead"]) == ("noc-pager", 0)
        assert (old["name"], old["kind"], old["dead"]) == ("old-pager", "gone from the settings", 1)
        assert run("outlet", "resend", "old-pager").out == "old-pager: 1 go again\n"
        assert run("outlet", "drop", "old-pager").out == "old-pager: 1 dropped\n"
        assert noc.waiting() == noc.dead() == [] and len(run("outlet", "list", "--json").json) == 1


def test_the_admin_page_gives_a_dead_letter_up_for_good(web: Web, tool: Tool, tmp_path: Path) -> None:
    tool.faults.append(Reply(400, {"message": "not today"}))
    admin = web.client("admin")
    with told(settings(tool.url, name="noc-pager"), tmp_path) as noc:
        noc.journal.record([incident(9, "I-9")], None)
        noc.send()
        (dead,) = noc.dead()
        assert "not today" in admin.get("/admin").text
        assert admin.post(f"/admin/outbox/{dead.id}/drop").status_code == 303
        assert admin.post(f"/api/v1/outbox/{dead.id}/drop").status_code == 404
    assert "not today" not in admin.get("/admin").text and "dropped" in admin.get("/admin/audit").text


def test_the_admin_page_tries_an_outlet_and_keeps_who_did(web: Web, tool: Tool) -> None:
    pager: PagerDutySettings = settings(tool.url, name="noc-pager")
    web.app.state.outlets = [pager]
    admin = web.client("admin")
    assert 'action="/admin/outlets/noc-pager/test"' in admin.get("/admin").text
    assert "an alert was triggered and resolved" in admin.post("/admin/outlets/noc-pager/test").text
    tool.faults.append(Reply(401, {"message": f"{SECRET} is not known"}))
    refused = admin.post("/admin/outlets/noc-pager/test")
    assert refused.status_code == 502 and "answered 401" in refused.text and SECRET not in refused.text
    assert admin.post("/admin/outlets/other/test").status_code == 404
    assert [row["name"] for row in admin.get("/api/v1/outlets").json()] == ["noc-pager"]
    assert "triggered and resolved" in admin.post("/api/v1/outlets/noc-pager/test").json()["told"]
    assert "test message sent" in admin.get("/admin/audit").text
    assert web.client("noc").post("/admin/outlets/noc-pager/test").status_code == 403
