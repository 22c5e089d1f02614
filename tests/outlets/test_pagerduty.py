"""PagerDuty: one alert for each ticket whatever is lost on the way, and what people do there comes back."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.outlets.pagerduty import PagerDutySettings
from connectors.outlets.port import Posted, Said, Unsigned
from pipeline.desk.commands import Acknowledge, AddNote, ForceSeverity, Resolve
from tests.outlets.desk import Told, told
from tests.outlets.fake import Asked, Reply, Tool, serving

KEY = "0123456789abcdef0123456789abcdef"


class Contract:
    """Events API v2: 202, 400 with `errors`; alerts by dedup_key with their status."""

    def __init__(self) -> None:
        self.alerts: dict[str, list[str]] = {}

    def __call__(self, asked: Asked) -> Reply:
        event = asked.json
        assert (asked.method, asked.path) == ("POST", "/v2/enqueue") and len(asked.body) <= 512_000
        wrong = [] if event["routing_key"] == KEY else ["routing_key is unknown"]
        if event["event_action"] == "trigger":
            payload = event["payload"]
            if not 0 < len(payload["summary"]) <= 1024 or payload["severity"] not in (
                "critical",
                "error",
                "warning",
                "info",
            ):
                wrong.append("payload is wrong")
        if wrong:
            return Reply(400, {"status": "invalid event", "message": "Event object is invalid", "errors": wrong})
        self.alerts.setdefault(event["dedup_key"], []).append(event["event_action"])
        return Reply(202, {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]})


@pytest.fixture
def contract() -> Contract:
    return Contract()


@pytest.fixture
def tool(contract: Contract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def settings(url: str, **more: object) -> PagerDutySettings:
    given = {"kind": "pagerduty", "name": "pd", "url": url, "routing_key": KEY, **more}
    return PagerDutySettings.model_validate(given)


def test_a_ticket_is_one_alert_from_trigger_to_resolve(noc: Told, tool: Tool, contract: Contract) -> None:
    ticket = noc.happens()
    noc.do(ticket, Acknowledge())
    noc.do(ticket, AddNote("looked at the trunk"))
    noc.do(ticket, ForceSeverity("SEV1", "all of Germany"))
    noc.do(ticket, Resolve("rerouted", override=True))
    noc.send()
    assert contract.alerts == {ticket: ["trigger", "acknowledge", "trigger", "resolve"]}
    first, raised = tool.asked[0].json, tool.asked[2].json
    assert first["payload"]["severity"] == "error" and raised["payload"]["severity"] == "critical"
    assert first["payload"]["source"] == "term-05" and "term-05 rejects calls" in first["payload"]["summary"]
    assert first["links"][0]["href"] == f"https://noc.example/tickets/{ticket}"
    assert noc.waiting() == noc.dead() == []


def test_an_answer_that_is_lost_makes_no_second_alert(noc: Told, tool: Tool, contract: Contract) -> None:
    tool.faults.append(Reply(lost=True))
    ticket = noc.happens()
    noc.send()
    (waiting,) = noc.waiting()
    assert "does not answer" in waiting.last_error
    noc.send(later_ms=60_000)
    assert set(contract.alerts) == {ticket} and noc.waiting() == []


def test_throttled_as_long_as_it_says(noc: Told, tool: Tool) -> None:
    tool.faults.append(Reply(429, {"status": "throttle exceeded"}, {"retry-after": "90"}))
    noc.happens()
    noc.send()
    assert noc.waiting()[0].next_at_ms == noc.at_ms + 90_000
    noc.send(later_ms=89_000)
    assert len(tool.asked) == 1, "it is left alone"
    noc.send(later_ms=90_000)
    assert noc.waiting() == []


def test_a_wrong_key_is_a_dead_letter_in_its_own_words_without_the_key(tool: Tool, tmp_path: Path) -> None:
    other = "fedcba9876543210fedcba9876543210"
    tool.faults.append(Reply(400, {"errors": [f"routing_key {other} is unknown"]}))
    with told(settings(tool.url, routing_key=other), tmp_path) as noc:
        noc.happens()
        noc.send()
        (dead,) = noc.dead()
    assert "outlet pd: 127.0.0.1 answered 400" in dead.last_error and "routing_key *** is unknown" in dead.last_error


def posted(event_type: str, agent: str = "user_reference", secret: str = "s3cret") -> Posted:
    """A webhook as the documentation shows it."""
    event = {
        "id": "01BHPX",
        "event_type": event_type,
        "resource_type": "incident",
        "agent": {"id": "PLH1HKV", "summary": "Ann Other", "type": agent},
        "data": {"id": "PGR0VU2", "type": "incident", "status": "acknowledged", "incident_key": "i-1"},
    }
    body = json.dumps({"event": event}).encode()
    mark = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Posted({"x-pagerduty-signature": f"v1=00ff,v1={mark}"}, body, 0)


def test_what_people_do_there_comes_back_when_the_signature_fits() -> None:
    hook = settings("http://127.0.0.1", webhook_secret="s3cret").hook()
    assert hook is not None
    assert hook.read(posted("incident.acknowledged")) == (Said("acknowledged", "01BHPX", "Ann Other", remote_id="i-1"),)
    assert hook.read(posted("incident.resolved", "inbound_integration_reference")) == (), "our own doing"
    assert hook.read(posted("incident.priority_updated")) == ()
    with pytest.raises(Unsigned):
        hook.read(posted("incident.resolved", secret="another"))
