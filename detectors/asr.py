"""ASR drop: fewer answers than the mix of destinations, terminators and customers gives.

Input: attempts that left the switch or should have; 402, 403, 404, 484 and re-attempts apart.
Method: answered or not against logit p = destination + terminator + pair + customer + hour (`pipeline.baseline`).
Output: `asr_drop` on the narrowest cause, from a relative fall of 20 % on (setting).
Limits: needs failed calls in the records; a source that logs answered calls only is left out, and shown so.
Source: ITU-T E.411 (ASR = answers / seizures).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.questions import Question, Window
from pipeline.settings import GateSettings

SAME_ANSWERS: Final = 0.9
ACCOUNTED: Final = 0.8
JUMP: Final = 2.0
JUMP_MIN: Final = 10


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A fall that customers feel."""
    return window.fall >= gates.asr_drop and not only_failures_can_have_ended(window)


def only_failures_can_have_ended(window: Window) -> bool:
    """Just after a jump of traffic, or the end of an outage, failures have ended and the answered calls still talk.
    More attempts of each call, as in a loop of the routing, are no jump."""
    pace = window.pace
    if pace.age_min > JUMP_MIN:
        return False
    attempts_per_call = max(len(window.rows), 1) / max(len(np.unique(window.rows.call)), 1)
    return bool(pace.total_just_before * JUMP <= (pace.hits_now + pace.misses_now) / attempts_per_call)


def answers_unchanged(window: Window) -> bool:
    """As many calls succeed as ever, and the growth of traffic accounts for the fall: the failures are additional
    traffic, a dialler's list, not a fault."""
    pace = window.pace
    if not (window.one_customer and pace.hits_usual > 0 and pace.hits_now >= SAME_ANSWERS * pace.hits_usual):
        return False
    before, now = pace.hits_usual + pace.misses_before, pace.hits_now + pace.misses_now
    fall = 1 - pace.hits_now / now / window.normal
    return bool(1 - before / now >= ACCOUNTED * fall)


ASR: Final = Question(
    name="asr",
    signal="asr_drop",
    metric="ASR",
    rises=False,
    counts=lambda rows: rows.seized,
    hit=lambda rows: rows.answered,
    gate=worth_it,
    support="asr_support",
    excuse=answers_unchanged,
    needs=("failures",),
)
