"""FAS: answers that nobody gave, suspected from the records.

Input: answered calls.
Method: an answer without any 18x before it, or without one media packet from the terminator, against the slice's own
rate and, by the model's terminator effects, against what peers give on the same destination.
Output: `fas`, when such answers are ten points of all answers above normal (setting); always "suspected": confirm by
test calls.
Limits: gateways without answer supervision, voicemail and announcements look alike; a source without `ringing_at` and
without media counts cannot be judged (its own rate is 1: the metric is silent).
Source: operator practice; deliberately neither the short-call-to-hang-up ratio nor the ring-to-connect distribution.
"""

from __future__ import annotations

from typing import Final

from pipeline.questions import Question, Window
from pipeline.rows import Flags, Rows
from pipeline.settings import GateSettings


def answered(rows: Rows) -> Flags:
    """Answered attempts."""
    return rows.answered


def suspected(rows: Rows) -> Flags:
    """Answered without ringing, or without media."""
    return rows.answered & (~rows.rang | rows.no_media)


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A share of suspected answers above normal."""
    return window.excess >= gates.fas_share


FAS: Final = Question(
    name="fas",
    signal="fas",
    metric="suspected false answers",
    rises=True,
    counts=answered,
    hit=suspected,
    gate=worth_it,
    support="acd_support",
    needs=("ringing", "media"),
)
