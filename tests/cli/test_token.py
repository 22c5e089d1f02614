"""`akira token`: a token is shown once, works at the console at once, and ends when it is revoked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.web.conftest import Web


@pytest.fixture(autouse=True)
def settings(web: Web, tmp_path: Path) -> None:
    """The same store as the console's."""
    (tmp_path / "akira.toml").write_text(f'[store]\nurl = "sqlite:///{tmp_path / "akira.db"}"\n')


def test_a_token_from_its_making_to_its_end(run: Run, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run("token", "new", "anna", "--role", "noc", "--days", "1", "--json").json
    monkeypatch.setenv("AKIRA_TOKEN", made["token"])
    assert run("ticket", "--server", web.address, "take", "I-1").code == 0
    assert web.app.state.office.ticket("I-1").assignee == "anna"
    listed = run("token", "list")
    assert made["id"] in listed.out and "valid" in listed.out and made["token"] not in listed.out
    told = run("token", "list", "--json")
    assert "hash" not in told.out and [row["name"] for row in told.json] == ["anna"]
    assert run("token", "revoke", made["id"]).out == f"{made['id']} is revoked\n"
    assert run("ticket", "--server", web.address, "list").code == 5
    assert "revoked" in run("token", "list").out
    again = run("token", "revoke", made["id"])
    assert again.code == 3 and "akira token list" in again.err


def test_a_scope_narrows_it_and_it_may_last_for_ever(run: Run, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run("token", "new", "wall-screen", "--role", "noc", "--days", "0", "--scope", "read")
    monkeypatch.setenv("AKIRA_TOKEN", made.out.strip())
    assert run("ticket", "--server", web.address, "list").code == 0
    refused = run("ticket", "--server", web.address, "ack", "I-1")
    assert refused.code == 5 and "write" in refused.err
    (row,) = json.loads(run("token", "list", "--json").out)
    assert row["expires_at_ms"] is None and row["scopes"] == ["read"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("anna", "--role", "boss"), "there is no role boss"),
        (("anna", "--role", "noc", "--scope", "all"), "there is no scope all"),
        (("akira", "--role", "noc"), "'akira' cannot be a name"),
        (("anna", "--role", "noc", "--days", "-1"), "--days"),
    ],
)
def test_what_cannot_be_a_token_is_refused(run: Run, words: tuple[str, ...], told: str) -> None:
    refused = run("token", "new", *words)
    assert refused.code == 2 and told in refused.err and run("token", "list", "--json").json == []
