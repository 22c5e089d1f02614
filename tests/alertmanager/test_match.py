"""Which ticket explains an alert: enough to spare the second ticket, too little to hide another fault."""

from __future__ import annotations

import pytest

from connectors.alertmanager.match import class_of, explaining, slice_of
from connectors.alertmanager.settings import AlertmanagerSettings
from tests.alertmanager.desk import Desk, alert, impact

SETTINGS = AlertmanagerSettings()


def explained_by(desk: Desk, **labels: str) -> str | None:
    found = explaining(alert(**labels), desk.open_tickets(), SETTINGS)
    return found.id if found else None


def test_labels_name_the_slice_in_the_words_of_others() -> None:
    named = slice_of(alert(supplier="term-05", prefix="49", originator="acme", trunk_group="t1", sbc="sw1"), SETTINGS)
    assert named == {
        "terminator": "term-05",
        "destination": "49",
        "customer": "acme",
        "trunk": "t1",
        "switch": "sw1",
    }


def test_an_alert_on_the_cause_is_explained() -> None:
    desk = Desk()
    desk.telemetry("I-1", {"terminator": ("term-05",)})
    assert explained_by(desk, terminator="term-05") == "I-1"
    assert explained_by(desk, supplier="term-05", job="blackbox") == "I-1"


@pytest.mark.parametrize(
    "labels",
    [
        {"terminator": "term-06"},
        {"job": "node"},
        {"terminator": "term-05", "destination": "Spain"},
        {"terminator": "term-05", "signal": "cdr_delayed"},
        {"terminator": "term-05", "ticket_type": "billing"},
        {"destination": "Germany"},
    ],
    ids=["another supplier", "no slice", "another destination", "another signal", "another class", "half of the cause"],
)
def test_what_is_not_explained(labels: dict[str, str]) -> None:
    desk = Desk()
    desk.telemetry("I-1", {"terminator": ("term-05",), "destination": ("Germany-Mobile",)})
    assert explained_by(desk, **labels) is None


def test_a_customer_is_explained_only_when_much_of_its_traffic_is_hit() -> None:
    desk = Desk()
    desk.telemetry("I-1", {"terminator": ("term-05",)}, customers=(impact("acme", 0.9), impact("bolt", 0.02)))
    assert explained_by(desk, customer="acme") == "I-1"
    assert explained_by(desk, customer="bolt") is None


def test_a_platform_outage_explains_every_call_alert_but_no_billing_one() -> None:
    desk = Desk()
    desk.telemetry("I-1", {}, signals=("platform_down",))
    assert explained_by(desk, trunk="t9") == "I-1"
    assert explained_by(desk, trunk="t9", ticket_type="billing") is None


def test_the_signal_alone_finds_a_ticket_without_a_cause() -> None:
    desk = Desk()
    desk.telemetry("I-1", {}, signals=("cdr_delayed",), ticket_type="cdr_pipeline")
    assert explained_by(desk, signal="cdr_delayed") == "I-1"
    assert explained_by(desk, signal="cdr_missing") is None


def test_the_better_match_then_the_graver_ticket_wins() -> None:
    desk = Desk()
    desk.telemetry("I-1", {"terminator": ("term-05",)}, severity="SEV3")
    desk.telemetry("I-2", {"terminator": ("term-05",)}, severity="SEV1")
    desk.telemetry("I-3", {"terminator": ("term-05",), "destination": ("Spain",)}, severity="SEV3")
    assert explained_by(desk, terminator="term-05") == "I-2"
    assert explained_by(desk, terminator="term-05", destination="Spain") == "I-3"


def test_a_resolved_ticket_explains_nothing() -> None:
    desk = Desk()
    desk.telemetry("I-1", {"terminator": ("term-05",)}, state="resolved")
    assert explained_by(desk, terminator="term-05") is None


def test_the_class_comes_from_labels_and_else_from_the_settings() -> None:
    assert class_of(alert(ticket_type="billing"), SETTINGS) == "billing"
    assert class_of(alert(signal="cdr_missing"), SETTINGS) == "cdr_pipeline"
    assert class_of(alert(ticket_type="nonsense"), SETTINGS) == "sip_quality"
