"""ASR drop: fewer answers than the mix of destinations, terminators and customers gives.

Input: attempts that left the switch or should have; 402, 403, 404, 484 and re-attempts apart.
Method: answered or not against logit p = destination + terminator + pair + customer + hour (`pipeline.baseline`).
Output: `asr_drop` on the narrowest cause, from a relative fall of 20 % on (setting).
Limits: needs failed calls in the records; a source that logs answered calls only is left out, and shown so.
Source: ITU-T E.411 (ASR = answers / seizures).
"""

from __future__ import annotations

from typing import Final

from pipeline.answers import seizures
from pipeline.questions import Question, Window
from pipeline.settings import GateSettings

SAME_ANSWERS: Final = 0.9


def worth_it(window: Window, gates: GateSettings) -> bool:
    """Enough attempts, and a fall that customers feel."""
    return window.total >= gates.asr_support and window.fall >= gates.asr_drop and not answers_unchanged(window)


def answers_unchanged(window: Window) -> bool:
    """As many calls are answered as ever: the failures are additional traffic, a dialler's list, not a fault."""
    return bool(window.pace.hits_now >= SAME_ANSWERS * window.pace.hits_usual and window.pace.hits_usual > 0)


ASR: Final = Question(
    name="asr",
    signal="asr_drop",
    metric="ASR",
    rises=False,
    counts=seizures,
    hit=lambda rows: rows.answered,
    gate=worth_it,
    needs_failures=True,
)
