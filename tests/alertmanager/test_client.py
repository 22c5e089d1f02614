"""The API client and the posted tickets, against a server that answers what Alertmanager documents, and worse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from connectors.alertmanager.client import AlertmanagerClient
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.alertmanager.tickets_out import alerts_of, post
from connectors.errors import ConnectorError
from pipeline.desk.ticket import SeverityMark
from pipeline.ports import Disconnected
from tests.alertmanager.desk import MINUTE, NOW, Desk

SETTINGS = AlertmanagerSettings(url="http://am:9093/", user="noc", password="s3cret")  # type: ignore[arg-type]


def listed(name: str, state: str = "active", **labels: str) -> dict[str, Any]:
    return {
        "annotations": {},
        "endsAt": "2026-11-24T19:20:00.000Z",
        "fingerprint": f"{abs(hash(name)):x}"[:16],
        "receivers": [{"name": "akira"}],
        "startsAt": "2026-11-24T19:00:00.000Z",
        "status": {"inhibitedBy": [], "silencedBy": [], "state": state},
        "updatedAt": "2026-11-24T19:05:00.000Z",
        "generatorURL": "http://prom/graph",
        "labels": {"alertname": name, **labels},
    }


def group(receiver: str, *alerts: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"alerts": list(alerts), "labels": labels, "receiver": {"name": receiver}}


def client(answer: Any, status: int = 200, asked: list[httpx.Request] | None = None) -> AlertmanagerClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(status, content=answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    return AlertmanagerClient(SETTINGS, httpx.Client(transport=httpx.MockTransport(handle)))


def test_the_list_has_our_receivers_alerts_and_every_heartbeat_and_no_others() -> None:
    groups = [
        group("akira", listed("TrunkDown", trunk="t1"), listed("Quiet", "suppressed"), alertname="TrunkDown"),
        group("it-department", listed("DiskFull")),
        group("nobody", listed("Watchdog")),
    ]
    one, quiet, beat = client(groups).alerts()
    assert (one.name, one.group, one.suppressed, one.firing) == ("TrunkDown", '{"alertname": "TrunkDown"}', False, True)
    assert quiet.suppressed and beat.name == "Watchdog"
    assert beat.updated_ms is not None and beat.updated_ms - beat.starts_ms == 5 * MINUTE


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_in_trouble_is_away(status: int) -> None:
    with pytest.raises(Disconnected, match=str(status)):
        client([], status).alerts()


def test_no_answer_is_away_and_the_password_is_not_said() -> None:
    with pytest.raises(Disconnected, match="ConnectTimeout") as away:
        client(httpx.ConnectTimeout("slow")).alerts()
    assert "s3cret" not in str(away.value) + repr(SETTINGS)


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (b"<html>", 200, "alerts/groups"),
        ([{"labels": {}}], 200, "0.receiver"),
        ([], 404, "answered 404"),
        (b"bad label", 400, "answered 400: bad label"),
    ],
)
def test_something_else_is_named(answer: Any, status: int, said: str) -> None:
    with pytest.raises(ConnectorError, match=said):
        client(answer, status).alerts()


def test_a_list_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.alertmanager.client.LIST_BYTES", 100)
    with pytest.raises(ConnectorError, match="more than 100 bytes"):
        client(b"[" + b" " * 200).alerts()


def test_without_an_address_it_says_what_is_missing() -> None:
    with pytest.raises(ConnectorError, match="url is missing"):
        AlertmanagerClient(AlertmanagerSettings())


def test_an_active_ticket_is_an_alert_with_an_end_far_ahead() -> None:
    ticket = Desk().telemetry("I-1", {"terminator": ("term-05",)})
    (alert,) = alerts_of(ticket, NOW, 3600, "http://noc.example/")
    assert alert["labels"] == {"alertname": "AkiraTicket", "akira_ticket": "I-1", "severity": ticket.severity}
    assert (
        alert["generatorURL"] == "http://noc.example/tickets/I-1" and "term-05" in alert["annotations"]["description"]
    )
    assert alert["startsAt"] < alert["endsAt"] == "2027-01-15T09:00:00.000Z"


def test_a_new_severity_ends_the_alert_of_the_old_one() -> None:
    ticket = Desk().telemetry("I-1", {"terminator": ("term-05",)})
    marks = (SeverityMark(NOW - MINUTE, "SEV3", "a"), SeverityMark(NOW, "SEV1", "because 14 customers cannot call"))
    old, new = alerts_of(replace(ticket, severity="SEV1", severity_history=marks), NOW, 3600, "")
    assert (old["labels"]["severity"], new["labels"]["severity"]) == ("SEV3", "SEV1")
    assert old["endsAt"] < new["endsAt"] and "14 customers" in new["annotations"]["description"]


def test_a_ticket_that_is_over_ends_its_alert_and_all_is_posted_at_once() -> None:
    ticket = Desk().telemetry("I-1", {"terminator": ("term-05",)})
    asked: list[httpx.Request] = []
    said = post(client({}, asked=asked), [ticket, replace(ticket, id="I-2", state="resolved")], NOW, 3600, "")
    (request,) = asked
    active, over = json.loads(request.content)
    assert said == 2 and request.url.path == "/api/v2/alerts" and request.method == "POST"
    assert over["endsAt"] == "2027-01-15T08:00:00.000Z" < active["endsAt"]


def test_nothing_to_post_asks_nobody() -> None:
    asked: list[httpx.Request] = []
    assert post(client({}, asked=asked), [], NOW, 3600, "") == 0 and asked == []
