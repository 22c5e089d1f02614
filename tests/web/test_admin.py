"""Who did what and who may do something: the pages of people and audit, and their API."""

from __future__ import annotations

import time
from dataclasses import replace
from html import unescape

import pytest

from akira.web.auth.seen import EVERY_MS
from connectors.store.journal import Journal
from connectors.store.ledger import AuditLine, Ledger
from tests.web.conftest import MINUTE, NOW, POLICY, Web, incident

PERSON = "Zoë / Q?&"


def _whats(web: Web, **query: object) -> list[str]:
    items = web.client("admin").get("/api/v1/audit", params=query).json()["items"]
    return [f"{item['actor']}: {item['what']}" for item in items]


def test_everything_done_by_people_is_on_record(web: Web) -> None:
    admin, noc = web.client("admin"), web.client("noc")
    made = admin.post("/api/v1/tokens", json={"name": "bert", "role": "support"}).json()
    admin.delete(f"/api/v1/tokens/{made['id']}")
    browser = web.client()
    browser.post("/sign-in", data={"token": web.token("noc")})
    quiet = {"match": {"terminator": ["term-05"]}, "ends_ms": NOW + 60 * MINUTE, "why": "planned work"}
    silence = noc.post("/api/v1/silences", json=quiet).json()["id"]
    noc.delete(f"/api/v1/silences/{silence}")
    for command, body in (
        ("force-severity", {"severity": "SEV2", "why": "half of it is back"}),
        ("link", {"other": web.request_id, "why": "same customer"}),
    ):
        assert noc.post(f"/api/v1/tickets/I-1/{command}", json=body).status_code == 200
    assert noc.post(f"/api/v1/tickets/{web.request_id}/merge", json={"into": "I-1", "why": "one"}).status_code == 200
    told = _whats(web)
    for what in (
        f"admin-person: token made bert (support) {made['id']}",
        f"admin-person: token revoked bert (support) {made['id']}",
        "noc-person: signed in noc-person (noc)",
        "noc-person: silence made terminator term-05 planned work",
        f"noc-person: silence ended terminator term-05 {silence}",
        "noc-person: severity set to SEV2 by hand: half of it is back",
        "noc-person: merged into I-1: one",
    ):
        assert any(line.startswith(what) for line in told), (what, told)
    assert not any("akira/telemetry" in line for line in told)
    page = unescape(web.client("admin").get("/admin/audit?actor=noc-person").text)
    assert "silence made terminator term-05" in page and "token made bert" not in page


def test_the_audit_pages_without_loss(web: Web) -> None:
    ledger, noc = Ledger(web.store), web.client("noc")
    for number in range(230):
        ledger.note(AuditLine(NOW + number // 3, "jo", "tested", f"t-{number}"))
    noc.post("/api/v1/tickets/I-1/acknowledge")
    admin, seen, before = web.client("admin"), [], None
    while True:
        page = admin.get("/api/v1/audit", params={"actor": "jo", **({"before_ms": before} if before else {})}).json()
        seen += [item["what"] for item in page["items"]]
        before = page["next_before_ms"]
        if before is None:
            break
        assert 90 <= len(page["items"]) <= 100
    assert len(seen) == len(set(seen)) == 230 and seen[0] == "tested t-229"
    assert f"before_ms={NOW + 44}" in unescape(admin.get("/admin/audit?actor=jo").text)
    assert "Nothing on record by nobody" in admin.get("/admin/audit?actor=nobody").text


def test_people_with_their_roles_and_the_end_of_all_they_may(web: Web) -> None:
    tokens = web.app.state.tokens
    text, _ = tokens.issue(PERSON, "billing", at_ms=NOW, by="t", lasts_ms=None)
    tokens.issue(PERSON, "noc", at_ms=NOW, by="t", lasts_ms=1000)
    browser = web.client()
    browser.post("/sign-in", data={"token": text})
    browser.headers["Authorization"] = f"Bearer {text}"
    browser.post(f"/api/v1/tickets/{web.request_id}/take")
    admin = web.client("admin")
    person = next(one for one in admin.get("/api/v1/people").json() if one["name"] == PERSON)
    assert person.pop("seen_ms") in (None, NOW), "written once the answer is out"
    assert person == {"name": PERSON, "roles": ["noc", "billing"], "tokens": 2, "sessions": 1,
                      "signed_in_ms": NOW, "changed_ms": NOW}  # fmt: skip
    assert PERSON in unescape(admin.get("/admin/people").text)
    web.clock.now += 5000
    assert admin.post("/api/v1/people/end-access", json={"name": "no one"}).status_code == 404
    assert admin.post("/admin/people/end-access", data={"name": PERSON}).status_code == 303
    assert tokens.check(text, web.clock.now) is None
    gone = next(one for one in admin.get("/api/v1/people").json() if one["name"] == PERSON)
    assert (gone["roles"], gone["tokens"], gone["sessions"], gone["signed_in_ms"]) == ([], 0, 0, NOW)
    assert web.client().get("/admin/people").status_code == 303
    assert web.client("noc").get("/admin/people").status_code == 403


def _seen(web: Web, name: str, wanted: int | None) -> bool:
    """Whether `name` is last seen at `wanted`, now or in a moment."""
    ends = time.monotonic() + 5
    while web.app.state.seen.times().get(name) != wanted and time.monotonic() < ends:
        time.sleep(0.02)
    told = web.client("admin").get("/api/v1/people").json()
    return next(one["seen_ms"] for one in told if one["name"] == name) == wanted


def test_reading_is_being_seen_and_is_written_down_once_a_minute(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, wrote = web.app.state.seen, []
    write = seen.write
    monkeypatch.setattr(type(seen), "write", lambda self, name, at_ms: wrote.append(name) or write(name, at_ms))
    noc = web.client("noc")
    for _ in range(5):
        assert noc.get("/api/v1/tickets").status_code == 200
    assert _seen(web, "noc-person", NOW)
    web.clock.now += EVERY_MS - 1
    noc.get("/queue")
    assert _seen(web, "noc-person", NOW)
    web.clock.now += 1
    noc.get("/api/v1/tickets/I-1")
    assert _seen(web, "noc-person", NOW + EVERY_MS) and wrote.count("noc-person") == 2
    write("noc-person", NOW)
    assert _seen(web, "noc-person", NOW + EVERY_MS), "a later time stays"
    assert web.client("viewer").get("/api/v1/people").status_code == 403
    assert "viewer-person" not in seen.times(), "who is refused was not here"


def test_a_silence_that_is_ended_pages_again(web: Web) -> None:
    noc = web.client("noc")
    quiet = {"match": {"terminator": ["term-05"], "destination": ["Germany-Mobile"]},
             "ends_ms": NOW + 600 * MINUTE, "why": "planned work"}  # fmt: skip
    silence = noc.post("/api/v1/silences", json=quiet).json()["id"]
    late = incident("I-2", now=NOW + 60 * MINUTE)
    Journal(web.store, POLICY).record([late], None)
    assert noc.get("/api/v1/tickets/I-2").json()["silenced_by"] == silence
    assert noc.get("/api/v1/silences").json()[0]["hidden"] == 1
    noc.delete(f"/api/v1/silences/{silence}").raise_for_status()
    assert noc.get("/api/v1/tickets/I-2").json()["silenced_until_ms"] is None


def test_names_with_a_stroke_have_their_pages(web: Web) -> None:
    noc = web.client("noc")
    cause = {"destination": ("Germany/Mobile",), "terminator": ("a/b",)}
    Journal(web.store, POLICY).record([replace(incident("I-2"), cause=cause)], None)
    noc.post("/api/v1/tickets", json={"ticket_type": "access", "summary": "s", "intake": {"customer": "x/y ?"}})
    for path, words in (
        ("/routes", "/routes/destination/Germany/Mobile"),
        ("/routes/terminator/a/b", "I-2"),
        ("/customers", "/customers/x/y%20%3F"),
        ("/customers/x/y%20%3F", "x/y ?"),
    ):
        answer = noc.get(path)
        assert answer.status_code == 200 and words in answer.text, path
