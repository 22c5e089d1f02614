"""What follows a finding that has ended, told in findings minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.correlate import relate
from pipeline.correlate.correlator import Correlator
from pipeline.directory import Directory
from pipeline.findings import Finding
from pipeline.incidents import Figure, Incident
from pipeline.names import Names
from pipeline.quality.recent import Recent
from pipeline.records import MINUTE_MS
from pipeline.settings import WatchSettings

TERMINATOR = {"terminator": ("t1",)}
PART = {"terminator": ("t1",), "destination": ("d1",)}
OTHER = {"terminator": ("t2",), "destination": ("d1",)}
Script = Callable[[int], list[Finding]]


def lasts(key: str, since: int, told: int, until: int, soak: int = 5, **of: object) -> Script:
    """A finding with onset `since` that is told from minute `told` on, ends at `until`, and shows it `soak` later."""
    named = {"signal": "asr_drop", "cause": TERMINATOR, **of}
    figure = Figure(str(named["signal"]), "ASR", 0.1, 0.6, 0.5, 0.7, 100, "ratio")

    def script(minute: int) -> list[Finding]:
        if not told <= minute < until + soak:
            return []
        finding = Finding(key, onset_ms=since * MINUTE_MS, score=20.0, figures=(figure,), **named)  # type: ignore[arg-type]
        return [replace(finding, ended_ms=until * MINUTE_MS) if minute == until + soak - 1 else finding]

    return script


def told(*scripts: Script) -> list[Incident]:
    """The last word on every incident of an hour and a half, in order of opening."""
    correlator = Correlator(Directory(), WatchSettings(), Names(), Recent(90))
    last: dict[str, Incident] = {}
    for minute in range(90):
        found = [finding for script in scripts for finding in script(minute)]
        last.update({incident.id: incident for incident in correlator.step(minute, found, {})})
    return list(last.values())


def test_what_is_left_of_a_fault_in_a_part_of_it_stays_on_its_ticket() -> None:
    (incident,) = told(lasts("whole", 5, 6, 12), lasts("part", 8, 20, 40, cause=PART))
    assert incident.cause == PART and incident.flaps == 0
    assert (incident.onset_ms, incident.ended_ms) == (5 * MINUTE_MS, 40 * MINUTE_MS)


def test_without_its_row_what_is_left_is_a_second_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(row for row in relate.AFTER if row.name != "what is left of it")
    assert len(rows) == len(relate.AFTER) - 1
    monkeypatch.setattr(relate, "AFTER", rows)
    assert len(told(lasts("whole", 5, 6, 12), lasts("part", 8, 20, 40, cause=PART))) == 2


def test_a_part_that_fails_only_later_or_elsewhere_is_another_fault() -> None:
    assert len(told(lasts("whole", 5, 6, 12), lasts("part", 15, 20, 40, cause=PART))) == 2
    assert len(told(lasts("whole", 5, 6, 12), lasts("part", 8, 20, 40, cause=OTHER))) == 2


def test_what_goes_on_before_its_end_was_shown_is_told_once_and_did_not_flap() -> None:
    late = {"signal": "cdr_delayed", "cause": {"switch": ("sw-1",)}}
    silent = lasts("silent", 5, 8, 15, soak=1, **late)
    (incident,) = told(silent, lasts("late", 5, 18, 40, **late))
    assert incident.flaps == 0 and incident.ended_ms == 40 * MINUTE_MS


def test_what_returns_after_its_end_was_shown_is_the_same_ticket_with_a_flap() -> None:
    (incident,) = told(lasts("once", 5, 6, 12), lasts("again", 25, 26, 40))
    assert incident.flaps == 1 and incident.onset_ms == 5 * MINUTE_MS
    assert len(told(lasts("once", 5, 6, 12), lasts("again", 43, 44, 60))) == 2


SILENT = {"signal": "traffic_drop", "cause": {"customer": ("c1",)}}
DENIED = {"signal": "acl_denied", "cause": {"switch": ("sw-1",)}}


def test_a_customer_silent_since_a_stranger_was_denied_is_that_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    spells = lasts("spell", 5, 12, 13, soak=3, **DENIED), lasts("again", 18, 30, 34, soak=3, **DENIED)
    silent = lasts("silent", 6, 20, 50, **SILENT)
    (incident,) = told(*spells, silent)
    assert incident.lead == "acl_denied" and incident.cause == {"customer": ("c1",)} and incident.flaps == 0
    assert len(told(spells[0], lasts("silent", 14, 20, 50, **SILENT))) == 2
    rows = tuple(row for row in relate.AFTER if row.name != "silent since it was denied")
    monkeypatch.setattr(relate, "AFTER", rows)
    assert len(told(*spells, silent)) == 2


def test_a_cause_that_has_just_moved_is_known_before_what_is_new_is_held_against_it() -> None:
    narrow, whole = (lasts("moves", 20, 21, 50, cause=cause, signal="ner_drop") for cause in (OTHER, TERMINATOR))
    later = lasts("new", 18, 30, 50)
    (incident,) = told(lambda minute: whole(minute) if minute >= 30 else narrow(minute), later)
    assert incident.signals == ("asr_drop", "ner_drop")


def test_what_a_wider_finding_took_in_does_not_hold_its_ticket_open() -> None:
    swallowed = lasts("part", 5, 6, 50, cause=PART)
    (incident,) = told(lambda minute: swallowed(minute) if minute < 20 else [], lasts("whole", 5, 8, 30))
    assert incident.ended_ms == 30 * MINUTE_MS and incident.recovered_at_ms is not None


def test_a_finding_that_is_told_no_more_and_stands_alone_is_over() -> None:
    one = lasts("one", 5, 6, 80)
    (incident,) = told(lambda minute: one(minute) if minute < 20 else [])
    assert incident.ended_ms == 21 * MINUTE_MS and incident.recovered_at_ms is not None


EVERYWHERE: dict[str, tuple[str, ...]] = {}


def test_a_trunk_that_fails_after_a_platform_outage_is_a_fault_of_its_own() -> None:
    trunk = {"signal": "sip_unreachable", "cause": {"trunk": ("k1",)}}
    platform, later = told(
        lasts("all", 5, 6, 30, signal="platform_down", cause=EVERYWHERE),
        lasts("k1", 5, 6, 30, **trunk),
        lasts("k1 again", 50, 51, 70, **trunk),
    )
    assert (platform.lead, platform.cause, platform.flaps) == ("platform_down", EVERYWHERE, 0)
    assert (later.lead, later.cause) == ("sip_unreachable", {"trunk": ("k1",)})


def test_a_platform_that_fails_again_is_the_same_ticket() -> None:
    outage = {"signal": "platform_down", "cause": EVERYWHERE}
    (platform,) = told(lasts("all", 5, 6, 30, **outage), lasts("all again", 50, 51, 70, **outage))
    assert platform.flaps == 1


def test_false_answers_in_a_part_do_not_explain_failures_everywhere() -> None:
    part, whole = told(
        lasts("fas", 5, 6, 80, signal="fas", cause=PART), lasts("ner", 40, 41, 60, signal="ner_drop", cause=EVERYWHERE)
    )
    assert (part.lead, part.cause) == ("fas", PART)
    assert (whole.lead, whole.cause) == ("ner_drop", EVERYWHERE)


def test_calls_of_some_that_are_refused_for_a_while_longer_do_not_narrow_what_events_said() -> None:
    six, four = ({"customer": tuple(f"c{n}" for n in range(many))} for many in (6, 4))
    blocked = {"signal": "balance_blocked"}
    (incident,) = told(
        lasts("events", 5, 6, 30, soak=1, cause=six, customers=six["customer"], **blocked),
        lasts("calls", 5, 10, 45, cause=four, **blocked),
    )
    assert incident.cause == six and incident.ended_ms == 45 * MINUTE_MS


def _outage_and_its_calls() -> list[Incident]:
    return told(
        lasts("all", 5, 6, 30, soak=1, signal="platform_down", cause=EVERYWHERE),
        lasts("asr", 25, 34, 40, cause=EVERYWHERE),
    )


def test_the_calls_of_an_outage_that_still_show_are_on_its_ticket() -> None:
    (incident,) = _outage_and_its_calls()
    assert (incident.onset_ms, incident.ended_ms, incident.flaps) == (5 * MINUTE_MS, 40 * MINUTE_MS, 0)


def test_without_its_row_they_are_a_second_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(row for row in relate.AFTER if row.name != "the outage's calls still show")
    assert len(rows) == len(relate.AFTER) - 1
    monkeypatch.setattr(relate, "AFTER", rows)
    assert len(_outage_and_its_calls()) == 2
