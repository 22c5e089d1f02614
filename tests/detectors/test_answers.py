"""What ASR and NER count, code by code, and when a fall is worth a ticket."""

from __future__ import annotations

import pytest

from detectors.asr import ASR
from detectors.ner import NER
from detectors.numbers import NUMBERS
from pipeline.questions import Pace, Question
from pipeline.settings import GateSettings
from tests.detectors.records import call, rows, window

GATES = GateSettings()
CODES: dict[str, tuple[dict[str, object], bool, bool, bool]] = {
    # record, counts as a seizure, effective for NER, failed for its number
    "answered": ({"code": 200}, True, True, False),
    "busy": ({"code": 486}, True, True, False),
    "declined": ({"code": 603}, True, True, False),
    "busy everywhere": ({"code": 600}, True, True, False),
    "cancelled by the caller": ({"code": 487, "pdd": None}, True, True, False),
    "not available after ringing": ({"code": 480}, True, True, False),
    "not available without ringing": ({"code": 480, "pdd": None}, True, False, False),
    "time out after ringing": ({"code": 408}, True, True, False),
    "time out without ringing": ({"code": 408, "pdd": None}, True, False, False),
    "no service": ({"code": 503, "pdd": None}, True, False, False),
    "no payment": ({"code": 402, "pdd": None}, False, False, False),
    "forbidden": ({"code": 403, "pdd": None}, False, False, False),
    "unknown number": ({"code": 404, "pdd": None}, False, False, True),
    "incomplete number": ({"code": 484, "pdd": None}, False, False, True),
    "number gone": ({"code": 410, "pdd": None}, True, False, True),
    "no code, rang": ({"code": 0}, True, True, False),
    "no code, silent": ({"code": 0, "pdd": None}, True, False, False),
    "no code, Q.850 user busy": ({"code": 0, "pdd": None, "q850": 17}, True, True, False),
    "no code, Q.850 no answer": ({"code": 0, "pdd": None, "q850": 19}, True, True, False),
    "no code, Q.850 unallocated": ({"code": 0, "pdd": None, "q850": 1}, False, False, True),
    "no code, Q.850 invalid format": ({"code": 0, "pdd": None, "q850": 28}, False, False, True),
    "no code, Q.850 rejected": ({"code": 0, "pdd": None, "q850": 21}, True, True, False),
    "no code, Q.850 number changed": ({"code": 0, "pdd": None, "q850": 22}, True, False, True),
    "no code, Q.850 unknown to RFC 3398": ({"code": 0, "pdd": None, "q850": 99}, True, False, False),
    "no code, Q.850 no circuit": ({"code": 0, "pdd": None, "q850": 34}, True, False, False),
    "a code, whatever Q.850": ({"code": 503, "pdd": None, "q850": 17}, True, False, False),
    "want of balance in words": ({"code": 500, "pdd": None, "reason": "Insufficient BALANCE"}, False, False, False),
    "answered by an account in want": ({"code": 200, "reason": "low balance"}, True, True, False),
}


@pytest.mark.parametrize("name", CODES)
def test_each_ending_counts_as_it_should(name: str) -> None:
    record, seized, effective, number = CODES[name]
    one = rows(call(**record))  # type: ignore[arg-type]
    assert (bool(ASR.counts(one)[0]), bool(NER.counts(one)[0])) == (seized, seized)
    assert NER.hit is not None and bool(NER.hit(one)[0]) is effective
    assert NUMBERS.hit is not None and bool(NUMBERS.hit(one)[0]) is number


def test_a_repeated_attempt_is_counted_only_when_it_is_answered() -> None:
    again = rows(call(503), call(200), call(503), retry=(1, 2))
    assert ASR.counts(again).tolist() == [True, True, False]
    assert ASR.hit is not None and ASR.hit(again).tolist() == [False, True, False]


def test_numbers_are_judged_at_terminators_only() -> None:
    mixed = rows(call(404), call(404, terminator=None), call(404), retry=(2,))
    assert NUMBERS.counts(mixed).tolist() == [True, False, False]


@pytest.mark.parametrize(("hits", "worth"), [(48.0, False), (41.0, False), (39.0, True), (0.0, True)])
def test_asr_is_worth_a_ticket_from_a_fifth_less_on(hits: float, worth: bool) -> None:
    assert ASR.gate(window(100, hits, 50), GATES) is worth
    assert ASR.gate(window(100, hits, 50), GateSettings(asr_drop=0.01)) is True


def test_ner_has_a_gate_of_its_own() -> None:
    seen = window(100, 66.0, 80)
    assert NER.gate(seen, GATES) and not NER.gate(seen, GateSettings(ner_drop=0.2))


@pytest.mark.parametrize("question", [ASR, NER])
def test_when_traffic_has_just_jumped_only_failures_can_have_ended(question: Question) -> None:
    jump = Pace(hits_now=20, misses_now=60, total_just_before=30, age_min=3)
    old = Pace(hits_now=20, misses_now=60, total_just_before=30, age_min=11)
    assert not question.gate(window(100, 25, 50, pace=jump), GATES)
    assert question.gate(window(100, 25, 50, pace=old), GATES)


@pytest.mark.parametrize("question", [ASR, NER])
def test_the_attempts_of_a_loop_are_no_jump_of_traffic(question: Question) -> None:
    more = Pace(hits_now=0, misses_now=240, total_just_before=30, age_min=3)
    tries = [call(482, pdd=None, call_id=f"c-{n}", attempt=n % 8 + 1) for n in range(80)]
    looped = rows(*(one | {"call_id": f"c-{n // 8}"} for n, one in enumerate(tries)))
    assert question.gate(window(80, 0, 40, looped, pace=more), GATES)
    assert not question.gate(window(80, 0, 40, rows(*tries), pace=more), GATES)


def test_a_customer_that_dials_a_bad_list_on_top_is_excused_and_one_that_loses_answers_is_not() -> None:
    on_top = Pace(hits_now=50, hits_usual=50, misses_now=150, misses_before=50)
    lost = Pace(hits_now=30, hits_usual=50, misses_now=150, misses_before=50)
    for question in (ASR, NER):
        assert question.excuse is not None
        assert question.excuse(window(200, 50, 100, pace=on_top, one_customer=True))
        assert not question.excuse(window(200, 50, 100, pace=on_top, one_customer=False))
        assert not question.excuse(window(180, 30, 90, pace=lost, one_customer=True))


def test_no_expectation_is_no_fall() -> None:
    assert not ASR.gate(window(100, 0, 0), GATES)


def test_number_failures_are_a_terminators_only_over_several_customers() -> None:
    spread = rows(*(call(404, customer=f"cust-{n % 4}") for n in range(20)))
    one = rows(*(call(404, customer="acme") for _ in range(18)), call(404, customer="other"), call(404))
    for inside, excused in ((spread, False), (one, True)):
        seen = window(40, 20, 2, inside)
        assert NUMBERS.gate(seen, GATES) and NUMBERS.excuse is not None
        assert NUMBERS.excuse(seen) is excused
    assert not NUMBERS.gate(window(40, 9, 2), GATES)
