"""From an alarm to a cause under watch: search, widen or narrow while it is young, end it by its own traffic."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from pipeline.evidence import ratio
from pipeline.explain import Found, Settings, search
from pipeline.explain import Leaves as Table
from pipeline.leaves import FAMILIES
from pipeline.names import DIMS
from pipeline.quality.cause import coded, contains, inside, overlaps
from pipeline.quality.judge import judge, observe
from pipeline.quality.recent import Minute, Span
from pipeline.quality.tilt import BLOCK_MIN, tilt
from pipeline.quality.track import Track, onset_of
from pipeline.questions import Question

if TYPE_CHECKING:
    from pipeline.quality.engine import Engine

SEARCHED: Final[tuple[tuple[str, ...], ...]] = (
    ("customer",),
    ("trunk",),
    ("terminator",),
    ("destination",),
    ("switch",),
    ("terminator", "destination"),
    ("customer", "destination"),
    ("customer", "terminator"),
    ("customer", "trunk"),
)
YOUNG_MIN: Final = 10
UNEXCUSED: Final = 0.6
DISPERSION: Final = 1.2
EDGE: Final = 0.01
REVIEW_MIN: Final = 5
REVIEW_UNTIL_MIN: Final = 45


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
            if track.excused and closed.minute - track.opened <= REVIEW_UNTIL_MIN:
                self._excuse_again(track, closed.minute)
            age = closed.minute - track.opened
            young = 0 < age <= YOUNG_MIN or (age <= REVIEW_UNTIL_MIN and age % REVIEW_MIN == 0 and age > 0)
            if track.active and young and track.good_since is None and not track.excused:
                self._review(track, closed.minute)

    def _excuse_again(self, track: Track, minute: int) -> None:
        """An excuse holds only as long as what succeeded before goes on succeeding."""
        question = next(q for q in self.engine.questions if q.name == track.question)
        window = observe(self.engine, question, track.cause, track.onset, minute)
        if window is not None and window.pace.hits_now < UNEXCUSED * window.pace.hits_usual:
            track.excused, track.opened = False, minute

    def forget(self, before: int) -> None:
        """Drop the causes that ended before minute `before`."""
        self.engine.tracks = [t for t in self.engine.tracks if t.ended is None or t.series[-1][0] >= before]

    def worth_searching(self, question: Question, minute: int, slice_number: int) -> bool:
        """Whether the search can find what passes the gate. A pair of values is as narrow as a cause gets, and what is
        wider alarms by itself: a pair that does not pass the gate as it is need not be searched."""
        leaves = self.engine.leaves
        dims = FAMILIES[leaves.slice_family[slice_number]]
        if len(dims) < 2:
            return True
        span = self._unexplained(question, self.engine.recent.span(question.name), minute, skip=None)
        onset = self._onset(question, span, loudest_leaves(self.engine, slice_number))
        cause = {dim: (int(code),) for dim, code in zip(dims, leaves.slice_codes[slice_number], strict=True)}
        return judge(self.engine, question, cause, onset, minute) != "nothing"

    def search(self, question: Question, minute: int, loudest: int) -> bool:
        """Search the cause behind an alarm of slice `loudest`; True when a cause was opened or widened."""
        span = self._unexplained(question, self.engine.recent.span(question.name), minute, skip=None)
        onset = self._onset(question, span, loudest_leaves(self.engine, loudest))
        found = self._find(question, onset, minute, skip=None)
        opened = [self._open(question, cause, minute) for cause in found]
        return any(opened)

    def _find(self, question: Question, since: int, minute: int, skip: Track | None) -> list[Found]:
        """Causes since a minute, with every known cause but `skip` explained away."""
        engine = self.engine
        span = self._unexplained(question, engine.recent.span(question.name, since, minute), minute, skip)
        size = len(engine.leaves)
        total, hits, normal = (_per_leaf(span, column, size) for column in (span.total, span.hits, span.expected))
        used = np.flatnonzero(total)
        if not len(used):
            return []
        return search(
            Table(
                dims=DIMS,
                codes=engine.leaves.codes[used],
                names=tuple(tuple(engine.names.lists[dim]) for dim in DIMS),
                total=total[used],
                hits=hits[used],
                # nearer to 0 or 1 no shift of the grid reaches what is seen, and "everything" would explain it as well
                expected=np.clip(normal[used], EDGE * total[used], (1 - EDGE) * total[used]),
            ),
            self._settings(question),
        )

    def _unexplained(self, question: Question, span: Span, minute: int, skip: Track | None) -> Span:
        """The span with what every known cause but `skip` explains taken into the expectation."""
        normal = span.expected
        for track in self.engine.tracks_of(question.name):
            if track is skip:
                continue
            until = track.ended if track.ended is not None else minute + 1
            lasts = (span.minute >= track.onset - 2) & (span.minute < until)
            within = inside(track.cause, self.engine.leaves.codes)[span.leaf] & lasts
            normal = tilt(span.total, span.hits, normal, within, span.minute // BLOCK_MIN)
        return replace(span, expected=normal)

    def _settings(self, question: Question) -> Settings:
        watched = [set(dims) for dims in question.families]
        return Settings(
            families=tuple(dims for dims in SEARCHED if any(each <= set(dims) for each in watched)),
            depth=2,
            dispersion=DISPERSION,
            direction="up" if question.rises else "down",
            min_score=8.0,
            min_effect=0.1,
        )

    def _onset(self, question: Question, span: Span, within: npt.NDArray[np.bool_]) -> int:
        inside_rows = within[span.leaf]
        if not inside_rows.any():
            return int(self.engine.recent.minutes[-1].minute)
        table = _by_minute(span, inside_rows)
        sign, rho = 1.0 if question.rises else -1.0, self.engine.settings.evidence.overdispersion
        ratios = ratio(table[:, 2], table[:, 1], table[:, 3], np.zeros(len(table)), sign, rho)
        return onset_of(table[:, 0].astype(np.int64), ratios)

    def _open(self, question: Question, found: Found, minute: int) -> bool:
        engine = self.engine
        cause = coded(found.cause, engine.names)
        known = [t for t in engine.tracks_of(question.name) if t.active and overlaps(t.cause, cause)]
        if any(contains(t.cause, cause) for t in known):
            return False
        within = inside(cause, engine.leaves.codes)
        span = self._unexplained(question, engine.recent.span(question.name), minute, skip=None)
        onset = self._onset(question, span, within)
        verdict = judge(engine, question, cause, onset, minute)
        if verdict == "nothing":
            return False
        for wider in known:
            if contains(cause, wider.cause) and wider.excused == (verdict == "excused"):
                wider.explained = found.explained
                self._take(wider, cause, question)
                return True
        place = ";".join(f"{dim}={','.join(values)}" for dim, values in sorted(found.cause.items()))
        key = f"{question.name}:{onset}:{place}"
        track = Track(key, question.name, cause, onset, minute, found.score, excused=verdict == "excused")
        track.explained = found.explained
        engine.tracks.append(track)
        self._take(track, cause, question, onset)
        return True

    def _take(
        self, track: Track, cause: dict[str, tuple[int, ...]], question: Question, onset: int | None = None
    ) -> None:
        """Give a track its cause, and its minutes anew from the last hour."""
        engine = self.engine
        track.cause = cause
        track.pending = None
        within = inside(cause, engine.leaves.codes)
        span = engine.recent.span(question.name)
        start = self._onset(question, span, within) if onset is None else onset
        track.onset = min(track.onset, start) if onset is None else start
        known = {int(row[0]): row for row in _by_minute(span, within[span.leaf]).tolist()}
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
        found = [f for f in self._find(question, since, minute, skip=track)[:2]]
        causes = [(coded(f.cause, engine.names), f.explained) for f in found]
        better, explained = next((c for c in causes if overlaps(c[0], track.cause)), (None, 0.0))
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


def _by_minute(span: Span, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """[minutes with any of the chosen rows, 4]: minute, total, hits, expected."""
    if not chosen.any():
        return np.zeros((0, 4))
    first = int(span.minute[0])
    index = span.minute[chosen] - first
    seen = np.flatnonzero(np.bincount(index))
    sums = [np.bincount(index, column[chosen])[seen] for column in (span.total, span.hits, span.expected)]
    return np.column_stack([seen + first, *sums])


def _per_leaf(span: Span, column: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    return np.bincount(span.leaf, column, size).astype(np.float64)


def loudest_leaves(engine: Engine, slice_number: int) -> npt.NDArray[np.bool_]:
    """[leaves] which belong to a slice."""
    return (engine.leaves.slices == slice_number).any(axis=1)
