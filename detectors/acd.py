"""ACD drop: answered calls talk for a shorter time than is normal.

Input: answered calls.
Method: talk time at or below the destination's own reference p25 and p50, two questions of one engine.
Output: `acd_drop`, when the median talk time is 25 % below normal (setting) and, of the calls that have had the same
time to end, more are short than is normal.
Limits: calls are known when they end: after a jump of traffic only short ones can have ended, so that a fall of the
median alone says nothing, and a few minutes pass before calls of one age are there; false answers shorten talk and are
told apart by `fas`.
Source: ITU-T E.437 (mean talk time of answered calls), taken robustly: one stuck dialogue moves a mean.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.questions import Question, Scale, Window
from pipeline.rows import Flags, Rows
from pipeline.settings import GateSettings

SURELY_SHORTER_SD: Final = 3.0
ON_TOP: Final = 1.4


def answered(rows: Rows) -> Flags:
    """Answered calls with a known talk time."""
    return rows.answered & (rows.talk_ms >= 0)


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A median that is shorter by a share, and not only because short calls end first."""
    if np.isnan(window.normal_ms):
        return False
    shorter = window.median_ms <= (1 - gates.acd_drop) * window.normal_ms
    return bool(shorter and window.cohort_sd >= SURELY_SHORTER_SD)


def more_answers(window: Window) -> bool:
    """A customer with many more answered calls than before dials something else: its short calls come on top."""
    pace = window.pace
    now, before = pace.hits_now + pace.misses_now, pace.hits_usual + pace.misses_before
    return bool(window.one_customer and now >= ON_TOP * before)


ACD: Final = Question(
    name="acd",
    signal="acd_drop",
    metric="ACD",
    rises=True,
    counts=answered,
    scale=Scale("talk", 0.5),
    gate=worth_it,
    support="acd_support",
    excuse=more_answers,
)
ACD_SHORT: Final = Question(
    name="acd_short",
    signal="acd_drop",
    metric="ACD",
    rises=True,
    counts=answered,
    scale=Scale("talk", 0.25),
    gate=worth_it,
    support="acd_support",
    excuse=more_answers,
)
