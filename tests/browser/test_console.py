"""The console in a real Chromium: by keyboard alone, on a narrow screen, by two people at once, without JavaScript."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from akira.web.wanted import Wanted
from connectors.store.journal import Journal
from tests.browser.conftest import OpenPage
from tests.web.conftest import POLICY, Web, incident

PAGES = ("/", "/queue", "/tickets/I-1", "/tickets/new", "/customers", "/customers/big", "/routes",
         "/routes/terminator/term-05", "/silences", "/on-call", "/admin", "/admin/people", "/admin/audit",
         "/guide/incident-response", "/runbooks", "/runbooks/asr_drop", "/tickets/none")  # fmt: skip
SOON = 5_000


def _state(console: Web, ticket_id: str) -> str:
    return str(console.app.state.office.ticket(ticket_id).state)


def _sent(page: Page, *keys: str) -> None:
    """Press keys of which the last sends a form, and wait for the page that comes back."""
    for key in keys[:-1]:
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press(keys[-1])
    page.wait_for_load_state()


def test_from_alarm_to_closed_ticket_by_keyboard_alone(console: Web, open_page: OpenPage) -> None:
    page = open_page("/")
    keys, head = page.keyboard, page.locator("#head")
    expect(page.locator("#live-state")).to_have_text("live", timeout=SOON)
    newest = incident("I-9", now=time.time_ns() // 1_000_000 + 60_000, summary="term-07 rejects calls to Poland")
    Journal(console.store, POLICY).record([newest], None)
    expect(page.locator("#waiting")).to_have_text("1 new — press .", timeout=SOON)
    _sent(page, ".")
    expect(page.locator("tr[data-href]").first).to_contain_text("SEV1")
    expect(page.locator("tr[data-href]").first).to_contain_text("term-07 rejects calls")
    _sent(page, "j", "Enter")
    _sent(page, "a")
    expect(head).to_contain_text("acknowledged")
    keys.press("r")
    expect(page.locator("#reply textarea")).to_be_focused()
    assert "affected since" in page.locator("#reply textarea").input_value()
    _sent(page, "Escape", "s")
    expect(head).to_contain_text("Next update")
    keys.press("m")
    keys.type("moved to term-06")
    _sent(page, "Enter")
    expect(head).to_contain_text("mitigated")
    _sent(page, "c", "Escape", "x")
    expect(page.locator("[role=alert]")).to_contain_text("postmortem")
    assert _state(console, "I-9") == "mitigated"
    keys.press("m")
    keys.type("term-07 repaired")
    _sent(page, "Tab", "Space", "Enter")
    expect(head).to_contain_text("resolved")
    _close_by_keyboard(page)
    expect(head).to_contain_text("closed")
    assert _state(console, "I-9") == "closed"


def _close_by_keyboard(page: Page) -> None:
    """Fill the checklist field after field: each form comes back to the checklist."""
    keys, count = page.keyboard, page.locator("#closing-count")
    keys.press("c")
    keys.type("a broken card in term-05")
    _sent(page, "Enter")
    expect(count).to_have_text("1 of 4")
    _focus(page, "add-evidence", "value")
    _sent(page, "Enter")
    expect(count).to_have_text("2 of 4")
    _focus(page, "confirm-window", "to_ms")
    _sent(page, "Enter")
    expect(count).to_have_text("3 of 4")
    keys.press("Escape")
    keys.press("p")
    _sent(page, "Tab", "Enter")
    expect(count).to_have_text("4 of 4")
    _sent(page, "Escape", "x")


def _focus(page: Page, command: str, field: str) -> None:
    """Walk with Tab to a field of a command's form, as a person does."""
    _walk(page, f'form[action$="/do/{command}"] [name="{field}"]')


def _walk(page: Page, selector: str) -> None:
    """Tab until the focus is there."""
    for _ in range(90):
        if page.evaluate("wanted => document.activeElement?.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {selector}")


def test_two_browsers_see_one_change(console: Web, open_page: OpenPage) -> None:
    anna, bert = open_page("/queue"), open_page("/tickets/I-1")
    for page in (anna, bert):
        expect(page.locator("#live-state")).to_have_text("live", timeout=SOON)
    console.client("noc").post("/api/v1/tickets/I-1/take").raise_for_status()
    expect(anna.locator("#row-I-1")).to_contain_text("acknowledged", timeout=SOON)
    expect(anna.locator("#row-I-1")).to_have_class("changed", timeout=SOON)
    expect(bert.locator("#head")).to_contain_text("noc-person", timeout=SOON)
    anna.keyboard.press("j")
    resolve = {"why": "repaired", "override": True}
    console.client("noc").post("/api/v1/tickets/I-1/resolve", json=resolve).raise_for_status()
    expect(anna.locator("#row-I-1[data-over]")).to_contain_text("resolved", timeout=SOON)
    expect(anna.locator("#row-I-1")).to_have_class(re.compile("cursor"))
    expect(bert.locator("#timeline-in")).to_contain_text("taken", timeout=SOON)


def test_a_page_that_nobody_sees_stops_listening_and_catches_up(console: Web, open_page: OpenPage) -> None:
    page, row = open_page("/queue"), "#row-I-1"
    show = "value => { Object.defineProperty(document, 'hidden', { value, configurable: true }); "
    show += "document.dispatchEvent(new Event('visibilitychange')); }"
    expect(page.locator("#live-state")).to_have_text("live", timeout=SOON)
    page.evaluate(show, True)
    expect(page.locator("#live-state")).to_have_text("when you look")
    console.client("noc").post("/api/v1/tickets/I-1/take").raise_for_status()
    assert "open" in page.locator(row).inner_text()
    page.evaluate(show, False)
    expect(page.locator(row)).to_contain_text("acknowledged", timeout=SOON)
    expect(page.locator("#live-state")).to_have_text("live", timeout=SOON)


def test_new_rows_wait_and_nothing_moves_under_the_cursor(console: Web, open_page: OpenPage) -> None:
    page = open_page("/queue")
    expect(page.locator("#live-state")).to_have_text("live", timeout=SOON)
    page.keyboard.press("j")
    Journal(console.store, POLICY).record([incident("I-9", now=time.time_ns() // 1_000_000)], None)
    expect(page.locator("#waiting")).to_have_text("1 new — press .", timeout=SOON)
    assert page.locator("tr[data-href]").count() == 1
    page.keyboard.press(".")
    expect(page.locator("tr[data-href]")).to_have_count(2)


def test_typing_is_never_overwritten_by_a_live_update(console: Web, open_page: OpenPage) -> None:
    page = open_page("/tickets/I-1")
    expect(page.locator("#live-state")).to_have_text("live", timeout=SOON)
    page.keyboard.press("r")
    page.keyboard.press("Control+A")
    page.keyboard.type("half a sentence")
    console.client("noc").post("/api/v1/tickets/I-1/acknowledge").raise_for_status()
    expect(page.locator("#head")).to_contain_text("acknowledged", timeout=SOON)
    assert page.locator("#reply textarea").input_value() == "half a sentence"
    expect(page.locator("#reply textarea")).to_be_focused()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_360_pixels(open_page: OpenPage, path: str) -> None:
    page = open_page(path, role="admin", width=360, height=780)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("h1").first.is_visible()


def test_the_incident_answers_above_the_fold(open_page: OpenPage) -> None:
    for width, height in ((1280, 800), (360, 780)):
        page = open_page("/tickets/I-1", width=width, height=height)
        for words in ("because 2 customers cannot place calls", "Acknowledge", "Likely cause", "ASR 6 %"):
            box = page.get_by_text(words).first.bounding_box()
            assert box is not None and box["y"] + box["height"] <= height, words
        box = page.locator("#head svg:visible").bounding_box()
        assert box is not None and box["y"] < height


def test_question_mark_lists_every_key(open_page: OpenPage) -> None:
    page = open_page("/tickets/I-1")
    page.keyboard.press("?")
    keys = page.locator("#help kbd").all_text_contents()
    assert {"j k", "Enter", "a", "t", "r", "m", "c", "n", "/", "g w", "g q", "g c", "g r"} <= set(keys)
    assert len(keys) == len(set(keys)), "one key, one meaning"
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/queue")
    page.keyboard.press("/")
    page.keyboard.type("germany")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue?q=germany")
    expect(page.locator("tr[data-href]")).to_have_count(1)


def test_reading_and_every_form_work_without_javascript(console: Web, open_page: OpenPage) -> None:
    page = open_page("/", scripts=False)
    page.get_by_role("link", name="term-05 rejects calls").click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#head")).to_contain_text("acknowledged")
    page.get_by_role("link", name="New").click()
    page.fill("input[name=summary]", "portal locked")
    page.select_option("select[name=ticket_type]", "access")
    page.get_by_role("button", name="Open the ticket").click()
    expect(page.locator("h1")).to_contain_text("portal locked")


def test_a_script_in_a_name_does_nothing(console: Web, open_page: OpenPage) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    body = {"ticket_type": "access", "summary": hostile, "intake": {"customer": hostile, "text": hostile}}
    made = console.client("noc").post("/api/v1/tickets", json=body).json()
    for path in ("/", f"/tickets/{made['id']}", "/customers"):
        page = open_page(path)
        assert "owned" != page.title() and page.locator("img").count() == 0


def test_a_billing_complaint_that_is_a_rating_failure_by_keyboard_alone(console: Web, open_page: OpenPage) -> None:
    page = open_page("/")
    keys, head = page.keyboard, page.locator("#head")
    _sent(page, "n")
    keys.type("Invoice 4711 charges calls twice")
    _walk(page, "select[name=ticket_type]")
    keys.type("Invoice")
    _walk(page, '[name="intake.customer"]')
    keys.type("acme")
    _sent(page, "Enter")
    expect(head).to_contain_text("Billing")
    expect(head.locator(".mark")).to_contain_text("SEV3")
    assert page.locator("#steps").count() == 0, "a dispute is no incident"
    keys.press("o")
    _focus(page, "reclassify", "ticket_type")
    keys.type("cdr")
    _focus(page, "reclassify", "why")
    keys.type("no call has been rated since noon")
    _sent(page, "Enter")
    expect(head).to_contain_text("NOC")
    expect(head.locator(".mark")).to_contain_text("SEV2")
    expect(page.locator("#timeline-in")).to_contain_text("moved from billing to cdr_pipeline (NOC)")
    expect(page.locator("#steps summary")).to_contain_text("Incident response (0 of 5)")
    _sent(page, "a")
    keys.press("r")
    _sent(page, "Escape", "s")
    keys.press("m")
    _focus(page, "resolve", "why")
    keys.type("the rating engine was restarted and the day rated again")
    _sent(page, "Enter")
    _sent(page, "c", "Escape", "x")
    refused = page.locator("[role=alert]")
    for missing in ("root cause", "command, dashboard link or CDR example", "impact window", "postmortem"):
        expect(refused).to_contain_text(missing)
    keys.press("c")
    keys.type("the rating engine had lost its licence")
    _sent(page, "Enter")
    _focus(page, "add-evidence", "value")
    keys.type("journalctl -u rating")
    _sent(page, "Enter")
    _focus(page, "confirm-window", "to_ms")
    _sent(page, "Enter")
    keys.press("Escape")
    keys.press("p")
    _sent(page, "Tab", "Enter")
    _sent(page, "Escape", "x")
    expect(head).to_contain_text("closed")
    (ticket,) = console.app.state.office.folds(Wanted(state="closed"))
    assert (ticket.queue, ticket.incident, ticket.postmortem != "") == ("NOC", True, True)
