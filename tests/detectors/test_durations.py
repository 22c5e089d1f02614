"""Waiting and talk: which calls have one, which are beyond the reference, when it is worth a ticket."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.acd import ACD, ACD_SHORT
from detectors.pdd import PDD, PDD_TAIL
from pipeline.questions import Pace, Question
from pipeline.settings import GateSettings
from tests.detectors.records import AT, call, rows, window

GATES = GateSettings()


def test_only_attempts_that_rang_have_a_pdd() -> None:
    seen = rows(call(pdd=1200), call(pdd=None), call(486, pdd=0), call(503, pdd=None))
    assert PDD.counts(seen).tolist() == [True, False, True, False]
    assert seen.pdd_ms.tolist() == [1200, -1, 0, -1]


def test_only_answered_calls_talk_and_a_call_without_bye_says_nothing() -> None:
    answered = AT + 1500
    stuck = call(talk=0, emitted_at=answered + 3_600_000)
    seen = rows(call(talk=30_000), call(talk=0), stuck, call(486), call(talk=5, pdd=None))
    assert ACD.counts(seen).tolist() == [True, True, False, False, True]
    assert seen.talk_ms.tolist() == [30_000, 0, -1, -1, 5]


def test_two_quantiles_of_one_reference() -> None:
    scales = {q.name: q.scale for q in (PDD, PDD_TAIL, ACD, ACD_SHORT)}
    assert {name: (s.of, s.quantile) for name, s in scales.items() if s is not None} == {
        "pdd": ("pdd", 0.5),
        "pdd_tail": ("pdd", 0.05),
        "acd": ("talk", 0.5),
        "acd_short": ("talk", 0.25),
    }


@pytest.mark.parametrize("question", [PDD, PDD_TAIL])
@pytest.mark.parametrize(
    ("median", "normal", "worth"),
    [(3200, 2000, True), (3100, 2000, False), (1900, 1000, False), (2000, 1000, True), (900, 300, False)],
)
def test_pdd_must_rise_by_a_share_and_by_a_second(question: Question, median: int, normal: int, worth: bool) -> None:
    seen = window(40, 30, 20, median_ms=float(median), normal_ms=float(normal))
    assert question.gate(seen, GATES) is worth


@pytest.mark.parametrize("question", [ACD, ACD_SHORT])
@pytest.mark.parametrize(("median", "worth"), [(74_000, True), (76_000, False), (0, True)])
def test_talk_must_fall_by_a_share(question: Question, median: int, worth: bool) -> None:
    seen = window(80, 60, 40, median_ms=float(median), normal_ms=100_000.0, cohort_sd=9.0)
    assert question.gate(seen, GATES) is worth


def test_short_calls_that_end_first_are_no_shorter_talk() -> None:
    seen = window(80, 60, 40, median_ms=30_000.0, normal_ms=100_000.0, cohort_sd=0.3)
    assert not ACD.gate(seen, GATES)


@pytest.mark.parametrize("question", [PDD, ACD])
def test_without_a_reference_nothing_is_judged(question: Question) -> None:
    assert not question.gate(window(80, 60, 40, median_ms=9e9, normal_ms=np.nan, cohort_sd=9.0), GATES)


def test_a_customer_that_answers_much_more_dials_something_else() -> None:
    more = Pace(hits_now=80, misses_now=40, hits_usual=40, misses_before=40)
    same = Pace(hits_now=60, misses_now=20, hits_usual=40, misses_before=40)
    assert ACD.excuse is not None
    assert ACD.excuse(window(80, 60, 40, pace=more, one_customer=True))
    assert not ACD.excuse(window(80, 60, 40, pace=more, one_customer=False))
    assert not ACD.excuse(window(80, 60, 40, pace=same, one_customer=True))
