"""PagerDuty: what an alert says, and what people do there comes back."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import ConnectorError
from connectors.outlets.pagerduty import PagerDutySettings
from connectors.outlets.port import Posted, Said, Unsigned
from pipeline.desk.commands import Acknowledge, AddNote, ForceSeverity, Resolve
from tests.outlets.contract import SECRET
from tests.outlets.contracts import PagerDutyContract
from tests.outlets.desk import Told, told
from tests.outlets.fake import Reply, Tool, serving


@pytest.fixture
def contract() -> PagerDutyContract:
    return PagerDutyContract()


@pytest.fixture
def tool(contract: PagerDutyContract) -> Iterator[Tool]:
    with serving(contract) as running:
        yield running


@pytest.fixture
def noc(tool: Tool, tmp_path: Path) -> Iterator[Told]:
    with told(settings(tool.url), tmp_path) as made:
        yield made


def settings(url: str, **more: object) -> PagerDutySettings:
    given = {"kind": "pagerduty", "name": "pd", "url": url, "routing_key": SECRET, **more}
    return PagerDutySettings.model_validate(given)


def test_a_ticket_is_one_alert_from_trigger_to_resolve(noc: Told, tool: Tool, contract: PagerDutyContract) -> None:
    ticket = noc.happens()
    noc.do(ticket, Acknowledge())
    noc.do(ticket, AddNote("looked at the trunk"))
    noc.do(ticket, ForceSeverity("SEV1", "all of Germany"))
    noc.do(ticket, Resolve("rerouted", override=True))
    noc.send()
    assert [asked.json["event_action"] for asked in tool.asked] == ["trigger", "acknowledge", "trigger", "resolve"]
    assert contract.state == {ticket: "over"}
    first, raised = tool.asked[0].json, tool.asked[2].json
    assert first["payload"]["severity"] == "error" and raised["payload"]["severity"] == "critical"
    assert first["payload"]["source"] == "term-05" and "term-05 rejects calls" in first["payload"]["summary"]
    assert first["links"][0]["href"] == f"https://noc.example/tickets/{ticket}"
    assert noc.waiting() == noc.dead() == []


def test_a_wrong_key_is_a_dead_letter_in_its_own_words_without_the_key(tool: Tool, tmp_path: Path) -> None:
    other = "fedcba9876543210fedcba9876543210"
    tool.faults.append(Reply(400, {"errors": [f"routing_key {other} is unknown"]}))
    with told(settings(tool.url, routing_key=other), tmp_path) as noc:
        noc.happens()
        noc.send()
        (dead,) = noc.dead()
    assert "outlet pd: 127.0.0.1 answered 400" in dead.last_error and "routing_key *** is unknown" in dead.last_error


def posted(
    event_type: str, agent: str = "user_reference", secret: str = "s3cret", data: dict[str, object] | None = None
) -> Posted:
    """A webhook as the documentation shows it."""
    event = {
        "id": "01BHPX",
        "event_type": event_type,
        "resource_type": "incident",
        "agent": {"id": "PLH1HKV", "summary": "Ann Other", "type": agent},
        "data": data
        if data is not None
        else {"id": "PGR0VU2", "type": "incident", "status": "acknowledged", "incident_key": "i-1"},
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
    incident = {"id": "PGR0VU2", "summary": "[i-1] SEV2 term-05 rejects calls", "type": "incident_reference"}
    note = {"incident": incident, "id": "P2LA89X", "content": "it is the trunk", "type": "incident_note"}
    assert hook.read(posted("incident.annotated", data=note)) == (
        Said("commented", "01BHPX", "Ann Other", "it is the trunk", remote_id="i-1"),
    )
    assert hook.read(posted("incident.annotated", data={**note, "incident": {"summary": "another's"}})) == ()
    with pytest.raises(ConnectorError, match="no PagerDuty webhook"):
        hook.read(posted("incident.resolved", data={}))
    with pytest.raises(Unsigned):
        hook.read(posted("incident.resolved", secret="another"))


def test_an_alert_sent_again_after_its_end_does_not_stay_open(
    noc: Told, tool: Tool, contract: PagerDutyContract
) -> None:
    tool.faults.append(Reply(400, {"message": "not today"}))
    ticket = noc.happens()
    noc.send()
    (dead,) = noc.dead()
    noc.do(ticket, Acknowledge())
    noc.do(ticket, Resolve("rerouted", override=True))
    noc.send()
    assert contract.state == {ticket: "over"}
    noc.outbox.resend(dead.id, noc.at_ms, "jo")
    noc.send()
    assert contract.state == {ticket: "over"} and tool.asked[-1].json["event_action"] == "resolve"
