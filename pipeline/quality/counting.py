"""Which attempts count under a question and which of them are hits, per leaf."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import bins
from pipeline.baseline.model import Fit
from pipeline.questions import Question
from pipeline.rows import Flags, Rows

Floats = npt.NDArray[np.float64]


def hits_of(question: Question, rows: Rows, fit: Fit) -> Flags:
    """Attempts that are hits, among those that count."""
    if question.scale is None:
        assert question.hit is not None
        return question.hit(rows)
    of = question.scale.of
    bin_of = bins(rows.pdd_ms if of == "pdd" else rows.talk_ms, of)
    destination = rows.of("destination")
    fallback = int(np.median(fit.cuts)) if len(fit.cuts) else 0
    known = (destination >= 0) & (destination < len(fit.cuts))
    cut = np.where(known, fit.cuts[np.where(known, destination, 0)], fallback) if len(fit.cuts) else fallback
    return (bin_of >= 0) & ((bin_of > cut) if of == "pdd" else (bin_of <= cut))


class Counter:
    """Counts the attempts of a minute per leaf; `index` gives each row's place among the minute's `leaves`."""

    def __init__(self, rows: Rows, index: npt.NDArray[np.intp], leaves: int) -> None:
        self.rows, self.index, self.leaves = rows, index, leaves
        self._counted: dict[bytes, Floats] = {}

    def count(self, question: Question, fit: Fit) -> tuple[Floats, Floats]:
        """[leaves] totals and hits. What was counted before is the same array again: the answers of one question are
        what the next asks about."""
        counted = question.counts(self.rows)
        return self._per_leaf(counted), self._per_leaf(counted & hits_of(question, self.rows, fit))

    def _per_leaf(self, chosen: Flags) -> Floats:
        key = chosen.tobytes()
        if key not in self._counted:
            self._counted[key] = np.bincount(self.index[chosen], minlength=self.leaves).astype(np.float64)
        return self._counted[key]
