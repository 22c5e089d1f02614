"""Pages without JavaScript: the ten-second order, forms for every command, empty states, contrast, weight."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import akira.web
from akira.web.feeds import lines
from akira.web.pages import runbooks
from akira.web.pages.forms import read_command
from akira.web.pages.runbooks import titles
from akira.web.problems import Problem
from connectors.store.door import Desk
from connectors.store.journal import Journal
from pipeline.desk.commands import Acknowledge, Open, Respond, Silence
from pipeline.incidents import TYPE_OF_SIGNAL, Cost, Impact, Moved
from tests.web.conftest import MINUTE, NOW, POLICY, Feed, Web, incident

TOKENS = (Path(akira.web.__file__).parent / "static" / "tokens.css").read_text("utf-8")


def test_the_incident_page_answers_in_the_order_of_questions(web: Web) -> None:
    page = unescape(web.client("noc").get("/tickets/I-1").text)
    asked = [
        "SEV1</span> term-05 rejects calls to Germany-Mobile",
        "because 2 customers cannot place calls",
        "Acknowledge",
        "208</b> failed calls above normal",
        "≈ €84/h</b> not carried, ≈ €28 so far",
        "terminator term-05 × destination Germany-Mobile",
        "ASR 6 % where 58 % (56–60) is normal, of 3,912",
        "503 in 91 % of failures",
        "<svg",
        "Before it",
        "First reply",
        "Customers (2)",
        "208 answered calls missing, at a mean charge of €0.14 (412 calls)",
        "Closing checklist",
    ]
    places = [page.find(words) for words in asked]
    assert -1 not in places, [words for words, place in zip(asked, places, strict=True) if place < 0]
    assert places == sorted(places)


def test_what_a_fault_costs_goes_with_the_ticket_and_is_told_where_it_is_known(web: Web) -> None:
    noc, cost = web.client("noc"), TypeAdapter(Cost).dump_python(incident().evidence.costs[0])
    for path in ("/api/v1/tickets/I-1", "/api/v1/tickets/I-1/contract"):
        assert noc.get(path).json()["evidence"]["costs"] == [cost]
    assert '"per_h_micro": 84240000' in noc.get("/api/v1/export").text
    assert "≈ €84/h not carried, ≈ €28 since the onset" in noc.get("/api/v1/tickets/I-1/postmortem").text
    assert "per_h_micro" in web.app.openapi()["components"]["schemas"]["Cost"]["properties"]
    assert "€" not in noc.get("/api/v1/tickets/I-1/update", params={"customer": "big"}).text
    told = replace(incident(revision=2), ended_ms=NOW - MINUTE, recovered_at_ms=NOW)
    Journal(web.store, POLICY).record([told], None)
    assert "≈ €28</b> not carried" in noc.get("/tickets/I-1").text
    free = replace(incident("I-2"), evidence=replace(incident().evidence, costs=()))
    Journal(web.store, POLICY).record([free], None)
    assert "≈" not in noc.get("/tickets/I-2").text + noc.get("/api/v1/tickets/I-2/postmortem").text


def test_the_reason_is_todays_and_the_moves_and_parts_are_told(web: Web) -> None:
    now = incident(revision=2)
    moved = Moved(NOW - 23 * MINUTE, "Germany-Mobile moved to term-05: 2 %, then 71 % of its first attempts")
    evidence = replace(now.evidence, moves=(moved,))
    quiet = Impact("tiny", False, 3, 3, 1.0, 1.0)
    told = replace(now, evidence=evidence, why="because 9 customers cannot place calls", facts={"explained": 0.97},
                   customers=(*now.customers, quiet))  # fmt: skip
    Journal(web.store, POLICY).record([told], None)
    noc = web.client("noc")
    noc.post(f"/api/v1/tickets/{web.request_id}/set-parent", json={"parent": "I-1", "why": "it explains it"})
    page = unescape(noc.get("/tickets/I-1").text)
    for words in ("because 9 customers cannot", moved.words, "explains 97 % of the excess", "not enough calls",
                  "7 % where 60 % is normal", "route change"):  # fmt: skip
        assert words in page, words
    assert "Invoice 7 charges twice" in page.split("Its parts")[1]
    assert moved.words in noc.get("/api/v1/tickets/I-1/postmortem").text


def test_the_wall_counts_what_wants_work_and_what_waits_to_be_closed(web: Web) -> None:
    noc = web.client("noc")
    noc.post("/api/v1/tickets/I-1/resolve", json={"why": "repaired", "override": True})
    wall = re.sub(r"\s+", " ", noc.get("/").text)
    assert wall.index("Invoice 7 charges twice") < wall.index("term-05 rejects"), "what wants work comes first"
    listed = noc.get("/api/v1/tickets", params={"state": "active"}).json()["items"]
    assert [row["id"] for row in listed] == [web.request_id]
    assert re.search(r"severity=SEV1\"><b>0</b>", wall) and re.search(r"state=resolved\"><b>1</b>", wall)
    assert 'id="row-I-1" data-over' in wall
    assert "No open incident touches it" in noc.get("/customers/big").text
    assert "No open incident names it" in noc.get("/routes/terminator/term-05").text


def test_what_came_before_is_told(web: Web) -> None:
    earlier = incident("I-0", summary="switch sw2 lost its CDRs")
    onset = NOW - 50 * MINUTE
    moved = {"onset_ms": onset, "opened_at_ms": onset + MINUTE}
    Journal(web.store, POLICY).record([type(earlier)(**{**_fields(earlier), **moved})], None)
    page = web.client("noc").get("/tickets/I-1").text
    assert "switch sw2 lost its CDRs" in page.split("Before it")[1].split("First reply")[0]


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]


def test_every_form_of_the_ticket_page_works_without_javascript(web: Web) -> None:
    noc = web.client("noc")
    forms = _forms(noc.get("/tickets/I-1").text)
    assert {form.rsplit("/", 1)[1] for form in forms} >= {
        "acknowledge", "take", "respond", "mitigate", "resolve", "set-root-cause", "add-evidence", "confirm-window",
        "link-postmortem", "close", "add-note", "amend", "reclassify", "force-severity", "escalate", "silence",
        "split", "merge", "set-parent", "link",
    }  # fmt: skip
    for slug, form in (("link", {"other": web.request_id}), ("silence", {"until_ms": "2025-06-16T10:00", "why": "w"})):
        assert noc.post(f"/tickets/I-1/do/{slug}", data=form).status_code == 303
    assert {"/tickets/I-1/do/unlink", "/tickets/I-1/do/unsilence"} <= _forms(noc.get("/tickets/I-1").text)
    assert noc.post("/tickets/I-1/do/unlink", data={"other": web.request_id}).status_code == 303
    version = web.app.state.office.ticket("I-1").version
    seen = {"text": "a broken card", "if_version": str(version)}
    done = noc.post("/tickets/I-1/do/set-root-cause", data=seen)
    assert done.status_code == 303 and done.headers["location"] == "/tickets/I-1#closing"
    stale = noc.post("/tickets/I-1/do/take", data={"if_version": str(version)})
    assert stale.status_code == 412 and "I-1 has changed" in stale.text


def _forms(page: str) -> set[str]:
    return set(re.findall(r'action="(/tickets/I-1/do/[\w-]+)"', page))


def test_a_report_whose_reach_becomes_known_is_graded_and_moved(web: Web) -> None:
    noc = web.client("noc")
    form = {"intake.customer": "acme", "scope.production_impact": "on", "scope.affected": "3", "scope.unable": "",
            "scope.blocked": "", "scope.billing_failure": "rating"}  # fmt: skip
    assert noc.post(f"/tickets/{web.request_id}/do/amend", data=form).status_code == 303
    ticket = web.app.state.office.ticket(web.request_id)
    assert (ticket.queue, ticket.severity, ticket.incident) == ("NOC", "SEV2", True)


def test_a_refused_close_shows_the_page_with_what_is_missing(web: Web) -> None:
    refused = web.client("noc").post("/tickets/I-1/do/close", data={})
    assert refused.status_code == 422
    notice = refused.text.split('class="notice"')[1].split("</div>")[0]
    assert "postmortem" in notice and "root cause" in notice and "How:" in notice


def test_intake_looks_first_and_a_double_submit_makes_one_ticket(web: Web) -> None:
    noc = web.client("noc")
    key = re.search(r'name="key" value="(\w+)"', noc.get("/tickets/new").text)
    assert key is not None
    form = {"key": key[1], "summary": "no calls to Germany", "ticket_type": "sip_quality", "intake.customer": "big"}
    looked = noc.post("/tickets/new", data={**form, "look": "1"})
    assert looked.status_code == 200 and "big is among its customers" in looked.text and key[1] in looked.text
    made = {noc.post("/tickets/new", data=form).headers["location"] for _ in range(2)}
    assert len(made) == 1
    wrong = noc.post("/tickets/new", data={**form, "key": "other", "intake.from_ms": "yesterday"})
    assert wrong.status_code == 422 and "2026-11-24T14:02" in wrong.text


def test_a_billing_complaint_that_is_a_rating_failure_becomes_noc(web: Web) -> None:
    noc = web.client("noc")
    form = {"ticket_type": "cdr_pipeline", "why": "rating fails for every call since noon"}
    assert noc.post(f"/tickets/{web.request_id}/do/reclassify", data=form).status_code == 303
    page = noc.get(f"/tickets/{web.request_id}").text
    assert "NOC" in page and "moved from billing to cdr_pipeline" in page and "Incident response" in page


def test_the_on_call_page_says_who_was_paged_and_who_is_next(web: Web) -> None:
    desk = Desk(web.store, POLICY)
    assert [event.data["to"] for event in desk.escalate(NOW)] == ["anna"]
    waiting = web.client("viewer").get("/on-call").text.split("nobody has acknowledged")[1]
    assert re.search(r"term-05 rejects.*anna <time.*bert.*due in 5 min", waiting, re.S)
    assert [event.data["to"] for event in desk.escalate(NOW + 5 * MINUTE)] == ["bert"]
    assert desk.escalate(NOW + 9 * MINUTE) == []
    desk.act("I-1", Acknowledge(), NOW + 9 * MINUTE, "bert")
    assert desk.escalate(NOW + 60 * MINUTE) == []
    assert "Every open incident is acknowledged" in web.client("viewer").get("/on-call").text


def test_every_runbook_is_a_page_and_an_incident_links_to_its_own(web: Web) -> None:
    viewer = web.client("viewer")
    index = viewer.get("/runbooks").text
    linked = set(re.findall(r'href="/runbooks/(\w+)"', index))
    assert linked == set(titles()) and set(TYPE_OF_SIGNAL) <= linked
    for name in linked:
        page = viewer.get(f"/runbooks/{name}")
        assert page.status_code == 200 and f"{titles()[name]}" in unescape(page.text) and "<h2>" in page.text
        assert ".md" not in re.sub("<[^>]*>", "", page.text) and 'href="..' not in page.text, name
    incident_page = viewer.get("/tickets/I-1").text
    assert 'href="/runbooks/asr_drop"' in incident_page and 'href="/runbooks/sev1_open"' in incident_page
    assert 'href="/guide/incident-response"' in viewer.get("/runbooks/sev1_open").text
    for name in ("none", "README", "..%2F..%2Fapp"):
        assert viewer.get(f"/runbooks/{name}").status_code == 404
    signed_out = web.client().get("/runbooks/asr_drop").headers["location"]
    assert signed_out == "/sign-in?next=/runbooks/asr_drop", "an alert's link survives the sign-in"


def test_markdown_cannot_bring_html(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil.md").write_text("# <b>x</b>\n<script>alert(1)</script>\n[y](javascript:alert(1)) [z](a.md)\n")
    monkeypatch.setattr(runbooks, "_FOLDER", tmp_path)
    shown = runbooks.rendered("evil")
    assert "<script" not in shown and 'href="javascript' not in shown and 'href="/runbooks/a"' in shown


def test_the_filters_say_what_the_empty_choice_shows(web: Web) -> None:
    boxes = dict(re.findall(r'<select name="(\w+)"><option value="">([^<]*)', web.client("viewer").get("/queue").text))
    assert boxes == {"severity": "any", "queue": "any", "state": "not closed", "owed": "any"}


def test_empty_lists_say_why_they_are_empty(web: Web) -> None:
    viewer = web.client("viewer")
    assert "No open SEV3 NOC tickets" in viewer.get("/queue?severity=SEV3&queue=NOC").text
    assert "Nothing is silenced" in viewer.get("/silences").text
    web.feeds[0].age_s = 900
    assert "1 feed(s) are silent: this is not health" in viewer.get("/queue?queue=Support").text


def test_a_viewer_sees_no_button_it_may_not_press(web: Web) -> None:
    page = web.client("viewer").get("/tickets/I-1").text
    assert "/do/" not in page and "/tickets/new" not in page


def test_admin_issues_a_token_once_and_revokes_it(web: Web) -> None:
    admin = web.client("admin")
    made = admin.post("/admin/tokens", data={"name": "bert", "role": "support", "days": "1"})
    text = re.search(r"akira_([0-9a-f]{16})_[\w-]{43}", made.text)
    assert text is not None and text[0] not in admin.get("/admin").text
    assert web.app.state.tokens.check(text[0], NOW).role == "support"
    assert admin.post(f"/admin/tokens/{text[1]}/revoke").status_code == 303
    assert web.app.state.tokens.check(text[0], NOW) is None
    assert admin.post("/admin/tokens", data={"name": "akira", "role": "admin"}).status_code == 422


def test_a_list_of_a_thousand_tickets_weighs_no_more_than_fifty_kilobytes(web: Web) -> None:
    many = [
        incident(f"I-{n}", summary=f"terminator term-{n} rejects calls to a destination of some length")
        for n in range(2, 300)
    ]
    Journal(web.store, POLICY).record(many, None)
    for path in ("/", "/queue", "/queue?q=term"):
        assert len(web.client("noc").get(path).content) <= 50_000


def test_pages_ask_no_other_host_for_anything(web: Web) -> None:
    noc = web.client("admin")
    for path in (
        "/",
        "/queue",
        "/tickets/I-1",
        "/tickets/new",
        "/customers/big",
        "/routes/terminator/term-05",
        "/admin",
    ):
        text = noc.get(path).text
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', text), path
        assert "style=" not in text and "onclick" not in text, path


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _theme(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


@pytest.mark.parametrize("dark", [False, True])
def test_every_pair_of_colours_has_the_contrast_of_wcag_aa(dark: bool) -> None:
    light, automatic, chosen = re.split(r"@media|:root\[data-theme", TOKENS)
    assert _theme(automatic) == _theme(chosen), "the two ways into the dark must be one"
    theme = {**_theme(light), **(_theme(chosen) if dark else {})}
    for ink in ("ink", "muted", "link", "sev1-ink", "good-ink", "warn-ink"):
        for paper in ("paper", "surface", "new"):
            assert contrast(theme[ink], theme[paper]) >= 4.5, (ink, paper, dark)
    for mark in ("sev1", "sev2", "sev3", "good"):
        assert contrast(theme["on-mark"], theme[mark]) >= 4.5, mark
    assert contrast(theme["on-focus"], theme["focus"]) >= 4.5
    assert contrast(theme["focus"], theme["paper"]) >= 3, "the focus ring"


def test_form_fields_become_commands() -> None:
    form = {"text": "hello", "stance": "under_investigation", "next_update_ms": "2026-11-24T14:02"}
    assert read_command(Respond, form) == Respond("hello", "under_investigation", 1_795_528_920_000, received=False)
    opened = {
        "ticket_type": "access",
        "summary": "s",
        "intake.examples": "a\r\n\r\nb ",
        "scope.production_impact": "on",
    }
    command = read_command(Open, opened)
    assert command.intake.examples == ("a", "b") and command.scope.production_impact
    with pytest.raises(Problem) as refused:
        read_command(Silence, {"why": "x"})
    assert any("until_ms" in line for line in refused.value.missing)


def test_balance_events_that_do_not_come_are_no_silence() -> None:
    told = lines([Feed("balance", "default", 9000), Feed("sip", "sw1", 181)])
    assert [(line.kind, line.silent) for line in told] == [("sip", True), ("balance", False)]
