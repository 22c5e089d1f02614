"""`akira ticket` against a served console: every command of the desk, JSON, refusals with hints, exit codes."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.main import get_command

from akira.cli import build
from akira.web.api.commands import BY_SLUG
from tests.cli.conftest import Run, now_ms
from tests.web.conftest import Web

NAMES = {"acknowledge": "ack", "add-note": "note", "add-evidence": "evidence", "set-root-cause": "root-cause",
         "confirm-window": "window", "link-postmortem": "postmortem", "force-severity": "severity"}  # fmt: skip
QUERIES = {"list", "show", "new", "draft", "export", "verify"}


def test_every_command_of_the_desk_is_there() -> None:
    group = get_command(build(("ticket",))).commands["ticket"]  # type: ignore[attr-defined]
    assert set(group.commands) == {NAMES.get(slug, slug) for slug in BY_SLUG} | QUERIES


def test_list_and_show_say_what_is_open(ticket: Run) -> None:
    listed = ticket("list")
    assert listed.code == 0 and listed.out.index("■ SEV1") < listed.out.index("● SEV3")
    assert "term-05 rejects calls to Germany-Mobile" in listed.out
    assert ticket("list", "germany", "--queue", "Billing").out == "No tickets match.\n"
    assert [row["id"] for row in ticket("list", "--customer", "big", as_json=True).json["items"]] == ["I-1"]
    assert "The first 1; narrow it down" in ticket("list", "--limit", "1").out
    shown = ticket("show", "I-1").out
    for words in ("because 2 customers cannot place calls", "terminator term-05 × destination", "[ ] postmortem"):
        assert words in shown
    assert ticket("show", "I-1", as_json=True).json["evidence"]["examples"] == ["call-1", "call-2"]


def test_from_alarm_to_closed_ticket(ticket: Run, web: Web, tmp_path: Path) -> None:
    (tmp_path / "pm.md").write_text("# What happened\n" + "A card in term-05 was broken and nobody had a spare. " * 3)
    refused = ticket("close", "I-1")
    assert refused.code == 5 and refused.out == ""
    for words in ("- it is open, not resolved", "- root cause or final classification is missing", "hint: resolve;"):
        assert words in refused.err
    steps = [
        ("ack", "I-1"),
        ("respond", "I-1", "--text", "We look into it.", "--next-update-min", "30"),
        ("note", "I-1", "the supplier was called"),
        ("mitigate", "I-1", "--why", "moved to term-06"),
        ("resolve", "I-1", "--why", "term-05 repaired", "--override"),
        ("root-cause", "I-1", "a broken card"),
        ("evidence", "I-1", "cdr", "call-1", "--note", "503 after 4 s"),
        ("window", "I-1", "2026-11-24T14:02Z", "2026-11-24T14:40"),
        ("postmortem", "I-1", "@pm.md"),
        ("close", "I-1", "--why", "done"),
    ]
    for step in steps:
        done = ticket(*step)
        assert done.code == 0 and done.out.startswith("I-1 SEV1 "), (step, done)
    closed = web.app.state.office.ticket("I-1")
    assert closed.state == "closed" and closed.closed_by == "noc-person"
    assert closed.window is not None and closed.window.to_ms - closed.window.from_ms == 38 * 60_000
    assert closed.postmortem.startswith("# What happened") and closed.proofs[0].note == "503 after 4 s"
    assert ticket("verify", "I-1").out == "I-1: the log is whole\n"
    assert ticket("reopen", "I-1", "--why", "it is back").out.startswith("I-1 SEV1 open")


def test_a_billing_complaint_that_is_a_rating_failure(ticket: Run) -> None:
    moved = ticket("reclassify", "D-000001", "cdr_pipeline", "--why", "no call is rated", as_json=True).json
    assert (moved["queue"], moved["incident"], moved["severity"]) == ("NOC", True, "SEV2")
    same = ticket("reclassify", "D-000001", "cdr_pipeline", "--why", "again")
    assert same.code == 5 and "already is cdr_pipeline" in same.err and "hint: choose another class" in same.err


def test_new_says_what_to_ask_and_what_it_may_be_part_of(ticket: Run, web: Web) -> None:
    made = ticket("new", "sip_quality", "calls to Germany fail", "--customer", "big", "--since", "2026-11-24T14:02Z",
                  "--example", "49301 49302 14:03", "--impact", "--unable", "3")  # fmt: skip
    assert made.code == 0 and made.out.startswith("D-000002 SEV1 NOC: calls to Germany fail\n")
    assert "see I-1 (SEV1)" in made.out and "still to ask: which account" in made.out
    kept = web.app.state.office.ticket("D-000002")
    assert kept.door == "cli" and kept.intake.examples == ("49301 49302 14:03",)
    assert ticket("amend", "D-000002", "--account", "A-7").code == 0
    assert web.app.state.office.ticket("D-000002").intake.account == "A-7"
    failing = ticket("new", "billing", "Invoice 9 is empty", "--failing", "invoice generation", as_json=True).json
    assert (failing["ticket_type"], failing["queue"]) == ("cdr_pipeline", "NOC")


def test_bonds_and_their_opposites(ticket: Run, web: Web) -> None:
    ticket("new", "sip_quality", "calls to Germany fail", "--customer", "acme")
    for step in (
        ("link", "D-000002", "I-1", "--why", "same supplier"),
        ("unlink", "D-000002", "I-1"),
        ("set-parent", "D-000002", "I-1", "--why", "part of it"),
        ("clear-parent", "D-000002", "--why", "it is not"),
        ("merge", "D-000002", "I-1", "--why", "the same matter"),
        ("unmerge", "D-000002", "--why", "it is not"),
        ("split", "I-1", "acme", "--summary", "acme alone", "--why", "another cause"),
        ("unsplit", "I-1.1", "--why", "the same after all"),
    ):
        done = ticket(*step)
        assert done.code == 0, (step, done)
    assert web.app.state.office.ticket("I-1").absorbed == ("I-1.1",)
    stranger = ticket("split", "I-1", "nobody", "--summary", "s", "--why", "w")
    assert stranger.code == 5 and "choose from acme, big" in stranger.err


def test_pages_severity_and_watchers(ticket: Run, web: Web) -> None:
    assert ticket("severity", "I-1", "SEV2", "--why", "half of it is back").out.startswith("I-1 SEV2")
    assert ticket("severity", "I-1", "table", "--why", "it is not").out.startswith("I-1 SEV1")
    assert ticket("escalate", "I-1", "--why", "nobody answers", "--to", "cleo").code == 0
    assert ticket("silence", "I-1", "--minutes", "30", "--why", "planned work").code == 0
    kept = web.app.state.office.ticket("I-1")
    assert kept.escalations[-1].to == "cleo"
    assert 0 < kept.silenced_until_ms - now_ms() <= 30 * 60_000
    for step in (("unsilence", "I-1"), ("watch", "I-1"), ("unwatch", "I-1"), ("take", "I-1", "--who", "bert")):
        assert ticket(*step).code == 0, step
    kept = web.app.state.office.ticket("I-1")
    assert (kept.silenced_until_ms, kept.watchers, kept.assignee) == (None, (), "bert")


def test_drafts_come_from_the_facts_and_may_be_attached(ticket: Run, web: Web, tmp_path: Path) -> None:
    drafted = ticket("draft", "I-1").out
    assert drafted.startswith("# Postmortem of I-1: term-05 rejects calls") and "big: 160 failed calls" in drafted
    (tmp_path / "pm.md").write_text(drafted)
    assert ticket("postmortem", "I-1", "@pm.md").code == 0
    told = ticket("draft", "I-1", "--customer", "acme").out
    assert "Of your 90 calls" in told and "big" not in told


def test_export_is_one_object_a_line_whatever_is_in_it(ticket: Run) -> None:
    ticket("new", "access", "portal\u2028locked\x85")
    lines = ticket("export").out.split("\n")
    assert lines.pop() == "" and len(lines) == 3
    assert {json.loads(line)["id"] for line in lines} == {"I-1", "D-000001", "D-000002"}
    assert [json.loads(line)["id"] for line in ticket("export", "--queue", "Billing").out.splitlines()] == ["D-000001"]


def test_a_changed_log_is_found(ticket: Run, web: Web) -> None:
    with web.store.writing() as connection:
        connection.exec_driver_sql("UPDATE ticket_events SET actor = 'eve' WHERE ticket_id = 'I-1'")
    found = ticket("verify", "I-1")
    assert found.code == 5 and "its content was changed" in found.err and "backup" in found.err


REFUSED = (
    (("show", "I-404"), 5, "There is no ticket I-404", "look it up"),
    (("show", "I-1?x=/1"), 5, "Not Found", ""),
    (("show", "I-1?x=1"), 5, "There is no ticket I-1?x=1", "look it up"),
    (("list", "--severity", "SEV9"), 5, "severity: one of SEV1, SEV2, SEV3", ""),
    (("resolve", "I-1", "--why", "gone"), 5, "telemetry still shows the fault", "override"),
    (("evidence", "I-1", "link", "javascript:1"), 5, "begins with http", "add it as a command"),
    (("window", "I-1", "2026-11-24T14:02Z"), 5, "lacks `to`", "give both"),
    (("window", "I-1", "noon", "later"), 2, "'noon' is no time", "2026-11-24T14:02Z"),
    (("postmortem", "I-1", "@none.md"), 3, "none.md: cannot be read", "@FILE"),
    (("mitigate", "I-1"), 2, "Missing option '--why'", ""),
)


def test_refusals_say_what_is_wrong_and_how_to_mend_it(ticket: Run) -> None:
    for words, code, told, hint in REFUSED:
        refused = ticket(*words)
        assert refused.code == code and told in refused.err and hint in refused.err, refused
        assert "Traceback" not in refused.err


def test_who_may_not_and_who_is_nobody(run: Run, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKIRA_TOKEN", web.token("viewer"))
    viewer = run("ticket", "--server", web.address, "ack", "I-1")
    assert viewer.code == 5 and "viewer" in viewer.err
    monkeypatch.setenv("AKIRA_TOKEN", "akira_nonsense")
    nobody = run("ticket", "--server", web.address, "list")
    assert nobody.code == 5 and "Nobody is signed in" in nobody.err
    monkeypatch.setenv("AKIRA_TOKEN", "schl\u00fcssel")
    assert run("ticket", "list").err.startswith("akira: AKIRA_TOKEN is no token\nhint: set AKIRA_TOKEN")
    monkeypatch.delenv("AKIRA_TOKEN")
    assert run("ticket", "list").code == 3
    assert run("ticket", "list", "--help").code == 0, "help needs no token"


def test_a_server_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AKIRA_TOKEN", "akira_any")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        away = run("ticket", "--server", f"http://127.0.0.1:{port}", "list")
        assert away.code == 4 and f"127.0.0.1:{port} does not answer" in away.err and "akira console" in away.err
        (tmp_path / "akira.toml").write_text(f"[web]\nport = {port}\n")
        assert run("ticket", "list").err == away.err, "the settings name the same server"
    for server in ("127.0.0.1:8080", "http://[::", "ftp://host"):
        wrong = run("ticket", "--server", server, "list")
        assert wrong.code == 2 and "is no address" in wrong.err and "http://127.0.0.1:8080" in wrong.err
