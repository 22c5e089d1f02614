"""Telemetry on a ticket: opens, updates, grades, resolves, reopens, never closes; and the log always folds."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.desk import commands as c
from pipeline.desk.book import enter
from pipeline.desk.contract import contract
from pipeline.desk.desk import act, handle
from pipeline.desk.events import TicketEvent, verify
from pipeline.desk.fold import fold
from pipeline.desk.observe import ACTOR, observe, succeeds
from pipeline.desk.silences import Quiet, quiet_for
from pipeline.desk.ticket import TICKET_JSON, Intake, Ticket
from pipeline.incidents import Evidence, Figure, Incident, Point
from tests.desk.faults import MINUTE, NOW, POLICY, after, bad, from_telemetry, good, incident, one_of_each, recovered


def test_upgrades_at_once_and_keeps_the_history() -> None:
    ticket = from_telemetry(incident(), incident(2, severity="SEV1", why="because 14 customers cannot place calls"))
    assert [(mark.severity, mark.at_ms) for mark in ticket.severity_history] == [
        ("SEV2", 2 * MINUTE),
        ("SEV1", 3 * MINUTE),
    ]
    assert ticket.first_response_due_ms == 18 * MINUTE and ticket.paging_from_ms == 3 * MINUTE


def test_a_forced_severity_stands_while_the_table_goes_on_recording() -> None:
    forced = after(from_telemetry(), c.ForceSeverity("SEV1", "a hospital is among them"), at_ms=3 * MINUTE)
    ticket = fold(
        observe(forced, incident(5, severity="SEV3", why="because one standard customer is affected"), POLICY), forced
    )
    assert ticket.severity == "SEV1" and ticket.graded is not None and ticket.graded.severity == "SEV3"
    given_back = after(ticket, c.ForceSeverity(None, "they are served"), at_ms=8 * MINUTE)
    assert given_back.severity == "SEV3" and not given_back.forced
    assert bad(handle(given_back, c.ForceSeverity(None, "again"), NOW, "jo", POLICY)).code == "state"


def test_a_manual_downgrade_waits_for_the_hold_time() -> None:
    scope = c.Scope(production_impact=True, unable=2)
    start = good(
        handle(None, c.Open("sip_quality", "no calls", Intake("acme"), scope), NOW, "jo", POLICY, ticket_id="D-1")
    )
    ticket, better = fold(start), c.Amend(Intake("acme"), replace(scope, unable=1))
    early = after(ticket, better, at_ms=NOW + 14 * MINUTE)
    assert early.severity == "SEV1" and early.graded is not None and early.graded.severity == "SEV3"
    assert after(ticket, better, at_ms=NOW + 15 * MINUTE).severity == "SEV3"


def test_recovery_resolves_but_never_closes_and_a_relapse_reopens_with_its_flap() -> None:
    resolved = from_telemetry(incident(), recovered(9))
    assert (resolved.state, resolved.resolved_at_ms, resolved.impact_to_ms) == ("resolved", 10 * MINUTE, 5 * MINUTE)
    back = fold(observe(resolved, incident(12, flaps=1), POLICY), resolved)
    assert (back.state, back.reopened, back.flaps, back.resolved_at_ms, back.impact_to_ms) == ("open", 1, 1, None, None)
    assert back.next_update_due_ms is not None
    late = incident(10 + POLICY.reopen_window_min + 1)
    assert succeeds(resolved, late, POLICY) and not succeeds(resolved, incident(12), POLICY)


def test_a_person_may_resolve_against_telemetry_only_with_override_and_it_stays_so() -> None:
    ticket = from_telemetry()
    assert "telemetry still shows" in bad(handle(ticket, c.Resolve("fixed"), NOW, "jo", POLICY)).message
    resolved = after(ticket, c.Resolve("fixed", override=True))
    again = fold(observe(resolved, incident(200), POLICY), resolved)
    assert again.state == "resolved" and again.revision == 200
    flapped = fold(observe(again, incident(205, flaps=1), POLICY), again)
    assert flapped.state == "open"


def test_a_revision_already_seen_does_nothing() -> None:
    ticket = from_telemetry(incident(3))
    assert observe(ticket, incident(3), POLICY) == [] and observe(ticket, incident(2), POLICY) == []


def test_the_class_follows_the_evidence_until_a_person_has_the_ticket() -> None:
    rating = incident(2, ticket_type="cdr_pipeline", lead="rating_failure", signals=("rating_failure",))
    ticket = from_telemetry()
    assert fold(observe(ticket, rating, POLICY), ticket).ticket_type == "cdr_pipeline"
    taken = after(ticket, c.Take())
    assert fold(observe(taken, rating, POLICY), taken).ticket_type == "sip_quality"


def test_contract_has_exactly_the_fields_of_a_ticket_line() -> None:
    figure = Figure("asr_drop", "ASR", 0.06, 0.58, 0.56, 0.6, 3912, "ratio")
    evidence = Evidence((figure,), (Point(MINUTE, 10, None, 0.58, 0.5, 0.6),), ("call-1",), ("503 in 91 %",))
    line = contract(from_telemetry(incident(evidence=evidence), recovered(9, evidence=evidence)))
    assert {
        key: line[key] for key in ("id", "opened_at", "resolved_at", "ticket_type", "queue", "owner", "incident")
    } == {
        "id": "i-1",
        "opened_at": 2 * MINUTE,
        "resolved_at": 10 * MINUTE,
        "ticket_type": "sip_quality",
        "queue": "NOC",
        "owner": "On-call/NOC",
        "incident": True,
    }
    assert line["severity_history"] == [{"at": 2 * MINUTE, "severity": "SEV2", "why": incident().why}]
    assert line["cause"] == {"terminator": ["term-05"]} and line["customers"][0]["customer"] == "acme"
    assert (line["impact_from"], line["impact_to"]) == (MINUTE, 5 * MINUTE)
    assert line["evidence"]["figures"][0]["observed"] == 0.06 and line["evidence"]["examples"] == ["call-1"]


def test_a_silence_hides_only_what_it_covers_wholly() -> None:
    one = Quiet("q", "silence", {"terminator": ("t-1", "t-2"), "signal": ("asr_drop",)}, 0, 100, "known", "jo")
    hit = {"terminator": ("t-1",)}
    assert quiet_for([one], hit, "sip_quality", ("asr_drop",), 0) == one
    assert quiet_for([one], hit, "sip_quality", ("asr_drop",), 100) is None
    assert quiet_for([one], hit, "sip_quality", ("asr_drop", "fas"), 5) is None
    assert quiet_for([one], {"terminator": ("t-1", "t-3")}, "sip_quality", ("asr_drop",), 5) is None
    assert quiet_for([one], {}, "sip_quality", ("asr_drop",), 5) is None
    quiet = replace(one, match={"terminator": ("term-05",)}, ends_ms=NOW)
    ticket = fold(observe(None, incident(), POLICY, quiet=(quiet,)))
    assert ticket.state == "open" and (ticket.silenced_by, ticket.silenced_until_ms) == ("q", NOW)


class Shelf:
    """Tickets of a test, as the rules look them up."""

    def __init__(self) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.log: dict[str, list[TicketEvent]] = {}

    def get(self, ticket_id: str) -> Ticket | None:
        """By id."""
        return self.tickets.get(ticket_id)

    def lives(self, incident_key: str) -> list[Ticket]:
        """By incident, in the order of opening."""
        return [ticket for ticket in self.tickets.values() if ticket.incident_key == incident_key]

    def put(self, events: list[TicketEvent]) -> None:
        """Append to the logs and fold."""
        for event in events:
            self.log.setdefault(event.ticket_id, []).append(event)
            self.tickets[event.ticket_id] = fold([event], self.tickets.get(event.ticket_id))


def _revision(rng: random.Random, key: str, revision: int, flaps: int) -> Incident:
    made = incident(revision, id=key, flaps=flaps, severity=rng.choice(("SEV1", "SEV2", "SEV3")))
    if rng.random() < 0.3:
        made = replace(made, recovered_at_ms=made.at_ms, ended_ms=made.at_ms - MINUTE)
    return replace(made, parent="i-0") if key != "i-0" and rng.random() < 0.3 else made


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_story_of_people_and_telemetry_leaves_whole_logs_that_fold_to_the_same_tickets(seed: int) -> None:
    rng, shelf = random.Random(seed), Shelf()
    commands = list(one_of_each().values())
    for revision in range(1, 30):
        if rng.random() < 0.5:
            made = _revision(rng, f"i-{rng.randrange(3)}", revision, revision // 8)
            for ticket, events in enter(made, shelf, POLICY):
                shelf.put(events)
                assert shelf.tickets[ticket.id] == ticket
        elif shelf.tickets:
            key, command = rng.choice(sorted(shelf.tickets)), rng.choice(commands)
            if isinstance(command, c.Merge | c.Link | c.Unlink | c.SetParent):
                field = (
                    "into"
                    if isinstance(command, c.Merge)
                    else "parent"
                    if isinstance(command, c.SetParent)
                    else "other"
                )
                command = replace(command, **{field: rng.choice(sorted(shelf.tickets))})  # type: ignore[arg-type]
            answer = act(shelf.tickets, key, command, revision * MINUTE, rng.choice(("jo", "akira/mail")), POLICY)
            shelf.put([] if isinstance(answer, c.Refusal) else answer)
    for key, log in shelf.log.items():
        assert verify(log) is None
        assert fold(log) == shelf.tickets[key] == TICKET_JSON.validate_json(TICKET_JSON.dump_json(fold(log)))
        closes = [event for event in log if event.kind == "closed"]
        assert all(event.actor == "jo" for event in closes) and ACTOR not in {event.actor for event in closes}
    holding = [
        t.incident_key for t in shelf.tickets.values() if t.incident_key and t.state not in ("resolved", "closed")
    ]
    assert len(holding) == len(set(holding))
