"""All questions, minute by minute: counts, evidence, and for each alarm the search for its cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import BINS, SHORTEST_MS
from pipeline.baseline.model import Fit, doubt, expected
from pipeline.evidence import CALM_NATS, Overdispersion, States, ratio, threshold
from pipeline.leaves import FAMILIES, Fan, Leaves
from pipeline.names import Names
from pipeline.quality.cause import inside
from pipeline.quality.counting import Counter
from pipeline.quality.life import Life
from pipeline.quality.recent import Counts, Minute, Recent
from pipeline.quality.tilt import tilt
from pipeline.quality.track import Track
from pipeline.questions import Family, Question
from pipeline.rows import Rows
from pipeline.settings import WatchSettings

Floats = npt.NDArray[np.float64]
PATIENCE_MIN: Final = 3
"""After a search in vain the same slice is searched again only so many minutes later, and after each more in vain twice
as many, up to PATIENCE_MOST_MIN; one that has become loud (nats in one minute) is not made to wait for more than these."""
PATIENCE_MOST_MIN: Final = 12
LOUD_NATS: Final = 2.0
SEARCHES_MOST: Final = 2


class Engine:
    """The evidence of every question and the causes under watch. Deterministic; `close` is called minute by minute."""

    def __init__(self, questions: Sequence[Question], settings: WatchSettings, leaves: Leaves, names: Names) -> None:
        self.questions = tuple(questions)
        self.settings = settings
        self.leaves = leaves
        self.names = names
        self.fits: dict[str, Fit] = {q.name: Fit() for q in questions}
        self._kept: dict[str, tuple[int | None, Floats]] = {}
        self.doubts: dict[str, Floats] = {}
        self.references: dict[str, Floats] = {of: np.zeros((0, BINS)) for of in SHORTEST_MS}
        """[destinations, bins] histograms of normal durations."""
        self.states = {q.name: States(settings.evidence) for q in questions}
        self.spread = {q.name: Overdispersion(len(FAMILIES), settings.evidence) for q in questions}
        self.recent = Recent(60 * settings.time.history_h + 20)
        self.tracks: list[Track] = []
        self.in_vain: dict[str, dict[int, tuple[int, int]]] = {}
        """Question and slice searched in vain: the last minute of it, and how long to be patient."""
        self.counter = Counter()
        self.life = Life(self)

    def refit(self, fits: dict[str, Fit], references: dict[str, Floats]) -> None:
        """Take new expectations."""
        self.fits = fits
        self.references = references
        self._kept.clear()
        self.doubts = {name: doubt(fit, self.leaves) for name, fit in fits.items()}

    def close(self, minute: int, rows: Rows, row_leaf: npt.NDArray[np.int64], hour: int) -> None:
        """Add one closed minute, move the causes under watch and search where an alarm rings."""
        self.counter.note(rows)
        closed = self._count(minute, rows, row_leaf, hour)
        self.recent.add(closed)
        self.life.follow(closed)
        if not any(fit.ready for fit in self.fits.values()):
            return
        limit = self.threshold()
        fan = self.leaves.fan(closed.leaf)
        watched = self._watched(fan)
        for question in self.questions:
            if question.name in closed.counts and self.fits[question.name].ready:
                self._evidence(question, closed, fan, watched[question.families], limit)

    def threshold(self) -> float:
        """Nats that an alarm needs, from the promised number of false tickets a day."""
        return threshold(self.leaves.slice_count(), len(self.questions), self.settings.evidence)

    def _count(self, minute: int, rows: Rows, row_leaf: npt.NDArray[np.int64], hour: int) -> Minute:
        leaf, index = np.unique(row_leaf, return_inverse=True)
        answer = np.full(len(rows), np.nan)
        counts: dict[str, Counts] = {}
        for question in self.questions:
            fit = self.fits[question.name]
            if not fit.ready or not len(leaf):
                continue
            total, hits = self.counter.count(question, rows, index, len(leaf), fit)
            p = self._expected(question, hour if question.by_hour else None)[leaf]
            counts[question.name] = Counts(total, hits, total * p)
            if question.name == "asr":
                answer = p[index]
        return Minute(minute, rows, row_leaf, leaf, answer, counts)

    def _expected(self, question: Question, hour: int | None) -> Floats:
        """[leaves] the expectation of a question at an hour, worked out once an hour and fit for all leaves."""
        kept_hour, kept = self._kept.get(question.name, (None, np.zeros(0)))
        if kept_hour != hour:
            kept = np.zeros(0)
        if len(kept) < len(self.leaves):
            fresh = np.arange(len(kept), len(self.leaves))
            kept = np.concatenate([kept, expected(self.fits[question.name], self.leaves, fresh, hour)])
            self._kept[question.name] = (hour, kept)
        return kept

    def _evidence(
        self, question: Question, closed: Minute, fan: Fan, watched: npt.NDArray[np.bool_], limit: float
    ) -> None:
        counts = closed.counts[question.name]
        unexplained = counts.expected
        block = np.zeros(len(closed.leaf), np.int64)
        for track in self.tracks_of(question.name):
            if track.active:
                within = inside(track.cause, self.leaves.codes[closed.leaf])
                unexplained = tilt(counts.total, counts.hits, unexplained, within, block)
        total = fan.sums(counts.total)
        seen = np.flatnonzero((total > 0) & watched)
        if not len(seen):
            return
        at = fan.slices[seen]
        hits, normal = fan.sums(counts.hits)[seen], fan.sums(unexplained)[seen]
        sign = 1.0 if question.rises else -1.0
        moved = sign * self.settings.evidence.baseline_doubt_sd * self._doubt(question.name)[at]
        own = self.fits[question.name].own
        known = at < len(own)
        moved[known] += own[at[known]]
        states = self.states[question.name]
        states.grow(self.leaves.slice_count())
        family, spread = self.leaves.slice_family[at], self.spread[question.name]
        gains = ratio(hits, total[seen], normal, moved, sign, spread.of(family))
        calm = states.log[at].max(axis=1) < CALM_NATS
        spread.learn(family[calm], hits[calm], total[seen][calm], normal[calm])
        states.add(at, gains, limit)
        over = states.over(at, limit)
        self._search(question, closed.minute, states, at[over], gains[over].max(axis=1))

    def _search(
        self, question: Question, minute: int, states: States, alarms: npt.NDArray[np.int64], gains: Floats
    ) -> None:
        """Search behind the loudest alarms that were not searched in vain a moment ago."""
        vain = self.in_vain.setdefault(question.name, {})
        for number in [n for n, (last, _) in vain.items() if last + 2 * PATIENCE_MOST_MIN < minute]:
            del vain[number]
        due = []
        for at in np.argsort(-states.log[alarms].max(axis=1), kind="stable").tolist():
            last, patience = vain.get(int(alarms[at]), (minute - PATIENCE_MIN, 0))
            if minute - last >= (PATIENCE_MIN if gains[at] >= LOUD_NATS else patience):
                due.append(int(alarms[at]))
        for loudest in due[:SEARCHES_MOST]:
            if self.life.worth_searching(question, minute, loudest) and self.life.search(question, minute, loudest):
                states.log[alarms] = 0.0
                return
            patience = vain[loudest][1] * 2 if loudest in vain else PATIENCE_MIN
            vain[loudest] = (minute, min(patience, PATIENCE_MOST_MIN))

    def _watched(self, fan: Fan) -> dict[tuple[Family, ...], npt.NDArray[np.bool_]]:
        """For each set of families that a question watches: which of the fan's slices are in it."""
        family = self.leaves.slice_family[fan.slices]
        sets = {question.families for question in self.questions}
        return {chosen: np.array([dims in chosen for dims in FAMILIES])[family] for chosen in sets}

    def _doubt(self, name: str) -> Floats:
        """[slices] doubt of the expectation; a slice newer than the fit gets its cold start."""
        known = self.doubts[name]
        if len(known) < self.leaves.slice_count():
            known = self.doubts[name] = doubt(self.fits[name], self.leaves)
        return known

    def tracks_of(self, question: str) -> list[Track]:
        """The causes under one question, oldest first."""
        return [track for track in self.tracks if track.question == question]
