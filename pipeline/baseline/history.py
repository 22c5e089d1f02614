"""Counts of normal times per cell, forgotten with a half-life; histograms for durations, plain counts for outcomes.

Histograms have half-octave bins, so that the quantile that is watched can be chosen anew at every fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.distinct import ranked
from pipeline.questions import Question
from pipeline.rows import Rows

Floats = npt.NDArray[np.float64]
BINS: Final = 26
SHORTEST_MS: Final = {"pdd": 50.0, "talk": 250.0}
HOURS: Final = 48
"""24 hours of a working day, 24 of a weekend day (UTC)."""


def bins(values_ms: npt.NDArray[np.int64], of: str) -> npt.NDArray[np.int64]:
    """Half-octave bin of each duration, 0 to 25; -1 where there is none."""
    ratio = np.maximum(values_ms, 1) / SHORTEST_MS[of]
    found = np.clip(np.floor(2 * np.log2(ratio) + 1e-9), 0, BINS - 1).astype(np.int64)
    return np.where(values_ms >= 0, found, -1)


def middle_ms(position: float, of: str) -> float:
    """The duration at a fractional bin position."""
    return float(SHORTEST_MS[of] * 2 ** (position / 2))


def hour_of(minute: int) -> int:
    """The hour bin of a minute since the epoch (a Thursday)."""
    hours = minute // 60
    weekend = (hours // 24 + 3) % 7 >= 5
    return int(hours % 24 + (24 if weekend else 0))


class History:
    """Forgetting counts: `total`/`hits` [cells] per outcome question, `scales` [cells, bins] per duration, and per
    destination and hour the totals and hits of every question."""

    def __init__(self, questions: Sequence[Question], half_life_days: float) -> None:
        self.questions = tuple(questions)
        self.half_life_days = half_life_days
        self.total: dict[str, Floats] = {q.name: np.zeros(0) for q in questions if q.scale is None}
        self.hits: dict[str, Floats] = {q.name: np.zeros(0) for q in questions if q.scale is None}
        self.scales: dict[str, Floats] = {of: np.zeros((0, BINS)) for of in SHORTEST_MS}
        self.hours: dict[str, Floats] = {q.name: np.zeros((0, HOURS, 2)) for q in questions if q.by_hour}
        self.minutes = 0

    def forget(self, minutes: int) -> None:
        """Let `minutes` of time pass."""
        keep = 0.5 ** (minutes / (self.half_life_days * 1440))
        for table in (self.total, self.hits, self.scales, self.hours):
            for counts in table.values():
                counts *= keep
        self.minutes += minutes

    def grow(self, cells: int, destinations: int) -> None:
        """Make room for new cells and destinations."""
        for table, size in (
            (self.total, cells),
            (self.hits, cells),
            (self.scales, cells),
            (self.hours, destinations),
        ):
            for name, counts in table.items():
                if len(counts) < size:
                    table[name] = np.concatenate([counts, np.zeros((size - len(counts), *counts.shape[1:]))])

    def learn(self, rows: Rows, cell: npt.NDArray[np.int64]) -> None:
        """Add attempts of normal times; `cell` numbers their cells."""
        cells, index = ranked(cell, len(self.scales["pdd"]))
        size = len(cells)
        for question in self.questions:
            if question.hit is None:
                continue
            counted = question.counts(rows)
            self.total[question.name][cells] += np.bincount(index[counted], minlength=size)
            self.hits[question.name][cells] += np.bincount(index[counted & question.hit(rows)], minlength=size)
        for of, values in (("pdd", rows.pdd_ms), ("talk", rows.talk_ms)):
            bin_of = bins(values, of)
            if of == "pdd":
                bin_of = np.where(rows.rang, bin_of, -1)
            inside = bin_of >= 0
            at, number = np.unique(cell[inside] * BINS + bin_of[inside], return_counts=True)
            self.scales[of].reshape(-1)[at] += number

    def learn_hours(self, name: str, destination: npt.NDArray[np.int64], hour: int, sums: Floats) -> None:
        """Add [rows, 2] totals and hits of a question at an hour."""
        table = self.hours[name]
        for column in range(2):
            table[:, hour, column] += np.bincount(destination, sums[:, column], len(table))

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {
            "total": self.total,
            "hits": self.hits,
            "scales": self.scales,
            "hours": self.hours,
            "minutes": self.minutes,
        }

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        for name, value in state.items():
            setattr(self, name, value)
