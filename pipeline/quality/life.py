"""From an alarm to a cause under watch: search, widen or narrow while it is young, end it by its own traffic."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.explain import Found
from pipeline.leaves import FAMILIES
from pipeline.quality.cause import Codes, coded, contains, inside, overlaps
from pipeline.quality.judge import judge, observe
from pipeline.quality.recent import Minute, by_minute
from pipeline.quality.seek import find, loudest_leaves, onset, unexplained
from pipeline.quality.track import Track
from pipeline.questions import Question

if TYPE_CHECKING:
    from pipeline.quality.engine import Engine

YOUNG_MIN: Final = 10
UNEXCUSED: Final = 0.6
REVIEWED_AT_MIN: Final = frozenset((1, 2, 3, 4, 6, 8, 10, 15, 20, 25, 30, 35, 40, 45))
"""Ages at which a cause is asked for anew; while it is young a minute later again when the answer was another."""
MOST: Final = 0.7
REVIEWED_MOST: Final = 2


class Life:
    """The causes of one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def follow(self, closed: Minute) -> None:
        """Move every cause under watch by one closed minute."""
        engine = self.engine
        for track in [t for t in engine.tracks if t.active]:
            counts = closed.counts.get(track.question)
            if counts is None:
                track.add(closed.minute, 0.0, 0.0, 0.0)
                continue
            within = inside(track.cause, engine.leaves.codes[closed.leaf])
            track.add(
                closed.minute,
                float(counts.total[within].sum()),
                float(counts.hits[within].sum()),
                float(counts.expected[within].sum()),
            )
            track.judge_recovery(engine.settings.hold.soak_min, engine.settings.evidence.overdispersion)
            age = closed.minute - track.opened
            if track.excused and age <= max(REVIEWED_AT_MIN):
                self._excuse_again(track, closed.minute)
            due = age in REVIEWED_AT_MIN or (track.pending is not None and 0 < age <= YOUNG_MIN)
            if track.active and due and track.good_since is None and not track.excused:
                self._review(track, closed.minute)

    def _excuse_again(self, track: Track, minute: int) -> None:
        """An excuse holds only as long as what succeeded before goes on succeeding."""
        question = next(q for q in self.engine.questions if q.name == track.question)
        window = observe(self.engine, question, track.cause, track.onset, minute, np.array(track.series))
        if window is not None and window.pace.hits_now < UNEXCUSED * window.pace.hits_usual:
            track.excused, track.opened = False, minute

    def forget(self, before: int) -> None:
        """Drop the causes that ended before minute `before`."""
        self.engine.tracks = [t for t in self.engine.tracks if t.ended is None or t.series[-1][0] >= before]

    def search(self, question: Question, minute: int, loudest: int) -> bool:
        """Search the cause behind an alarm of slice `loudest`; True when a cause was opened or widened."""
        span = unexplained(self.engine, question, self.engine.recent.span(question.name), minute)
        begun = onset(self.engine, question, span, loudest_leaves(self.engine, loudest))
        if not self._worth_it(question, minute, loudest, begun):
            return False
        opened = [self._open(question, cause, minute) for cause in find(self.engine, question, begun, minute)]
        return any(opened)

    def _worth_it(self, question: Question, minute: int, slice_number: int, begun: int) -> bool:
        """Whether the search can find what passes the gate. A pair of values is as narrow as a cause gets, and what is
        wider alarms by itself: a pair that does not pass the gate as it is need not be searched."""
        leaves = self.engine.leaves
        dims = FAMILIES[leaves.slice_family[slice_number]]
        if len(dims) < 2:
            return True
        cause = {dim: (int(code),) for dim, code in zip(dims, leaves.slice_codes[slice_number], strict=True)}
        return judge(self.engine, question, cause, begun, minute) != "nothing"

    def _open(self, question: Question, found: Found, minute: int) -> bool:
        engine = self.engine
        cause = coded(found.cause, engine.names)
        known = [t for t in engine.tracks_of(question.name) if t.active and overlaps(t.cause, cause)]
        if any(contains(t.cause, cause) for t in known):
            return False
        within = inside(cause, engine.leaves.codes)
        span = unexplained(engine, question, engine.recent.span(question.name), minute)
        begun = onset(engine, question, span, within)
        verdict = judge(engine, question, cause, begun, minute)
        if verdict == "nothing":
            return False
        for wider in known:
            if contains(cause, wider.cause) and wider.excused == (verdict == "excused"):
                wider.explained = found.explained
                self._take(wider, cause, question)
                return True
        place = ";".join(f"{dim}={','.join(values)}" for dim, values in sorted(found.cause.items()))
        key = f"{question.name}:{begun}:{place}"
        track = Track(key, question.name, cause, begun, minute, found.score, excused=verdict == "excused")
        track.explained = found.explained
        engine.tracks.append(track)
        self._take(track, cause, question, begun)
        return True

    def _take(
        self, track: Track, cause: dict[str, tuple[int, ...]], question: Question, begun: int | None = None
    ) -> None:
        """Give a track its cause, and its minutes anew from the last hour."""
        engine = self.engine
        track.cause = cause
        track.pending = None
        within = inside(cause, engine.leaves.codes)
        span = engine.recent.span(question.name)
        track.onset = min(track.onset, onset(engine, question, span, within)) if begun is None else begun
        known = {int(row[0]): row for row in by_minute(span, within[span.leaf]).tolist()}
        table = {row[0]: row for row in track.series}
        for closed in engine.recent.minutes:
            _, *counts = known.get(closed.minute, (closed.minute, 0.0, 0.0, 0.0))
            table[closed.minute] = (closed.minute, *counts)
        track.series = [table[number] for number in sorted(table)]

    def _review(self, track: Track, minute: int) -> None:
        """Ask again what the cause is, now that more is known; a new answer counts when it comes twice running."""
        engine = self.engine
        question = next(q for q in engine.questions if q.name == track.question)
        since = max(track.onset, minute - 25)
        better, explained, first = None, 0.0, None
        for found in islice(find(engine, question, since, minute, skip=track), REVIEWED_MOST):
            cause = coded(found.cause, engine.names)
            first = first or (cause, found.explained)
            if overlaps(cause, track.cause):
                better, explained = cause, found.explained
                break
        if better is None and first is not None and minute - track.opened <= YOUNG_MIN:
            better, explained = first if self._accounts(question, first[0], track) else (None, 0.0)
        if better is None or better == track.cause:
            track.pending = None
            track.explained = explained or track.explained
        elif track.pending == better:
            if judge(engine, question, better, track.onset, minute) == "fault":
                track.explained = explained
                self._take(track, better, question)
                engine.tracks = [
                    t
                    for t in engine.tracks
                    if t is track or t.question != track.question or not t.active or not contains(better, t.cause)
                ]
        else:
            track.pending = better

    def _accounts(self, question: Question, cause: Codes, track: Track) -> bool:
        """Whether most of what the track's cause shows lies within another: what was called the cause too early."""
        span = self.engine.recent.span(question.name, track.onset)
        excess = (span.hits - span.expected) * (1.0 if question.rises else -1.0)
        ours = inside(track.cause, self.engine.leaves.codes)[span.leaf]
        both = ours & inside(cause, self.engine.leaves.codes)[span.leaf]
        return bool(excess[both].sum() >= MOST * excess[ours].sum() > 0)
