"""PDD rise: callers wait longer for the first ring than is normal.

Input: attempts with an 18x; an answer without one has no PDD.
Method: PDD beyond the destination's own reference p50 and p95, two questions of one engine.
Output: `pdd_rise`, when the median is 60 % and one second above normal (settings).
Limits: a source without `ringing_at` has no PDD: the metric is off, and shown so.
Source: ITU-T E.721 (post-selection delay); RFC 6076 session request delay.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.questions import Question, Scale, Window
from pipeline.rows import Flags, Rows
from pipeline.settings import GateSettings


def rang(rows: Rows) -> Flags:
    """Attempts with a first 18x."""
    return rows.rang


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A median that is longer by a share and by seconds."""
    if np.isnan(window.normal_ms):
        return False
    longer_ms = window.median_ms - window.normal_ms
    return bool(longer_ms >= gates.pdd_rise * window.normal_ms and longer_ms >= gates.pdd_rise_s * 1000)


PDD: Final = Question(
    name="pdd",
    signal="pdd_rise",
    metric="PDD",
    rises=True,
    counts=rang,
    scale=Scale("pdd", 0.5),
    gate=worth_it,
    support="pdd_support",
    needs=("ringing",),
)
PDD_TAIL: Final = Question(
    name="pdd_tail",
    signal="pdd_rise",
    metric="PDD",
    rises=True,
    counts=rang,
    scale=Scale("pdd", 0.05),
    gate=worth_it,
    support="pdd_support",
    needs=("ringing",),
)
