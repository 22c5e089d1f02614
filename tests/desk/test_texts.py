"""Timers, timeline, postmortem and customer update: what people read."""

from __future__ import annotations

import pytest

from pipeline.desk import commands as c
from pipeline.desk.customer_update import customer_update
from pipeline.desk.desk import handle
from pipeline.desk.events import KINDS, Change, TicketEvent, chain
from pipeline.desk.fold import fold
from pipeline.desk.observe import observe
from pipeline.desk.postmortem import draft
from pipeline.desk.templates import first_response
from pipeline.desk.ticket import Intake, Ticket
from pipeline.desk.timeline import timeline
from pipeline.desk.timers import timers
from pipeline.desk.words import cost_words, money, span
from pipeline.incidents import Cost
from tests.desk.faults import (
    LINK,
    MINUTE,
    NOW,
    POLICY,
    after,
    bad,
    closable,
    from_telemetry,
    good,
    incident,
    opened,
    recovered,
)

HOUR = 60 * MINUTE


@pytest.mark.parametrize("until", [NOW, NOW - 1, NOW + 15 * 24 * HOUR])
def test_a_silence_must_end_in_time(until: int) -> None:
    assert bad(handle(opened(), c.Silence(until, "known"), NOW, "jo", POLICY)).code == "invalid"


def test_timers() -> None:
    ticket = from_telemetry()
    (first, page) = sorted(timers(ticket, 3 * MINUTE, POLICY), key=lambda timer: timer.kind, reverse=True)
    assert (first.kind, first.due_ms, first.overdue) == ("first_response", 32 * MINUTE, False)
    assert page.kind == "escalation"
    answered = after(ticket, c.Acknowledge(), c.Respond("on it", "under_investigation", NOW + HOUR))
    (update,) = timers(answered, NOW + HOUR + 1, POLICY)
    assert (update.kind, update.overdue) == ("next_update", True)
    assert timers(after(closable(answered), c.Close()), NOW, POLICY) == ()


def test_the_draft_of_a_first_response_is_accepted_as_it_is() -> None:
    for ticket in (
        opened(),
        from_telemetry(),
        opened(ticket_type="billing"),
        opened(ticket_type="access", intake=Intake("a", "b")),
    ):
        draft_ = first_response(ticket, NOW, POLICY)
        assert after(ticket, draft_).first_response is not None
    assert "Service is affected since 1970-01-01 00:01 UTC" in first_response(from_telemetry(), NOW, POLICY).text


@pytest.mark.parametrize(
    ("micro", "currency", "words"),
    [
        (84_240_000, "EUR", "€84"),
        (1_249_000_000, "USD", "$1,200"),
        (3_449_000, "CHF", "CHF 3.4"),
        (4_210, "GBP", "£0.0042"),
        (9_960_000, "EUR", "€10"),
        (0, "EUR", "€0"),
    ],
)
def test_money_has_two_digits(micro: int, currency: str, words: str) -> None:
    assert money(micro, currency) == words


def test_costs_are_told_with_what_they_are_made_of() -> None:
    euro = Cost("unrated", "EUR", 84_000_000, 31_000_000, 234.4, 130_000, 410)
    dollar = Cost("unrated", "USD", 12_000_000, 4_000_000, 234.4, 20_000, 40)
    assert cost_words((euro, dollar)) == (
        "≈ €84/h + $12/h carried unrated, ≈ €31 + $4 since the onset: "
        "234 answered calls without a price above normal, at a mean charge of €0.13 + $0.02 (450 calls)"
    )
    assert cost_words(()) == ""


def _story() -> tuple[Ticket, list[TicketEvent]]:
    log = observe(None, incident(severity="SEV1", summary="term-05 <b>rejects</b> | calls"), POLICY)
    ticket = fold(log)
    for command in (
        c.Acknowledge(),
        c.Respond("on it", "under_investigation", NOW + HOUR),
        c.AddEvidence("command", "sngrep `x`"),
    ):
        events = good(handle(ticket, command, NOW, "jo", POLICY))
        ticket, log = fold(events, ticket), log + events
    log += observe(ticket, recovered(120, severity="SEV1"), POLICY)
    return fold(log), log


def test_postmortem_draft_holds_the_facts_and_is_accepted_by_the_gate() -> None:
    ticket, log = _story()
    text = draft(ticket, log)
    assert text.startswith("# Postmortem of i-1: ") and "Acknowledged after 1 h 38 min by jo" in text
    assert "- acme: 50 failed calls above normal of 100" in text and "terminator term-05" in text
    assert "(not documented yet)" in text and "not confirmed yet" in text and "<b>" not in text
    assert "sngrep 'x'" in text and "first response sent, under investigation" in text
    assert after(ticket, c.LinkPostmortem(text)).postmortem == text.strip()


def test_customer_update_speaks_only_of_its_customer() -> None:
    ticket, _ = _story()
    text = customer_update(ticket, "bell", NOW)
    assert "Of your 50 calls in that time 25 more than normal did not complete." in text
    assert "acme" not in text and "term-05" not in text and "The service is restored." in text
    going_on = customer_update(from_telemetry(), "bell", NOW)
    assert "and going on (1 h 39 min)" in going_on and "We are investigating." in going_on


def test_every_kind_of_event_has_its_line_on_the_timeline() -> None:
    datas = {
        "opened": {"ticket_type": "billing", "queue": "Billing", "severity": "SEV3", "summary": "x"},
        "telemetry_updated": {"summary": "x", "customers": [1], "cause": {}},
        "noted": {"text": "hello"},
        "responded": {"first": True, "stance": "under_investigation"},
        "evidence_added": {"kind": "cdr", "value": "call-1"},
        "root_cause_set": {"text": "SBC"},
        "window_confirmed": {"from_ms": 0, "to_ms": MINUTE},
        "postmortem_linked": {"value": LINK},
        "reclassified": {"was": "billing", "ticket_type": "balance", "queue": "NOC"},
        "taken": {"assignee": "jo"},
        "merged": {"into": "D-2"},
        "escalated": {"to": "ann", "step": 1, "also": ["eve"]},
        "silenced": {"until_ms": 0},
        "parent_set": {"parent": "p"},
    }
    for kind in KINDS:
        data = datas.get(kind, {"severity": "SEV1"} if kind.startswith("severity") else {"other": "D-3"})
        (event,) = chain("D-1", 0, "0", [Change(kind, data, "the reason")], 5, "jo")
        (line,) = timeline([event])
        assert line.by_person and line.at_ms == 5 and line.text.endswith(": the reason") and len(line.text) > 12
    assert "no customer-facing impact" in timeline([_window()])[0].text


def _window() -> TicketEvent:
    return good(handle(opened(), c.ConfirmWindow(), NOW, "jo", POLICY))[0]


def test_durations_in_words() -> None:
    assert [span(0, minutes * MINUTE) for minutes in (0, 23, 125, 1440 * 3 + 240)] == [
        "0 min",
        "23 min",
        "2 h 5 min",
        "3 d 4 h",
    ]
    assert span(5, 0) == "0 min"
