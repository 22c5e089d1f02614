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


def count(question: Question, rows: Rows, index: npt.NDArray[np.intp], leaves: int, fit: Fit) -> tuple[Floats, Floats]:
    """[leaves] totals and hits; `index` gives each row's place among the minute's leaves."""
    counted = question.counts(rows)
    hit = counted & hits_of(question, rows, fit)
    return (
        np.bincount(index[counted], minlength=leaves).astype(np.float64),
        np.bincount(index[hit], minlength=leaves).astype(np.float64),
    )
