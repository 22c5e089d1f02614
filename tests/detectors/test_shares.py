"""False answers, failover, rating, balance and access in records: what counts, what is a hit, what is worth it."""

from __future__ import annotations

import pytest

from detectors.acl import DENIED_CALLS
from detectors.balance import BLOCKED_CALLS
from detectors.failover import FAILOVER
from detectors.fas import FAS
from detectors.rating import RATING
from pipeline.questions import Question
from pipeline.rows import Rows
from pipeline.settings import GateSettings
from tests.detectors.records import call, rows, window

GATES = GateSettings()


def hits(question: Question, seen: Rows) -> list[bool]:
    """Which attempts count and are hits."""
    assert question.hit is not None
    return [bool(hit) for hit in question.counts(seen) & question.hit(seen)]


def test_an_answer_without_ringing_or_without_media_is_suspected() -> None:
    seen = rows(
        call(rtp_rx=900), call(pdd=None, rtp_rx=900), call(rtp_rx=0), call(rtp_rx=None), call(486, pdd=None, rtp_rx=0)
    )
    assert FAS.counts(seen).tolist() == [True, True, True, True, False]
    assert hits(FAS, seen) == [False, True, True, False, False]


def test_a_first_attempt_that_is_not_the_last_was_rerouted() -> None:
    seen = rows(
        call(503, last_attempt=False),
        call(503, last_attempt=True),
        call(503, last_attempt=False, attempt=2),
        call(503, last_attempt=False, terminator=None),
        call(503, last_attempt=False),
        retry=(4,),
    )
    assert FAILOVER.counts(seen).tolist() == [True, True, False, False, False]
    assert hits(FAILOVER, seen) == [True, False, False, False, False]


def test_rating_is_judged_on_answers_that_carry_it() -> None:
    seen = rows(
        call(rating="rated"),
        call(rating="unrated"),
        call(rating="failed"),
        call(rating=None),
        call(486, rating="failed"),
    )
    assert RATING.counts(seen).tolist() == [True, True, True, False, False]
    assert hits(RATING, seen) == [False, True, True, False, False]


def test_want_of_balance_is_a_402_or_said_in_words() -> None:
    seen = rows(
        call(402, pdd=None),
        call(500, pdd=None, reason="balance exhausted"),
        call(503, pdd=None),
        call(200, reason="balance low"),
        call(402, pdd=None, last_attempt=False),
        call(402, pdd=None),
        retry=(5,),
    )
    assert BLOCKED_CALLS.counts(seen).tolist() == [True, True, True, True, False, False]
    assert hits(BLOCKED_CALLS, seen) == [True, True, False, False, False, False]


def test_a_403_is_the_own_switchs_only_without_a_terminator() -> None:
    seen = rows(call(403, terminator=None), call(403), call(503, terminator=None))
    assert hits(DENIED_CALLS, seen) == [True, False, False]


@pytest.mark.parametrize(
    ("question", "just", "too_few"),
    [(FAS, 20, 19), (FAILOVER, 30, 29), (RATING, 15, 14), (BLOCKED_CALLS, 60, 59), (DENIED_CALLS, 30, 29)],
)
def test_each_has_its_least_effect(question: Question, just: int, too_few: int) -> None:
    assert question.gate(window(100, just + 0.001, 10), GATES)
    assert not question.gate(window(100, too_few, 10), GATES)


def test_the_least_effects_are_settings() -> None:
    gates = GateSettings(fas_share=0.5, failover_share=0.5, rating_share=0.5)
    for question in (FAS, FAILOVER, RATING):
        assert question.gate(window(100, 55, 10), GATES) and not question.gate(window(100, 55, 10), gates)
