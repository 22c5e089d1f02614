"""One story for each sentence of the support flow, quoted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.desk import commands as c
from pipeline.desk.closure import checklist
from pipeline.desk.context import Around
from pipeline.desk.desk import handle
from pipeline.desk.first_response import message
from pipeline.desk.fold import fold
from pipeline.desk.intake import advise, missing
from pipeline.desk.policy import CLASSES
from pipeline.desk.requests import BillingFailure
from pipeline.desk.response import progress
from pipeline.desk.routing import stays
from pipeline.desk.templates import first_response
from pipeline.desk.ticket import Intake, Ticket
from pipeline.directory import Customer, Directory
from pipeline.incidents import TYPE_OF_SIGNAL
from tests.desk.faults import MINUTE, NOW, POLICY, after, bad, closable, from_telemetry, good, incident, opened

FULL = Intake("acme", "acc-1", "trunk-9", NOW - 9 * MINUTE, None, ("call-1",))


def test_ticket_classes() -> None:
    """The table: type, queue, owner, incident?"""
    rows = [(row.covers, row.queue, row.owner, "Maybe" if row.may_be_incident else "No") for row in CLASSES]
    assert rows == [
        ("SIP unreachable, failed calls, degraded ASR/PDD", "NOC", "On-call/NOC", "Maybe"),
        ("CDR missing, delayed, or duplicated", "NOC", "On-call/NOC", "Maybe"),
        ("Balance threshold or prepaid blocking issue", "NOC", "On-call/NOC", "Maybe"),
        ("Invoice dispute, commercial terms, payments", "Billing", "Finance", "No"),
        ("Account access or MFA issue", "Support", "Admin/Ops", "No"),
    ]


@pytest.mark.parametrize("row", CLASSES, ids=lambda row: row.ticket_type)
def test_a_ticket_goes_to_the_queue_and_owner_of_its_class(row: object) -> None:
    for impact in (False, True):
        scope = c.Scope(production_impact=impact, customers=("acme",))
        ticket = opened(ticket_type=row.ticket_type, scope=scope)  # type: ignore[attr-defined]
        assert (ticket.queue, ticket.owner) == (row.queue, row.owner)  # type: ignore[attr-defined]
        assert ticket.incident == (impact and row.may_be_incident)  # type: ignore[attr-defined]


def test_record_customer_account_affected_cli_or_trunk_time_window_and_examples() -> None:
    """ "Record customer, account, affected CLI or trunk, time window, and examples." """
    assert missing(FULL, "sip_quality") == ()
    for field, question in (
        ("customer", "which customer"),
        ("account", "which account"),
        ("affected", "which CLI or trunk"),
        ("from_ms", "since when"),
        ("examples", "examples"),
    ):
        empty = replace(FULL, **{field: type(getattr(Intake(), field))() if field != "from_ms" else None})
        (asked,) = missing(empty, "sip_quality")
        assert asked.startswith(question)
    ticket = after(opened(), c.Amend(replace(FULL, customer="", examples=("call-2",))))
    assert ticket.intake.customer == "acme" and ticket.intake.affected == "trunk-9"
    assert missing(ticket.intake, "sip_quality") == () and ticket.impact_from_ms == FULL.from_ms
    draft = first_response(opened(), NOW, POLICY)
    assert draft.stance == "more_examples_required" and "which account" in draft.text


def test_check_whether_multiple_customers_are_affected() -> None:
    """ "Check whether multiple customers are affected." """
    fault = from_telemetry()
    advice = advise("sip_quality", Intake("bell"), Around(open_tickets=(fault, opened())), NOW)
    assert advice.multiple and advice.offers[0].ticket_id == "i-1"
    assert advice.answer == "Yes: 2 customers; see i-1 (SEV2), term-05 rejects calls to Germany-Mobile."
    alone = advise("billing", Intake("bell"), Around(open_tickets=(fault,)), NOW)
    assert not alone.multiple and alone.answer == "No open ticket touches bell."
    same = advise("sip_quality", Intake("cato"), Around(open_tickets=(opened(),)), NOW + 59 * MINUTE)
    assert same.multiple and "within the last hour" in same.offers[0].why
    assert not advise("sip_quality", Intake("cato"), Around(open_tickets=(opened(),)), NOW + 61 * MINUTE).offers
    trunk = replace(opened(), intake=FULL)
    assert advise("balance", Intake(affected="trunk-9"), Around(open_tickets=(trunk,)), NOW).offers


def test_unknown_customer_is_a_warning_not_a_wall() -> None:
    directory = Directory(customers=(Customer(id="acme", accounts=("a-1",)),))
    advice = advise("access", Intake("zed"), Around(directory), NOW)
    assert "zed is not in the directory" in advice.warnings[0]
    assert "account b-2 is not one" in advise("access", Intake("acme", "b-2"), Around(directory), NOW).warnings[0]


def test_if_production_impact_is_active_classify_severity_and_follow_incident_response() -> None:
    """ "If production impact is active, classify severity and follow incident-response.md." """
    scope = c.Scope(production_impact=True, customers=("acme", "bell"), unable=2)
    ticket = opened(scope=scope)
    assert ticket.severity == "SEV1" and ticket.severity_history[0].why == "because 2 customers cannot place calls"
    assert ticket.incident and len(progress(ticket, NOW)) == 5
    assert ticket.first_response_due_ms == NOW + 15 * MINUTE


def test_if_the_ticket_is_isolated_and_non_urgent_keep_it_in_the_owning_queue() -> None:
    """ "If the ticket is isolated and non-urgent, keep it in the owning queue." """
    for ticket_type, queue in (("billing", "Billing"), ("access", "Support"), ("sip_quality", "NOC")):
        ticket = opened(ticket_type=ticket_type)
        assert stays(ticket) and ticket.queue == queue and ticket.severity == "SEV3" and progress(ticket, NOW) == ()
    assert not stays(from_telemetry())


def test_use_noc_for_service_affecting_technical_symptoms() -> None:
    """ "Use NOC for service-affecting technical symptoms: ..." """
    for signal, ticket_type in TYPE_OF_SIGNAL.items():
        ticket = from_telemetry(incident(signals=(signal,), lead=signal, ticket_type=ticket_type))
        assert (ticket.queue, ticket.owner, ticket.incident) == ("NOC", "On-call/NOC", True)


def test_minimum_first_response() -> None:
    """ "Confirm the ticket is received." "State whether the issue is under investigation or requires more examples."
    "Provide next update time." """
    ticket, due = opened(), NOW + 30 * MINUTE
    whole = c.Respond("We look into it.", "under_investigation", due)
    for broken, asked in (
        (replace(whole, received=False), "confirm that the ticket is received"),
        (replace(whole, next_update_ms=None), "the next update time"),
        (replace(whole, next_update_ms=NOW), "a next update time after now and within 31 days"),
        (replace(whole, text=" "), "the text"),
    ):
        refusal = bad(handle(ticket, broken, NOW, "jo", POLICY))
        assert refusal.missing == (asked,) and refusal.hint
    answered = after(ticket, whole)
    assert answered.first_response is not None and answered.next_update_due_ms == due
    said = message(answered, answered.responses[-1])
    assert "is received" in said and "under investigation" in said and "Next update by 1970-01-01 02:10 UTC" in said
    asked = after(ticket, replace(whole, stance="more_examples_required"))
    assert "need more examples" in message(asked, asked.responses[-1])


def test_use_billing_for_commercial_or_accounting_symptoms() -> None:
    """ "Use billing for commercial or accounting symptoms: Invoice dispute without active service degradation. ..." """
    ticket = opened(ticket_type="billing", summary="rate disagreement")
    assert (ticket.queue, ticket.owner, ticket.incident, ticket.severity) == ("Billing", "Finance", False, "SEV3")


@pytest.mark.parametrize(
    ("failure", "ticket_type", "severity"),
    [
        ("rating", "cdr_pipeline", "SEV2"),
        ("invoice generation", "cdr_pipeline", "SEV2"),
        ("balance", "balance", "SEV3"),
    ],
)
@pytest.mark.parametrize("way", ["at intake", "amended", "by hand"])
def test_billing_that_reveals_a_failure_is_noc(
    failure: BillingFailure, ticket_type: str, severity: str, way: str
) -> None:
    """ "If a billing ticket reveals active rating, balance, or invoice-generation failure, reclassify as NOC and start
    incident triage." """
    scope = c.Scope(billing_failure=failure)
    if way == "at intake":
        ticket = opened(ticket_type="billing", scope=scope)
    elif way == "amended":
        ticket = after(opened(ticket_type="billing"), c.Amend(Intake(), scope))
    else:
        move = c.Reclassify(ticket_type, f"active failure of {failure}")  # type: ignore[arg-type]
        ticket = after(opened(ticket_type="billing"), move)
    assert (ticket.ticket_type, ticket.queue, ticket.owner) == (ticket_type, "NOC", "On-call/NOC")
    assert ticket.incident and ticket.severity == severity and progress(ticket, NOW)


def test_the_reason_of_a_reclassification_is_kept() -> None:
    ticket = opened(ticket_type="billing")
    events = good(handle(ticket, c.Reclassify("cdr_pipeline", "CDRs of May are unrated"), NOW, "fin", POLICY))
    assert events[0].kind == "reclassified" and events[0].why == "CDRs of May are unrated" and events[0].data["triage"]
    back = after(fold(events, ticket), c.Reclassify("billing", "a dispute after all"))
    assert back.queue == "Billing" and not back.incident


def _graded(**scope: object) -> Ticket:
    return opened(scope=c.Scope(production_impact=True, **scope))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("severity", "scope"),
    [
        ("SEV1", {"unable": 2}),
        ("SEV1", {"platform_down": True}),
        ("SEV1", {"blocked": 5}),
        ("SEV2", {"majors": ("acme",)}),
        ("SEV2", {"affected": 3}),
        ("SEV2", {"workaround": True}),
        ("SEV3", {"customers": ("acme",)}),
        ("SEV3", {"unable": 1}),
        ("SEV3", {"blocked": 1}),
    ],
)
def test_severity_mapping(severity: str, scope: dict[str, object]) -> None:
    """ "SEV1: multiple customers unable to place calls, production platform down, or active financial blocking for many
    customers." "SEV2: one major customer degraded, partial routing failure, or workaround exists." "SEV3: isolated
    customer issue, ..." """
    ticket = _graded(**scope)
    assert ticket.severity == severity and ticket.severity_history[-1].why.startswith("because ")


def test_historical_data_question_or_non_urgent_support_request_is_sev3() -> None:
    """ "SEV3: ... historical data question, or non-urgent support request." """
    ticket = opened(ticket_type="cdr_pipeline", scope=c.Scope(majors=("acme",)))
    assert ticket.severity == "SEV3" and "without production impact" in ticket.severity_history[0].why


def test_a_major_of_the_directory_raises_severity_though_nobody_said_so() -> None:
    around = Around(Directory(customers=(Customer(id="acme", major=True),)))
    command = c.Open("sip_quality", "calls fail", Intake("acme"), c.Scope(production_impact=True))
    ticket = fold(good(handle(None, command, NOW, "jo", POLICY, ticket_id="D-1", around=around)))
    assert ticket.severity == "SEV2" and "acme" in ticket.severity_history[0].why


@pytest.mark.parametrize("gap", ["root_cause", "proofs", "window", "postmortem"])
@pytest.mark.parametrize("door", ["jo", "akira", "akira/mail", "akira/telemetry"])
def test_before_closing_a_ticket(gap: str, door: str) -> None:
    """ "Document root cause or final classification." "Attach commands, dashboard links, or CDR examples used for
    diagnosis." "Confirm customer-facing impact window." "Link postmortem for SEV1/SEV2 incidents." """
    whole = closable(from_telemetry())
    empty = replace(whole, **{gap: {"proofs": (), "window": None}.get(gap, "")})
    refusal = bad(handle(empty, c.Close(), NOW, door, POLICY))
    if door == "jo":
        assert len(refusal.missing) == 1 and refusal.message.startswith("Cannot close i-1:") and refusal.hint
        assert after(whole, c.Close()).state == "closed"
    else:
        assert refusal.code == "machine" and "only a person closes" in refusal.message


def test_sev3_needs_no_postmortem_but_a_sev1_that_was_lowered_does() -> None:
    small = from_telemetry(incident(severity="SEV3"))
    assert [item.key for item in checklist(small)] == ["root_cause", "evidence", "window"]
    lowered = from_telemetry(incident(severity="SEV1"), incident(2, severity="SEV3"))
    assert checklist(lowered)[-1].what == "postmortem (SEV1 incident)"
    wrong = after(lowered, c.ForceSeverity("SEV3", "test traffic"))
    assert [item.key for item in checklist(wrong)] == ["root_cause", "evidence", "window"]


def test_a_request_may_confirm_that_customers_noticed_nothing_but_an_incident_may_not() -> None:
    assert after(opened(), c.ConfirmWindow()).window is not None
    assert "has a customer-facing window" in bad(handle(from_telemetry(), c.ConfirmWindow(), NOW, "jo", POLICY)).message
    assert "lacks `to`" in bad(handle(opened(), c.ConfirmWindow(MINUTE), NOW, "jo", POLICY)).message
    assert bad(handle(opened(), c.ConfirmWindow(MINUTE, NOW + 1), NOW, "jo", POLICY)).code == "invalid"


def test_closing_too_early_names_everything_at_once() -> None:
    refusal = bad(handle(from_telemetry(), c.Close(), NOW, "jo", POLICY))
    assert len(refusal.missing) == 5 and "not resolved" in refusal.message


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (c.LinkPostmortem("later"), "neither a link nor a postmortem"),
        (c.AddEvidence("link", "javascript:alert(1)"), "begins with http"),
        (c.AddEvidence("cdr", " "), "needs a value"),
        (c.SetRootCause("  "), "is empty"),
    ],
)
def test_the_gate_is_not_fooled_by_empty_words(command: c.Command, told: str) -> None:
    assert told in bad(handle(opened(), command, NOW, "jo", POLICY)).message
