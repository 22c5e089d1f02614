"""NER drop: fewer attempts that reach the subscriber than is normal.

Input: as ASR.
Method: answered, or failed on the subscriber's side (busy, declined, cancelled, rang), against the same model as ASR.
Output: `ner_drop`, from a relative fall of 15 % on (setting).
Limits: 480 and 408 count as the subscriber's only when the call rang: a source without `ringing_at` is left out, and
shown so.
Source: ITU-T E.425 (network effectiveness ratio).
"""

from __future__ import annotations

from typing import Final

from detectors.asr import answers_unchanged, only_failures_can_have_ended
from pipeline.questions import Question, Window
from pipeline.settings import GateSettings


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A fall of the network's own share."""
    return window.fall >= gates.ner_drop and not only_failures_can_have_ended(window)


NER: Final = Question(
    name="ner",
    signal="ner_drop",
    metric="NER",
    rises=False,
    counts=lambda rows: rows.seized,
    hit=lambda rows: rows.effective,
    gate=worth_it,
    support="asr_support",
    excuse=answers_unchanged,
    needs=("failures", "ringing"),
)
