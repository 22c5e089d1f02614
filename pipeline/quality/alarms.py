"""The evidence of every question over every slice, moved by one minute at a time in one piece.

Slice and question together are one number, `slice * questions + question`, so that new slices only add to the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.baseline.model import Fit, doubt
from pipeline.evidence import CALM_NATS, Overdispersion, States, loudest, ratio, threshold
from pipeline.leaves import FAMILIES, Fan, Leaves
from pipeline.quality.recent import Counts, Recent
from pipeline.questions import Question
from pipeline.settings import WatchSettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ringing:
    """The slices over the threshold under one question, with their evidence and what the last minute added, nats."""

    slices: Ints
    nats: Floats
    gains: Floats

    def __len__(self) -> int:
        return len(self.slices)


class Alarms:
    """States [slices and questions, shifts], the doubt they are tested with, and the overdispersion learnt."""

    def __init__(self, questions: Sequence[Question], settings: WatchSettings, leaves: Leaves) -> None:
        self.questions, self.settings, self.leaves = tuple(questions), settings, leaves
        self.place = {question.name: place for place, question in enumerate(questions)}
        self.states = States(settings.evidence)
        self.spread = Overdispersion(len(FAMILIES) * len(questions), settings.evidence)
        self.sign = np.array([1.0 if question.rises else -1.0 for question in questions])
        self.watched = np.array([[dims in question.families for dims in FAMILIES] for question in questions])
        self.moved: Floats = np.zeros(0)
        """Log-odds that each expectation is moved before it is tested."""
        self.tests = 0
        """Slices that can end in a ticket, over all questions."""

    def refit(self, fits: Mapping[str, Fit], recent: Recent) -> None:
        """Take new expectations, in the order of the questions."""
        self.moved = self._moved(list(fits.values()), self.leaves.slice_count())
        fan = self.leaves.fan(np.arange(len(self.leaves)))
        self.tests = sum(self._testable(question, recent, fan) for question in self.questions)

    def limit(self) -> float:
        """Nats that an alarm needs, from the promised number of false tickets a day."""
        return threshold(self.tests, self.settings.evidence)

    def _testable(self, question: Question, recent: Recent, fan: Fan) -> int:
        """How many slices have the support that a ticket needs in the minutes that it is judged by: no other slice can
        give a false one, so that no other need be allowed for."""
        watched = self.watched[self.place[question.name]]
        span = recent.span(question.name)
        if not len(span.leaf):
            return int(watched[self.leaves.slice_family].sum())
        total = np.bincount(span.leaf, span.total, len(self.leaves)).astype(np.float64)
        enough = fan.sums(total) >= question.least(self.settings.gates)
        return int((enough & watched[self.leaves.slice_family[fan.slices]]).sum())

    def add(self, fan: Fan, counts: Mapping[str, Counts], fits: Mapping[str, Fit]) -> dict[str, Ringing]:
        """Add a minute: counts a row per leaf of the fan, with what known causes explain already expected. Returns the
        questions under which it rings."""
        names, size = list(counts), len(self.sign)
        asked = np.array([self.place[name] for name in names])
        total, hits, expected = (
            fan.table(np.stack([getattr(counts[name], column) for name in names]))
            for column in ("total", "hits", "expected")
        )
        row, at = np.nonzero((total > 0) & self.watched[asked][:, self.leaves.slice_family[fan.slices]])
        slices, question = fan.slices[at], asked[row]
        number = slices * size + question
        total, hits, expected = total[row, at], hits[row, at], expected[row, at]
        self._grow(fits)
        family = self.leaves.slice_family[slices].astype(np.int64) * size + question
        rho = self.spread.of(family)
        gains = ratio(hits, total, expected, self.moved[number], self.sign[question], rho)
        calm = loudest(self.states.log[number]) < CALM_NATS
        self.spread.learn(family[calm], hits[calm], total[calm], expected[calm])
        limit = self.limit()
        self.states.add(number, gains, limit)
        over = np.flatnonzero(self.states.over(number, limit))
        rings: dict[str, Ringing] = {}
        for place in np.unique(row[over]).tolist():
            ours = over[row[over] == place]
            nats = loudest(self.states.log[number[ours]])
            rings[names[place]] = Ringing(slices[ours], nats, loudest(gains[ours]))
        return rings

    def silence(self, question: str, ringing: Ringing) -> None:
        """The alarm has been answered: its evidence is used up."""
        self.states.log[ringing.slices * len(self.sign) + self.place[question]] = 0.0

    def _grow(self, fits: Mapping[str, Fit]) -> None:
        """Make room for slices newer than the fit, with the doubt of a cold start."""
        slices = self.leaves.slice_count()
        self.states.grow(slices * len(self.sign))
        if len(self.moved) < slices * len(self.sign):
            self.moved = self._moved(list(fits.values()), slices)

    def _moved(self, fits: Sequence[Fit], slices: int) -> Floats:
        table = np.stack([doubt(fit, self.leaves) for fit in fits], axis=1)
        table *= self.sign * self.settings.evidence.baseline_doubt_sd
        for place, fit in enumerate(fits):
            table[: len(fit.own), place] += fit.own
        return table.ravel()
