"""Which attempts count under a question and which of them are hits, per leaf."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import bins
from pipeline.baseline.model import Fit
from pipeline.questions import Question
from pipeline.rows import Flags, Rows

Floats = npt.NDArray[np.float64]
ANSWERED_ONLY_SHARE = 0.985
ANSWERED_ONLY_SUPPORT = 200


class Counter:
    """Totals and hits per leaf; leaves out sources that cannot answer a question, and says which."""

    def __init__(self) -> None:
        self.answered_only: tuple[int, ...] = ()
        """Codes of the switches whose records are all answered: they do not log failures."""
        self.records: Floats = np.zeros((0, 2))
        """[switches] records and answered ones."""

    def note(self, rows: Rows) -> None:
        """Count the records of each switch, and the answered ones."""
        size = max(int(rows.of("switch").max(initial=-1)) + 1, len(self.records))
        grown = np.zeros((size, 2))
        grown[: len(self.records)] = self.records
        switch = rows.of("switch")
        grown[:, 0] += np.bincount(switch, minlength=size)
        grown[:, 1] += np.bincount(switch[rows.answered], minlength=size)
        self.records = grown

    def learn_sources(self) -> None:
        """Find the switches that log answered calls only."""
        total, hits = self.records[:, 0], self.records[:, 1]
        all_answered = (total >= ANSWERED_ONLY_SUPPORT) & (hits >= ANSWERED_ONLY_SHARE * total)
        self.answered_only = tuple(np.flatnonzero(all_answered).tolist())

    def rows(self, question: Question, rows: Rows) -> Flags:
        """Attempts that count."""
        counted = question.counts(rows)
        if question.needs_failures and self.answered_only:
            counted = counted & ~np.isin(rows.of("switch"), self.answered_only)
        return counted

    def hits(self, question: Question, rows: Rows, fit: Fit) -> Flags:
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

    def count(
        self, question: Question, rows: Rows, index: npt.NDArray[np.intp], leaves: int, fit: Fit
    ) -> tuple[Floats, Floats]:
        """[leaves] totals and hits; `index` gives each row's place among the minute's leaves."""
        counted = self.rows(question, rows)
        hits = counted & self.hits(question, rows, fit)
        return (
            np.bincount(index[counted], minlength=leaves).astype(np.float64),
            np.bincount(index[hits], minlength=leaves).astype(np.float64),
        )
