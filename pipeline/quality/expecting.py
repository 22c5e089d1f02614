"""What every question expects of every leaf: worked out once an hour, and for the leaves that are new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.baseline.expectation import expected, side_by_side
from pipeline.baseline.model import Fit
from pipeline.leaves import Leaves
from pipeline.questions import Question

Floats = npt.NDArray[np.float64]
ROOM: float = 0.125
"""Of the leaves known: new ones come every minute, and the table is not to be moved each time."""


class Expecting:
    """The questions that have a fit, and their expectations."""

    def __init__(self, leaves: Leaves) -> None:
        self.leaves = leaves
        self.refit((), {})

    def refit(self, questions: Sequence[Question], fits: Mapping[str, Fit]) -> None:
        """Take new fits."""
        self.questions = [question for question in questions if fits[question.name].ready]
        self._fits = [fits[question.name] for question in self.questions]
        self._effects = side_by_side(self._fits) if self._fits else np.zeros((0, 1))
        self._table: Floats = np.zeros((len(self.questions), 0))
        self._known, self._hour = 0, -1

    def at(self, hour: int, leaf: npt.NDArray[np.int64]) -> Floats:
        """[questions, leaf] expected shares of hits."""
        if not self._fits:
            return np.zeros((0, len(leaf)))
        size = len(self.leaves)
        if hour != self._hour:
            self._known, self._hour = 0, hour
        if self._known < size:
            hours = [hour if question.by_hour else None for question in self.questions]
            fresh = expected(self._fits, self._effects, self.leaves, np.arange(self._known, size), hours)
            if size > self._table.shape[1]:
                room = np.zeros((len(fresh), round(ROOM * size)))
                self._table = np.concatenate([self._table[:, : self._known], fresh, room], axis=1)
            self._table[:, self._known : size] = fresh
            self._known = size
        return self._table[:, leaf]
