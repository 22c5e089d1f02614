"""Tickets held against faults."""

from __future__ import annotations

from akira.scoring import match
from pipeline.directory import Directory, Terminator
from tests.demo.test_demo import FAULT, TICKET

LATER = FAULT | {"id": "f-2", "start": 3_600_000, "end": 4_200_000, "cause": {"terminator": ["term-2"]}}


def test_a_ticket_is_the_faults_whose_time_signal_and_cause_it_has() -> None:
    score = match([TICKET], [FAULT, LATER])
    assert [m.found for m in score.matches] == [True, False]
    assert score.false == () and not score.clean


def test_a_ticket_of_another_signal_is_nobodys() -> None:
    score = match([TICKET | {"signals": ["pdd_rise"]}], [FAULT])
    assert len(score.false) == 1 and not score.matches[0].found


def test_a_ticket_long_before_or_after_is_nobodys() -> None:
    early = TICKET | {"impact_to": FAULT["start"] - 400_000, "impact_from": -900_000, "opened_at": -800_000}
    late = TICKET | {"impact_from": 2_000_000, "opened_at": 2_100_000}
    assert len(match([early, late], [FAULT]).false) == 2


def test_two_tickets_for_one_fault_are_not_clean() -> None:
    score = match([TICKET, TICKET | {"id": "INC-2", "opened_at": 240_000}], [FAULT])
    assert len(score.matches[0].tickets) == 2 and not score.clean


def test_what_is_tolerated_is_neither_owed_nor_wrong() -> None:
    tolerated = FAULT | {"tolerated": True}
    assert match([], [tolerated]).clean
    assert match([TICKET], [tolerated]).clean


def test_the_gravest_severity_counts() -> None:
    history = [{"severity": "SEV1"}, {"severity": "SEV2"}]
    score = match([TICKET | {"severity_history": history}], [FAULT])
    assert not score.matches[0].severity_exact


def test_one_right_ticket_for_each_fault_is_clean() -> None:
    second = TICKET | {
        "id": "INC-2",
        "cause": LATER["cause"],
        "opened_at": 3_700_000,
        "impact_from": 3_600_000,
        "impact_to": 4_200_000,
    }
    first = TICKET | {"impact_to": 600_000}
    score = match([first, second], [FAULT, LATER])
    assert score.clean and [m.delay_ms for m in score.matches] == [180_000, 100_000]


def test_a_list_of_everything_is_the_platform() -> None:
    directory = Directory(terminators=(Terminator(id="term-1"), Terminator(id="term-2")))
    both = FAULT | {"cause": {"terminator": ["term-1", "term-2"]}}
    platform = TICKET | {"cause": {}}
    assert match([platform], [both], directory).clean
    assert not match([platform], [both]).clean
    assert not match([platform], [FAULT], directory).clean
