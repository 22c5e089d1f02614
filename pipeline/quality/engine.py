"""All questions, minute by minute: counts, evidence, and for each alarm the search for its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import BINS, SHORTEST_MS
from pipeline.baseline.model import Fit
from pipeline.distinct import ranked
from pipeline.leaves import Leaves
from pipeline.names import Names
from pipeline.ports import Timing, untimed
from pipeline.quality.alarms import Alarms, Ringing
from pipeline.quality.cause import inside
from pipeline.quality.counting import Counter
from pipeline.quality.expecting import Expecting
from pipeline.quality.life import Life
from pipeline.quality.recent import Counts, Minute, Recent
from pipeline.quality.tilt import tilt
from pipeline.quality.track import Track
from pipeline.questions import Question
from pipeline.rows import Rows
from pipeline.settings import WatchSettings

Floats = npt.NDArray[np.float64]
PATIENCE_MIN: Final = 3
"""After a search in vain the same slice is searched again only so many minutes later, and after each more in vain
twice as many, up to PATIENCE_MOST_MIN; one that is loud (nats in one minute) waits no longer than the first time."""
PATIENCE_MOST_MIN: Final = 12
LOUD_NATS: Final = 2.0
SEARCHES_MOST: Final = 2


class Engine:
    """The evidence of every question and the causes under watch. Deterministic; `close` is called minute by minute."""

    def __init__(
        self,
        questions: Sequence[Question],
        settings: WatchSettings,
        leaves: Leaves,
        names: Names,
        timing: Timing = untimed,
    ) -> None:
        self.questions = tuple(questions)
        self.settings, self.timing = settings, timing
        self.leaves = leaves
        self.names = names
        self.fits: dict[str, Fit] = {q.name: Fit() for q in questions}
        self.expecting = Expecting(leaves)
        self.references: dict[str, Floats] = {of: np.zeros((0, BINS)) for of in SHORTEST_MS}
        """[destinations, bins] histograms of normal durations."""
        self.alarms = Alarms(questions, settings, leaves)
        self.recent = Recent(60 * settings.time.history_h + 20)
        self.tracks: list[Track] = []
        self.in_vain: dict[str, dict[int, tuple[int, int]]] = {}
        """Question and slice searched in vain: the last minute of it, and how long to be patient."""
        self.life = Life(self)

    def refit(self, fits: dict[str, Fit], references: dict[str, Floats]) -> None:
        """Take new expectations."""
        self.fits = fits
        self.references = references
        self.expecting.refit(self.questions, fits)
        self.alarms.refit(fits, self.recent)

    def close(self, minute: int, rows: Rows, row_leaf: npt.NDArray[np.int64], hour: int) -> None:
        """Add one closed minute, move the causes under watch and search where an alarm rings."""
        closed = self._count(minute, rows, row_leaf, hour)
        self.recent.add(closed)
        self.life.follow(closed)
        if not closed.counts:
            return
        open_questions = {q.name: self._unexplained(q.name, closed) for q in self.questions if q.name in closed.counts}
        rings = self.alarms.add(self.leaves.fan(closed.leaf), open_questions, self.fits)
        for question in self.questions:
            if question.name in rings:
                with self.timing("search", question.name):
                    self._search(question, minute, rings[question.name])

    def _count(self, minute: int, rows: Rows, row_leaf: npt.NDArray[np.int64], hour: int) -> Minute:
        leaf, index = ranked(row_leaf, len(self.leaves))
        answer = np.full(len(rows), np.nan)
        counts: dict[str, Counts] = {}
        if not len(leaf):
            return Minute(minute, rows, row_leaf, leaf, answer, counts)
        counter = Counter(rows, index, len(leaf))
        for question, p in zip(self.expecting.questions, self.expecting.at(hour, leaf), strict=True):
            with self.timing("slices", question.name):
                total, hits = counter.count(question, self.fits[question.name])
            counts[question.name] = Counts(total, hits, total * p)
            if question.name == "asr":
                answer = p[index]
        return Minute(minute, rows, row_leaf, leaf, answer, counts)

    def _unexplained(self, question: str, closed: Minute) -> Counts:
        """The counts of a minute, with what every active cause explains taken into the expectation."""
        counts = closed.counts[question]
        block = np.zeros(len(closed.leaf), np.int64)
        for track in self.tracks_of(question):
            if track.active:
                within = inside(track.cause, self.leaves.codes[closed.leaf])
                counts = replace(counts, expected=tilt(counts.total, counts.hits, counts.expected, within, block))
        return counts

    def _search(self, question: Question, minute: int, ringing: Ringing) -> None:
        """Search behind the loudest alarms that were not searched in vain a moment ago."""
        vain = self.in_vain.setdefault(question.name, {})
        for number in [n for n, (last, _) in vain.items() if last + 2 * PATIENCE_MOST_MIN < minute]:
            del vain[number]
        due = []
        for at in np.argsort(-ringing.nats, kind="stable").tolist():
            last, patience = vain.get(int(ringing.slices[at]), (minute - PATIENCE_MIN, 0))
            if minute - last >= (PATIENCE_MIN if ringing.gains[at] >= LOUD_NATS else patience):
                due.append(int(ringing.slices[at]))
        for loudest in due[:SEARCHES_MOST]:
            if self.life.search(question, minute, loudest):
                self.alarms.silence(question.name, ringing)
                return
            patience = vain[loudest][1] * 2 if loudest in vain else PATIENCE_MIN
            vain[loudest] = (minute, min(patience, PATIENCE_MOST_MIN))

    def tracks_of(self, question: str) -> list[Track]:
        """The causes under one question, oldest first."""
        return [track for track in self.tracks if track.question == question]
