"""Commands and queries over HTTP: versions, idempotency, problems, paging, stream, bounds, hostile input."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from akira.web.limits import BODY_BYTES, Limits
from connectors.store.door import Desk
from connectors.store.journal import Journal
from tests.web.conftest import MINUTE, NOW, POLICY, Web, incident

OPEN = {"ticket_type": "sip_quality", "summary": "calls fail", "intake": {"customer": "acme"}}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


def test_a_stale_change_gets_412_with_both_versions(web: Web) -> None:
    noc = web.client("noc")
    tag = noc.get("/api/v1/tickets/I-1").headers["etag"]
    first = noc.post("/api/v1/tickets/I-1/acknowledge", headers={"If-Match": tag})
    assert first.status_code == 200 and first.headers["etag"] != tag
    stale = noc.post("/api/v1/tickets/I-1/take", headers={"If-Match": tag})
    problem = stale.json()
    assert stale.status_code == 412 and stale.headers["content-type"] == "application/problem+json"
    assert problem["yours"]["state"] == "open" and problem["current"]["state"] == "acknowledged"
    assert noc.post("/api/v1/tickets/I-1/take", headers={"If-Match": "nonsense"}).status_code == 422


def test_a_double_submit_makes_one_ticket(web: Web) -> None:
    noc = web.client("noc")
    headers = {"Idempotency-Key": "k-1"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: noc.post("/api/v1/tickets", json=OPEN, headers=headers), range(8)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    other = noc.post("/api/v1/tickets", json={**OPEN, "summary": "another"}, headers=headers)
    assert other.status_code == 409 and "idempotency key" in other.json()["detail"]


def test_the_closure_gate_says_all_that_is_missing_and_how(web: Web) -> None:
    noc = web.client("noc")
    refused = noc.post("/api/v1/tickets/I-1/close").json()
    assert refused["title"] and refused["hint"]
    for words in ("root cause", "window", "postmortem", "resolve"):
        assert any(words in line for line in refused["missing"]), words
    assert noc.get("/api/v1/tickets/I-1").json()["state"] == "open"


def test_a_ticket_is_closed_properly_by_the_api_alone(web: Web) -> None:
    noc = web.client("noc")

    def do(command: str, **body: object) -> httpx.Response:
        answer = noc.post(f"/api/v1/tickets/I-1/{command}", json=body)
        assert answer.status_code == 200, answer.text
        return answer

    do("acknowledge")
    do("respond", text="We look into it.", stance="under_investigation", next_update_ms=NOW + 30 * MINUTE)
    do("mitigate", why="moved to term-06")
    do("resolve", why="term-05 repaired", override=True)
    do("set-root-cause", text="a broken card")
    do("add-evidence", kind="cdr", value="call-1")
    do("confirm-window", from_ms=NOW - 20 * MINUTE, to_ms=NOW)
    do("link-postmortem", value="https://wiki.example/pm/1")
    assert do("close").json()["state"] == "closed"
    assert noc.get("/api/v1/tickets/I-1/verify").json() == {"ticket_id": "I-1", "whole": True, "wrong": None}
    assert noc.get("/api/v1/tickets").json()["items"][0]["id"] == web.request_id


def test_pages_follow_by_cursor_without_loss_or_repeat(web: Web) -> None:
    Journal(web.store, POLICY).record([incident(f"I-{n}") for n in range(2, 30)], None)
    viewer, seen, cursor = web.client("viewer"), [], None
    while True:
        page = viewer.get("/api/v1/tickets", params={"limit": 7, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 30
    assert viewer.get("/api/v1/tickets", params={"cursor": "x"}).status_code == 422
    assert viewer.get("/api/v1/tickets", params={"severity": "SEV9"}).json()["missing"] == [
        "severity: one of SEV1, SEV2, SEV3"
    ]


def test_search_finds_words_customers_and_causes(web: Web) -> None:
    viewer = web.client("viewer")
    for words in ("rejects", "I-1", "big", "term-05 germany", "asr_drop"):
        items = viewer.get("/api/v1/tickets", params={"q": words}).json()["items"]
        assert [row["id"] for row in items] == ["I-1"], words
    assert viewer.get("/api/v1/tickets", params={"q": "100%_"}).json()["items"] == []


def test_the_export_is_the_contract(web: Web) -> None:
    lines = [json.loads(line) for line in web.client("viewer").get("/api/v1/export").text.splitlines()]
    assert {line["id"] for line in lines} == {"I-1", web.request_id}
    assert lines[0]["cause"] == {"terminator": ["term-05"], "destination": ["Germany-Mobile"]} or lines[1]["cause"]


def _read_events(answer: httpx.Response, wanted: int) -> list[tuple[int, dict[str, object]]]:
    found: list[tuple[int, dict[str, object]]] = []
    position = 0
    for line in answer.iter_lines():
        if line.startswith("id: "):
            position = int(line[4:])
        elif line.startswith("data: "):
            found.append((position, json.loads(line[6:])))
            if len(found) == wanted:
                break
    return found


def test_stream_tells_changes_and_resumes_after_the_last_one_seen(web: Web) -> None:
    noc = web.client("noc")
    with noc.stream("GET", "/api/v1/events/stream?after=0") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        before = _read_events(answer, 2)
    assert {event["ticket_id"] for _, event in before} == {"I-1", web.request_id}
    noc.post("/api/v1/tickets/I-1/acknowledge")
    noc.post(f"/api/v1/tickets/{web.request_id}/take")
    with noc.stream("GET", "/api/v1/events/stream", headers={"Last-Event-ID": str(before[-1][0])}) as answer:
        after = _read_events(answer, 2)
    assert [(event["ticket_id"], event["kind"]) for _, event in after][0] == ("I-1", "acknowledged")
    assert after[0][0] > before[-1][0]


def test_a_body_past_the_bound_is_refused_declared_or_not(web: Web) -> None:
    noc = web.client("noc")
    declared = _answered(lambda: noc.post("/api/v1/tickets", content=b"x" * (BODY_BYTES + 1)))
    assert declared.status_code == 413 and declared.json()["status"] == 413

    def chunks() -> object:
        for _ in range(BODY_BYTES // 65_536 + 2):
            yield b"x" * 65_536

    sent = _answered(lambda: noc.post("/api/v1/tickets", content=chunks()))  # type: ignore[arg-type]
    assert sent.status_code == 413


def _answered(ask: Callable[[], httpx.Response], tries: int = 8) -> httpx.Response:
    """The answer to a body that is refused unread: a sender that is still writing may see the reset before it."""
    for _ in range(tries - 1):
        try:
            return ask()
        except (httpx.ReadError, httpx.WriteError):
            continue
    return ask()


@pytest.mark.anyio
async def test_overload_asks_to_come_back() -> None:
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        sent.append(message)  # type: ignore[arg-type]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def never(*_: object) -> None:
        raise AssertionError("an overloaded application was called")

    scope = {"type": "http", "path": "/api/v1/tickets", "headers": []}
    await Limits(never, at_once=0)(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"2") in sent[0]["headers"]  # type: ignore[operator]


def test_hostile_words_are_kept_and_shown_inert(web: Web) -> None:
    noc = web.client("noc")
    intake = {"customer": HOSTILE, "text": HOSTILE, "examples": [HOSTILE]}
    made = noc.post("/api/v1/tickets", json={**OPEN, "summary": HOSTILE, "intake": intake}).json()
    noc.post(f"/api/v1/tickets/{made['id']}/add-evidence", json={"kind": "link", "value": "javascript:alert(3)"})
    assert made["summary"] == HOSTILE
    for path in ("/", "/queue", f"/tickets/{made['id']}", "/customers", f"/queue?q={HOSTILE}"):
        answer = noc.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text and "<img src=x" not in answer.text, path
        assert 'href="javascript:' not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    customer = noc.get("/customers/" + httpx.URL(path=HOSTILE).path.replace("/", "%2F"))
    assert customer.status_code in (200, 404)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00",
        b'{"ticket_type": "sip_quality"',
        b'{"ticket_type": "sip_quality", "summary": "x", "intake": {"from_ms": 1e30}}',
        b'{"ticket_type": "sip_quality", "summary": "x", "intake": {"from_ms": -5}}',
        b'{"ticket_type": "sip_quality", "summary": "x", "intake": {"customer": "' + b"y" * 300 + b'"}}',
        b"[]",
    ],
)
def test_what_cannot_be_a_ticket_is_a_problem_never_an_error(web: Web, body: bytes) -> None:
    answer = web.client("noc").post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.json()["status"] == answer.status_code


def test_half_a_surrogate_pair_is_kept_or_refused_and_breaks_no_page(web: Web) -> None:
    noc = web.client("noc")
    body = b'{"ticket_type": "sip_quality", "summary": "x \\ud800", "intake": {}}'
    answer = noc.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (201, 422)
    for path in ("/", "/api/v1/tickets", "/api/v1/export"):
        assert noc.get(path).status_code == 200


def test_an_unknown_customer_is_a_warning_not_a_wall(web: Web) -> None:
    made = web.client("noc").post("/api/v1/tickets", json={**OPEN, "intake": {"customer": "stranger"}}).json()
    assert made["intake"]["warnings"] == ["customer stranger is not in the directory: taken as a standard customer"]


def test_feeds_are_told_and_silence_is_not_health(web: Web) -> None:
    viewer = web.client("viewer")
    assert viewer.get("/api/v1/feeds").json()[0]["silent"] is False
    web.feeds[0].age_s = 240
    words = "CDR from sw1 silent for 4 min — quality of its customers unknown"
    assert viewer.get("/api/v1/feeds").json()[0]["words"] == words
    assert words in viewer.get("/").text


def test_on_call_says_who_was_paged_and_who_is_next(web: Web) -> None:
    Desk(web.store, POLICY).escalate(NOW)
    now = web.client("viewer").get("/api/v1/on-call").json()
    assert now["line"] == ["anna", "bert"] and now["handover_ms"] == NOW + 168 * 60 * MINUTE
    (waiting,) = now["waiting"]
    assert (waiting["ticket_id"], waiting["next"], waiting["next_ms"]) == ("I-1", "bert", NOW + 5 * MINUTE)
    assert [page["to"] for page in waiting["paged"]] == ["anna"]


def test_a_silence_needs_an_end_and_a_reason_and_can_be_ended(web: Web) -> None:
    noc = web.client("noc")
    body = {"match": {"terminator": ["term-05"]}, "ends_ms": NOW + 60 * MINUTE, "why": "planned work"}
    made = noc.post("/api/v1/silences", json=body)
    assert made.status_code == 201
    assert noc.post("/api/v1/silences", json={**body, "why": ""}).json()["missing"] == ["why"]
    assert noc.post("/api/v1/silences", json={**body, "match": {}}).status_code == 422
    assert noc.delete(f"/api/v1/silences/{made.json()['id']}").status_code == 204
    assert noc.delete(f"/api/v1/silences/{made.json()['id']}").status_code == 404
