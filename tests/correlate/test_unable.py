"""Who cannot place calls: too few answers even if all works outside the cause, over as many minutes as it takes."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.correlate.impact import unable
from pipeline.incidents import Impact
from pipeline.names import Names
from pipeline.quality.recent import Minute
from pipeline.settings import SeveritySettings
from tests.detectors.records import call, rows


def _unable(*answers_of_calls: tuple[int, int], share: float = 0.5) -> bool:
    """Acme, `share` of whose calls touch the cause, after minutes of so many answers of so many calls, where half
    would be answered."""
    names, minutes = Names(), []
    for at, (answers, calls) in enumerate(answers_of_calls):
        inside = rows(*(call(200 if n < answers else 503, pdd=None) for n in range(calls)), names=names)
        none = np.zeros(calls, np.int64)
        minutes.append(Minute(at, inside, none, np.zeros(1, np.int64), np.full(calls, 0.5), {}))
    customers = {"acme": Impact("acme", False, 20, 20, 10.0, share)}
    return unable(minutes, names, customers, SeveritySettings()) == ("acme",)


@pytest.mark.parametrize(("answers", "calls", "stuck"), [(0, 12, False), (0, 20, True), (2, 40, True), (5, 40, False)])
def test_few_calls_in_vain_are_bad_luck_and_many_are_not(answers: int, calls: int, stuck: bool) -> None:
    assert _unable((answers, calls)) is stuck


def test_a_customer_all_of_whose_calls_touch_the_cause_needs_no_such_proof() -> None:
    assert _unable((0, 12), share=0.9)
    assert not _unable((0, 12), share=0.7)
    assert not _unable((0, 60), share=0.4)


def test_a_customer_of_few_calls_is_judged_over_more_minutes() -> None:
    assert not _unable(*[(0, 1)] * 10)
    assert _unable(*[(0, 1)] * 25)


def test_what_was_before_the_last_ten_minutes_says_nothing_of_a_busy_customer() -> None:
    assert _unable(*[(5, 10)] * 10, *[(0, 10)] * 10)
    assert not _unable(*[(0, 10)] * 10, *[(5, 10)] * 10)
