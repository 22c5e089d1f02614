"""Traffic against its own level: attempts per slice and minute, Poisson with overdispersion.

Expected is the smaller of the recent level (a mean over as long as fifty calls take, 20 minutes to 12 hours, not moved
by a fall) and the level of the same hour on earlier days; so a night lull or a slow decline never looks like a fault.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import HOURS
from pipeline.evidence import States, poisson_ratio, threshold
from pipeline.explain import Leaves as Table
from pipeline.explain import Settings, search
from pipeline.findings import Finding
from pipeline.incidents import Figure, Point
from pipeline.leaves import FAMILIES, Leaves
from pipeline.names import DIMS, Names
from pipeline.quality.cause import coded, contains, inside, named, overlaps
from pipeline.quality.recent import Minute, Recent
from pipeline.quality.track import Track, onset_of
from pipeline.records import MINUTE_MS
from pipeline.settings import WatchSettings

Floats = npt.NDArray[np.float64]
WATCHED: Final[tuple[tuple[str, ...], ...]] = ((), ("customer",), ("trunk",), ("destination",), ("switch",))
SEARCHED: Final[tuple[tuple[str, ...], ...]] = (
    ("customer",),
    ("trunk",),
    ("destination",),
    ("switch",),
    ("customer", "destination"),
)
CALLS: Final = 50.0
QUICKEST_MIN: Final = 20.0
SLOWEST_MIN: Final = 720.0
FRAILTY: Final = 0.1
BACK: Final = 0.6
WARM_MIN: Final = 30
PATIENCE_MIN: Final = 3


class Traffic:
    """Levels and states per slice, and the causes under watch."""

    def __init__(self, settings: WatchSettings, leaves: Leaves, names: Names, recent: Recent) -> None:
        self.settings, self.leaves, self.names, self.recent = settings, leaves, names, recent
        self.slices: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        """The slices that are watched; every array below has a row for each."""
        self.looked_at = 0
        self.level: Floats = np.zeros(0)
        self.age: Floats = np.zeros(0)
        self.hourly: Floats = np.zeros((0, HOURS))
        self.hours_seen: Floats = np.zeros((0, HOURS))
        self.states = States(settings.evidence)
        self.tracks: list[Track] = []
        self.wait_until = 0

    def judge(self, closed: Minute, hour: int, idle: frozenset[int]) -> None:
        """Judge and learn a closed minute. Not called while a switch is silent or late, nor when nothing shows that
        time goes on: then nothing can be concluded from traffic. `idle` are switches that count no calls themselves."""
        self._grow()
        count = self._count(*_calls(closed))
        limit = threshold(len(self.slices), 1, self.settings.evidence)
        normal = self._expected(hour)
        at = np.flatnonzero((self.age >= WARM_MIN) & (normal > 0.02))
        spread = 1.5 + FRAILTY * normal[at]
        self.states.add(at, poisson_ratio(count[at], normal[at], spread, -1.0), limit)
        alarms = self.states.alarms(at, limit)
        if len(alarms) and closed.minute >= self.wait_until and not self._within_tracks()[alarms].all():
            if self._search(closed.minute, alarms, normal, idle):
                self.states.log[alarms] = 0.0
            else:
                self.wait_until = closed.minute + PATIENCE_MIN
        self._learn(count, hour)

    def _grow(self) -> None:
        family = self.leaves.slice_family[self.looked_at :]
        fresh = self.looked_at + np.flatnonzero(np.array([f in WATCHED for f in FAMILIES])[family])
        self.looked_at = self.leaves.slice_count()
        if len(fresh):
            self.slices = np.concatenate([self.slices, fresh])
            for name in ("level", "age", "hourly", "hours_seen"):
                held = getattr(self, name)
                setattr(self, name, np.concatenate([held, np.zeros((len(fresh), *held.shape[1:]))]))
        self.states.grow(len(self.slices))

    def _count(self, leaf: npt.NDArray[np.int64], calls: Floats) -> Floats:
        """[watched slices] calls, from calls per leaf."""
        fan = self.leaves.fan(leaf)
        found = np.zeros(len(self.slices))
        at = np.searchsorted(self.slices, fan.slices)
        at[at == len(self.slices)] = 0
        ours = self.slices[at] == fan.slices if len(self.slices) else np.zeros(0, np.bool_)
        found[at[ours]] = fan.sums(calls)[ours]
        return found

    def _expected(self, hour: int) -> Floats:
        seen = self.hours_seen[:, hour] >= 60
        return np.where(seen, np.minimum(self.level, self.hourly[:, hour]), self.level)

    def _learn(self, count: Floats, hour: int) -> None:
        held = self._within_tracks()
        reach = np.clip(CALLS / np.maximum(self.level, 1e-9), QUICKEST_MIN, SLOWEST_MIN)
        pace = 1 / np.minimum(np.maximum(self.age, 1), reach)
        falling = (self.age > WARM_MIN) & (self.states.log[: len(self.slices)].max(axis=1) > 3)
        counted = np.where(falling, np.maximum(count, 0.5 * self.level), count)
        self.level = np.where(held, self.level, self.level + (counted - self.level) * pace)
        self.age += 1
        weight = 1 / np.minimum(self.hours_seen[:, hour] + 1, 60 * 14)
        self.hourly[:, hour] += np.where(held, 0.0, (count - self.hourly[:, hour]) * weight)
        self.hours_seen[:, hour] += ~held

    def _within_tracks(self) -> npt.NDArray[np.bool_]:
        """[watched slices] which hold attempts of a cause under watch."""
        held = np.zeros(len(self.slices), np.bool_)
        for track in self.tracks:
            if track.active:
                columns = self.leaves.slices[inside(track.cause, self.leaves.codes)]
                held |= np.isin(self.slices, columns[columns >= 0])
        return held

    def _search(self, minute: int, alarms: npt.NDArray[np.int64], normal: Floats, idle: frozenset[int]) -> bool:
        loudest = int(alarms[self.states.log[alarms].max(axis=1).argmax()])
        within = (self.leaves.slices == self.slices[loudest]).any(axis=1)
        onset = self._onset(within, minute, float(normal[loudest]))
        before = self._per_leaf(onset - 60, onset - 1)
        length = max(onset - max(onset - 60, self.recent.minutes[0].minute), 1)
        level = before / length
        scale = normal[loudest] / max(level[within].sum(), 1e-9)
        expected = level * min(scale, 1.0) * (minute - onset + 1)
        seen = self._per_leaf(onset, minute)
        if self._switch_gone(expected, seen, idle):
            return False
        used = np.flatnonzero(expected + seen > 0)
        found = search(
            Table(
                dims=DIMS,
                codes=self.leaves.codes[used],
                names=tuple(tuple(self.names.lists[dim]) for dim in DIMS),
                total=expected[used] + seen[used],
                hits=seen[used],
                expected=expected[used],
            ),
            Settings(SEARCHED, 2, dispersion=2.0, max_causes=2, direction="down", min_score=8.0, count_model="poisson"),
        )
        opened = False
        for cause in found:
            gates = self.settings.gates
            enough = cause.expected >= gates.traffic_support and cause.observed <= gates.traffic_left * cause.expected
            if enough and self._open(coded(cause.cause, self.names), onset, minute, cause.score, normal):
                opened = True
        return opened

    def _switch_gone(self, expected: Floats, seen: Floats, idle: frozenset[int]) -> bool:
        """A switch that writes nothing at all, yet counts calls, is silent rather than idle: `silence` judges it."""
        switch = self.leaves.codes[:, DIMS.index("switch")].astype(np.int64)
        usual = np.bincount(switch, expected)
        now = np.bincount(switch, seen)
        gone = np.flatnonzero((usual >= 10) & (now == 0))
        return bool(set(gone.tolist()) - idle)

    def _open(self, cause: dict[str, tuple[int, ...]], onset: int, minute: int, score: float, normal: Floats) -> bool:
        if any(t.active and (contains(t.cause, cause) or overlaps(t.cause, cause)) for t in self.tracks):
            return False
        place = ";".join(f"{dim}={','.join(values)}" for dim, values in named(cause, self.names).items())
        track = Track(f"traffic:{onset}:{place}", "traffic", cause, onset, minute, score)
        within = inside(cause, self.leaves.codes)
        before = self._per_leaf(onset - 60, onset - 1)[within].sum()
        usual = before / max(onset - max(onset - 60, self.recent.minutes[0].minute), 1)
        for number in [m.minute for m in self.recent.minutes]:
            track.series.append((number, usual, float(self._per_leaf(number, number)[within].sum()), usual))
        self.tracks.append(track)
        return True

    def _onset(self, within: npt.NDArray[np.bool_], minute: int, usual: float) -> int:
        minutes = np.array([m.minute for m in self.recent.minutes if m.minute <= minute], np.int64)
        hits = np.array([self._per_leaf(int(m), int(m))[within].sum() for m in minutes])
        # as a share of a large total, so that the change point of the questions serves here too
        total = np.full(len(minutes), 1e4 * max(usual, 1e-3))
        return onset_of(minutes, total, hits, np.full(len(minutes), usual), -1.0, 1.5e-4)

    def _per_leaf(self, since: int, until: int) -> Floats:
        counts = np.zeros(len(self.leaves))
        for closed in self.recent.minutes:
            if since <= closed.minute <= until:
                leaf, calls = _calls(closed)
                counts[leaf] += calls
        return counts

    def follow(self, closed: Minute) -> None:
        """Move the causes under watch by a closed minute."""
        leaf, calls = _calls(closed)
        soak = self.settings.hold.soak_min
        for track in self.tracks:
            if not track.active:
                continue
            usual = track.series[-1][3]
            seen = float(calls[inside(track.cause, self.leaves.codes[leaf])].sum())
            track.add(closed.minute, usual, seen, usual)
            last = track.series[-soak:]
            came, wanted = sum(row[2] for row in last), sum(row[3] for row in last)
            if len(last) == soak and came >= BACK * wanted and came >= 3:
                track.ended = next((row[0] for row in last if row[2] >= BACK * row[3] / 2), closed.minute)

    def findings(self, minute: int) -> list[Finding]:
        """The findings that hold, and those that ended in this minute."""
        found = []
        for track in self.tracks:
            total, hits, normal = track.sums()
            figure = Figure(
                "traffic_drop",
                "attempts",
                hits,
                round(normal, 1),
                round(normal * 0.7, 1),
                round(normal * 1.3, 1),
                int(normal),
                "calls",
            )
            found.append(
                Finding(
                    key=track.key,
                    signal="traffic_drop",
                    cause=named(track.cause, self.names),
                    onset_ms=track.onset * MINUTE_MS,
                    ended_ms=None if track.ended is None else track.ended * MINUTE_MS,
                    score=round(track.score, 3),
                    figures=(figure,),
                    series=tuple(
                        Point(m * MINUTE_MS, int(y), y, round(e, 2), round(e * 0.5, 2), round(e * 1.5, 2))
                        for m, _, y, e in track.series[-90:]
                    ),
                )
            )
        self.tracks = [t for t in self.tracks if t.active]
        return found


def _calls(closed: Minute) -> tuple[npt.NDArray[np.int64], Floats]:
    """First attempts of a minute per leaf, re-attempts apart."""
    counted = (closed.rows.attempt == 1) & ~closed.rows.retry
    leaf, index = np.unique(closed.row_leaf[counted], return_inverse=True)
    return leaf, np.bincount(index, minlength=len(leaf)).astype(np.float64)
