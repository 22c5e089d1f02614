"""The evidence of every question over every slice, moved by one minute at a time in one piece.

Slice and question together are one number, `slice * questions + question`, so that new slices only add to the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.baseline.expectation import doubt
from pipeline.baseline.model import Fit
from pipeline.evidence import CALM_NATS, Overdispersion, States, ratio, threshold
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
    """States [shifts, slices and questions], the doubt they are tested with, and the overdispersion learnt."""

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
        self.moved = self._moved(list(fits.values()), 0)
        fan = self.leaves.fan(np.arange(len(self.leaves)))
        # questions that count the same attempts share their arrays
        alike: dict[tuple[int, ...], list[Question]] = {}
        for question in self.questions:
            counted = [
                closed.counts[question.name].total for closed in recent.minutes if question.name in closed.counts
            ]
            alike.setdefault(tuple(map(id, counted)), []).append(question)
        self.tests = sum(self._testable(questions, recent, fan) for questions in alike.values())

    def limit(self) -> float:
        """Nats that an alarm needs, from the promised number of false tickets a day."""
        return threshold(self.tests, self.settings.evidence)

    def _testable(self, questions: Sequence[Question], recent: Recent, fan: Fan) -> int:
        """How many slices have the support that a ticket needs in the minutes that it is judged by, over questions that
        count alike: no other slice can give a false one, so that no other need be allowed for."""
        total = np.zeros(len(self.leaves))
        for closed in recent.minutes:
            if questions[0].name in closed.counts:
                total[closed.leaf] += closed.counts[questions[0].name].total
        sums, found = fan.sums(total), 0
        for question in questions:
            least = question.least(self.settings.gates) if total.any() else 0
            watched = self.watched[self.place[question.name]][self.leaves.slice_family[fan.slices]]
            found += int((watched & (sums >= least)).sum())
        return found

    def add(self, fan: Fan, counts: Mapping[str, Counts], fits: Mapping[str, Fit]) -> dict[str, Ringing]:
        """Add a minute: counts a row per leaf of the fan, with what known causes explain already expected. Returns the
        questions under which it rings."""
        place, slices, total, hits, expected = self._seen(fan, counts)
        number = slices * len(self.sign) + place
        self._grow(fits)
        family = self.leaves.slice_family[slices].astype(np.int64) * len(self.sign) + place
        rho = self.spread.of(family)
        gains = ratio(hits, total, expected, self.moved[number], self.sign[place], rho)
        calm = self.states.peak[number] < CALM_NATS
        self.spread.learn(family[calm], hits[calm], total[calm], expected[calm])
        limit = self.limit()
        peak = self.states.add(number, gains, limit)
        over = np.flatnonzero(peak >= limit)
        rings: dict[str, Ringing] = {}
        for one in np.unique(place[over]).tolist():
            ours = over[place[over] == one]
            rings[self.questions[one].name] = Ringing(slices[ours], peak[ours], gains[:, ours].max(axis=0))
        return rings

    def _seen(self, fan: Fan, counts: Mapping[str, Counts]) -> tuple[Ints, Ints, Floats, Floats, Floats]:
        """Places of questions, slices, total, hits and expected hits, wherever a question counts any attempt."""
        seen = {}
        for families in dict.fromkeys(question.families for question in self.questions):
            asked = [q for q in self.questions if q.families == families and q.name in counts]
            if not asked:
                continue
            chosen = self.watched[self.place[asked[0].name]]
            part = fan if chosen.all() else fan.within(chosen[self.leaves.slice_family[fan.slices]])
            # questions that count the same attempts, and hits that others count, share their array
            whole = {id(column): column for q in asked for column in (counts[q.name].total, counts[q.name].hits)}
            sums = dict(zip(whole, part.counts(list(whole.values())), strict=True))
            for question in asked:
                of, place = counts[question.name], self.place[question.name]
                total = sums[id(of.total)]
                at = np.flatnonzero(total > 0)
                found = (np.full(len(at), place), part.slices[at], total[at], sums[id(of.hits)][at])
                seen[place] = (*found, part.sums(of.expected)[at])
        columns = zip(*(seen[place] for place in sorted(seen)), strict=True)
        place_of, slices, total, hits, expected = (np.concatenate(column) for column in columns)
        return place_of, slices, total, hits, expected

    def silence(self, question: str, ringing: Ringing) -> None:
        """The alarm has been answered: its evidence is used up."""
        self.states.silence(ringing.slices * len(self.sign) + self.place[question])

    def _grow(self, fits: Mapping[str, Fit]) -> None:
        """Make room for slices newer than the fit, with the doubt of a cold start."""
        slices, size = self.leaves.slice_count(), len(self.sign)
        self.states.grow(slices * size)
        if len(self.moved) < slices * size:
            self.moved = np.concatenate([self.moved, self._moved(list(fits.values()), len(self.moved) // size)])

    def _moved(self, fits: Sequence[Fit], since: int) -> Floats:
        """Of the slices from number `since` on."""
        table = np.stack([doubt(fit, self.leaves, since) for fit in fits], axis=1)
        table *= self.sign * self.settings.evidence.baseline_doubt_sd
        for place, fit in enumerate(fits):
            own = fit.own[since:]
            table[: len(own), place] += own
        return table.ravel()
