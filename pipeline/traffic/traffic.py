"""Traffic that is gone: Poisson evidence per slice, the slice that explains it, and its return.

An hour of a customer varies by itself (a gamma frailty of variance .1 is usual), so that the test is against 40 % of
the expected number: only what can hardly be a quiet hour counts, and a drop must leave less than the gate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.evidence import States, poisson_ratio, threshold
from pipeline.findings import Finding
from pipeline.incidents import Figure, Point
from pipeline.leaves import FAMILIES, Leaves
from pipeline.names import Names
from pipeline.quality.cause import Codes, inside, named
from pipeline.quality.recent import Minute, Recent
from pipeline.quality.track import Track, onset_of
from pipeline.records import MINUTE_MS
from pipeline.settings import WatchSettings
from pipeline.traffic.choose import Gone, chosen, switch_silent
from pipeline.traffic.levels import Floats, Ints, Levels

QUIET_HOUR: Final = 0.4
SPREAD: Final = 1.2
WARM_MIN: Final = 30
KEEP_MIN: Final = 90
YOUNG_MIN: Final = 2
BACK: Final = 0.5
BACK_MIN: Final = 3
FALLING_NATS: Final = 2.0
REROUTED_LEAST: Final = 3.0
REROUTED_MIN: Final = 4
TERMINATOR: Final = FAMILIES.index(("terminator",))
EVERYTHING: Final = FAMILIES.index(())


class Traffic:
    """States per slice, the minutes behind them, and the causes under watch."""

    def __init__(self, settings: WatchSettings, leaves: Leaves, names: Names, recent: Recent) -> None:
        self.settings, self.leaves, self.names, self.recent = settings, leaves, names, recent
        self.levels = Levels(leaves)
        self.states = States(settings.evidence)
        self.since: Ints = np.zeros(0, np.int64)
        """[slices] the minute since which each state is above zero."""
        self.minutes: deque[tuple[int, Floats, Floats]] = deque(maxlen=KEEP_MIN)
        """Minute, counts and expected counts of the watched slices."""
        self.tracks: list[Track] = []
        self.waited = False
        """Alarms wait for a switch that is silent; once its records are back, they are dropped with all they say."""

    def judge(self, closed: Minute, hour: int, idle: frozenset[int], strange: Sequence[Codes] = ()) -> None:
        """Judge and learn a closed minute. Not called while a switch is silent or late, nor when nothing shows that
        time goes on: then nothing can be concluded from traffic. `idle` are switches that count no calls themselves,
        `strange` causes whose traffic is their own doing and not learnt from."""
        size = self.levels.grow()
        self.states.grow(size)
        self.since = np.concatenate([self.since, np.full(size - len(self.since), closed.minute)])
        count = self.levels.count(*calls_of(closed))
        normal = self.levels.expected(hour)
        self.minutes.append((closed.minute, count, np.nan_to_num(normal)))
        at = np.flatnonzero((self.levels.age >= WARM_MIN) & (normal > 0.02))  # nan: not known, not judged
        limit = threshold(size, self.settings.evidence)
        gains = poisson_ratio(count[at], QUIET_HOUR * normal[at], np.full(len(at), SPREAD), -1.0)
        peak = self.states.add(at, gains, limit)
        level = self.states.peak[:size]
        self.since[level <= np.log(2)] = closed.minute + 1
        held = self._held()
        alarms = at[peak >= limit]
        alarms = alarms[~held[alarms]]
        if len(alarms):
            self._open(closed.minute, alarms, idle)
            held = self._held()
        self._forget(held, closed.minute)
        held = held | self._within(strange)
        self.levels.learn(count, hour, held, (self.levels.age > WARM_MIN) & (level > FALLING_NATS))

    def pause(self, minute: int) -> None:
        """Records of this minute are late or missing: what they seemed to show says nothing."""
        self._forget(np.ones(len(self.since), np.bool_), minute)

    def _forget(self, chosen: npt.NDArray[np.bool_], minute: int) -> None:
        """Begin anew for some slices: what is known of them is no evidence for what comes after."""
        at = np.flatnonzero(chosen)
        self.states.silence(at)
        self.since[at] = minute + 1

    def follow(self, closed: Minute) -> None:
        """Move the causes under watch by a closed minute."""
        leaf, calls = calls_of(closed)
        soak = self.settings.hold.soak_min
        for track in self.tracks:
            usual = track.series[-1][3]
            seen = float(calls[inside(track.cause, self.leaves.codes[leaf])].sum())
            track.add(closed.minute, usual, seen, usual)
            last = track.series[-soak:]
            came, wanted = sum(row[2] for row in last), sum(row[3] for row in last)
            if len(last) == soak and came >= BACK * wanted and came >= 3:
                track.ended = next((row[0] for row in last if row[2] >= BACK * row[3] / 2), closed.minute)

    def _held(self) -> npt.NDArray[np.bool_]:
        """[watched slices] which lie within a cause under watch."""
        return self._within([track.cause for track in self.tracks])

    def _within(self, causes: Sequence[Codes]) -> npt.NDArray[np.bool_]:
        held = np.zeros(len(self.levels.slices), np.bool_)
        for cause in causes:
            columns = self.leaves.slices[inside(cause, self.leaves.codes)]
            held |= np.isin(self.levels.slices, columns[columns >= 0])
        return held

    def _open(self, minute: int, alarms: Ints, idle: frozenset[int]) -> None:
        """Open the causes behind the alarms; an alarm is used up unless a silent switch makes it wait."""
        gates = self.settings.gates
        gone = []
        for at in alarms.tolist():
            if self._back(at):
                continue
            since = self._onset(at)
            seen, usual, minutes = self._sums(at, since)
            if usual >= gates.traffic_support and seen <= gates.traffic_left * usual:
                number = int(self.levels.slices[at])
                family = int(self.leaves.slice_family[number])
                gone.append(Gone(at, family, self._cause(number, family), since, seen, usual, usual / minutes))
        waited, self.waited = self.waited, switch_silent(gone, self.leaves, self.recent, idle)
        if self.waited:
            return
        if waited and self._back(int(np.flatnonzero(self.leaves.slice_family[self.levels.slices] == EVERYTHING)[0])):
            self.pause(minute)
            return
        for found in chosen(gone, self.leaves, self.recent):
            if found.family == TERMINATOR and not self._rerouted(found.cause, found.since):
                continue
            self._start(found, minute)
        self.states.silence(alarms)

    def _back(self, at: int) -> bool:
        """The calls of a slice have returned while its alarm had to wait."""
        seen, usual, _ = self._sums(at, self.minutes[-1][0] - BACK_MIN + 1)
        return seen >= BACK * usual

    def _onset(self, at: int) -> int:
        """The minute since which the calls of a slice are fewest against what is expected."""
        rows = [(m, n[at], e[at]) for m, n, e in self.minutes if m >= self.since[at] and at < len(n)]
        table = np.array(rows)
        ratios = poisson_ratio(table[:, 1], QUIET_HOUR * table[:, 2], np.full(len(table), SPREAD), -1.0)
        return onset_of(table[:, 0].astype(np.int64), ratios)

    def _sums(self, at: int, since: int) -> tuple[float, float, int]:
        rows = [(n[at], e[at]) for m, n, e in self.minutes if m >= since and at < len(n)]
        return float(sum(n for n, _ in rows)), float(sum(e for _, e in rows)), max(len(rows), 1)

    def _cause(self, number: int, family: int) -> dict[str, tuple[int, ...]]:
        return {dim: (int(self.leaves.slice_codes[number, i]),) for i, dim in enumerate(FAMILIES[family])}

    def _rerouted(self, cause: Codes, since: int) -> bool:
        """A terminator that is not tried any more is a failover only when calls were re-routed as it began."""
        span = self.recent.span("failover", since - REROUTED_MIN, since + REROUTED_MIN)
        within = inside(cause, self.leaves.codes[span.leaf])
        return float((span.hits - span.expected)[within].sum()) >= REROUTED_LEAST

    def _start(self, found: Gone, minute: int) -> None:
        place = ";".join(f"{dim}={','.join(values)}" for dim, values in named(found.cause, self.names).items())
        kind = "shares" if found.family == TERMINATOR else "traffic"
        track = Track(f"{kind}:{found.since}:{place}", kind, dict(found.cause), found.since, minute, found.usual)
        track.series = [
            (m, found.per_minute, float(n[found.at]), found.per_minute) for m, n, _ in self.minutes if found.at < len(n)
        ]
        self.tracks.append(track)

    def findings(self) -> list[Finding]:
        """The findings that hold, and those that have just ended."""
        found = [self._finding(track) for track in self.tracks]
        self.tracks = [t for t in self.tracks if t.active]
        return found

    def _finding(self, track: Track) -> Finding:
        total, hits, normal = track.sums()
        signal = "route_failover" if track.question == "shares" else "traffic_drop"
        low, high = round(normal * 0.5, 1), round(normal * 1.5, 1)
        return Finding(
            key=track.key,
            signal=signal,
            cause=named(track.cause, self.names),
            onset_ms=track.onset * MINUTE_MS,
            ended_ms=None if track.ended is None else track.ended * MINUTE_MS,
            score=round(track.score, 3),
            figures=(Figure(signal, "attempts", hits, round(normal, 1), low, high, int(normal), "calls"),),
            series=tuple(
                Point(m * MINUTE_MS, int(y), y, round(e, 2), round(e * 0.5, 2), round(e * 1.5, 2))
                for m, _, y, e in track.series[-KEEP_MIN:]
            ),
        )


def calls_of(closed: Minute) -> tuple[Ints, Floats]:
    """First attempts of a minute per leaf, re-attempts apart; only calls set up a moment ago, since long ones go on
    ending after traffic has stopped."""
    young = closed.rows.setup_at >= (closed.minute - YOUNG_MIN) * MINUTE_MS
    counted = (closed.rows.attempt == 1) & ~closed.rows.retry & young
    calls = np.bincount(closed.row_leaf[counted])
    leaf = np.flatnonzero(calls)
    return leaf, calls[leaf].astype(np.float64)
