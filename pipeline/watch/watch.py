"""The watch: batches in, incidents out. Minutes close as the clock passes them, and each goes the whole way at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.baseline.history import hour_of
from pipeline.baseline.learning import Learning
from pipeline.correlate.correlator import Correlator
from pipeline.directory import Directory
from pipeline.findings import CallCounting, ClosedMinute, Finding, Rule
from pipeline.incidents import Incident
from pipeline.leaves import Leaves
from pipeline.names import Names
from pipeline.ports import Batch, Timing, untimed
from pipeline.quality.engine import Engine
from pipeline.quality.report import finding
from pipeline.quality.track import Track
from pipeline.questions import Question
from pipeline.records import MINUTE_MS
from pipeline.settings import WatchSettings
from pipeline.traffic.traffic import Traffic
from pipeline.watch.buffer import Buffer
from pipeline.watch.disabled import Disabled
from pipeline.watch.feeds import Feed, Feeds
from pipeline.watch.intake import Intake
from pipeline.watch.keep import restore, snapshot
from pipeline.watch.spared import spared_of
from pipeline.watch.thin import thin


class Watch:
    """One watch over one stream. The same records give the same incidents, however they were cut into batches."""

    def __init__(
        self,
        directory: Directory,
        settings: WatchSettings,
        questions: Sequence[Question],
        rules: Sequence[Rule],
        timing: Timing = untimed,
    ) -> None:
        self.directory, self.settings, self.timing = directory, settings, timing
        self.names = Names()
        self.leaves = Leaves()
        self.buffer = Buffer(round(settings.time.lateness_s * 1000))
        self.intake = Intake(directory, settings, self.names)
        self.disabled = Disabled(questions, self.names)
        self.engine = Engine(self.disabled.questions(), settings, self.leaves, self.names, timing)
        self.learning = Learning(self.engine, settings)
        self.traffic = Traffic(settings, self.leaves, self.names, self.engine.recent)
        self.rules = tuple(rules)
        self.correlator = Correlator(directory, settings, self.names, self.engine.recent)
        self.feed_health = Feeds()
        self.owners = directory.customer_of_trunk()
        self.owners_of = 0
        """How many leaves have been looked at for the owners of their trunks."""
        self.minutes = 0
        self.records = 0
        self.thin = 0
        """Slices with not enough calls in the last hour, when normal was last learnt."""

    @property
    def clock_ms(self) -> int | None:
        """The arrival timeline less the lateness; None before the first record."""
        return self.buffer.clock_ms

    def feed(self, batch: Batch) -> list[Incident]:
        """Take a batch; the incidents that changed in the minutes it closed, in order."""
        with self.timing("slices"):
            self.records += len(batch.frame)
            self.feed_health.take(batch)
            self.disabled.take(batch)
            self.buffer.add(batch)
            return self._close()

    def finish(self) -> list[Incident]:
        """Close every open minute: the records have ended."""
        with self.timing("slices"):
            return self._close(everything=True)

    def _close(self, everything: bool = False) -> list[Incident]:
        told: list[Incident] = []
        while block := self.buffer.take(everything):
            for closed in self.intake.minutes(block):
                told += self._minute(closed)
        return told

    def _minute(self, closed: ClosedMinute) -> list[Incident]:
        hour = hour_of(closed.minute)
        row_leaf = self.leaves.number(closed.rows.codes)
        self.disabled.note(closed.rows, closed.minute)
        found: list[Finding] = []
        for rule in self.rules:
            with self.timing("rules", rule.name):
                found += rule.observe(closed)
        with self.timing("evidence"):
            self.engine.close(closed.minute, closed.rows, row_leaf, hour)
        late = any(f.signal == "cdr_delayed" and f.ended_ms is None for f in found)
        with self.timing("traffic", "traffic"):
            found += self._amounts(closed, hour, late)
        with self.timing("correlate"):
            found += [finding(self.engine, track, closed.minute) for track in self._tracks(closed.minute)]
            told = self.correlator.step(closed.minute, found, self._owners() if found else {})
        if self.learning.boundary(closed.minute):
            with self.timing("learning"):
                self._learn(closed.minute, found)
        self.minutes += 1
        return told

    def _amounts(self, closed: ClosedMinute, hour: int, late: bool) -> list[Finding]:
        """What the amount of traffic shows; nothing new while records are late."""
        if closed.fresh and not late:
            own_doing = [t.cause for t in self.engine.tracks if t.own_doing and t.active]
            self.traffic.judge(self.engine.recent.minutes[-1], hour, self._idle(), own_doing)
        elif late:
            self.traffic.pause(closed.minute)
        self.traffic.follow(self.engine.recent.minutes[-1])
        return self.traffic.findings()

    def _learn(self, minute: int, found: Sequence[Finding]) -> None:
        """Fit normal anew, without what is being ticketed."""
        since = minute - 60 * self.settings.hold.new_normal_h
        spared = spared_of(self.engine.tracks, self.traffic.tracks, found, self.names, since)
        self.learning.learn(minute, spared)
        self.engine.life.forget(minute - 90)
        self.thin = thin(self.engine.recent, self.leaves, self.settings.gates.asr_support)

    def _tracks(self, minute: int) -> list[Track]:
        """Tracks that last, and those that ended by this minute."""
        return [t for t in self.engine.tracks if not t.excused and (t.active or t.series[-1][0] == minute)]

    def _idle(self) -> frozenset[int]:
        """Switches whose own counters say that no call comes in."""
        calls = next((rule.calls for rule in self.rules if isinstance(rule, CallCounting)), {})
        return frozenset(self.names.code("switch", name) for name, value in calls.items() if value == 0)

    def _owners(self) -> dict[str, str]:
        """Trunk to customer, from the directory and, where it is silent, from the attempts seen."""
        codes = self.leaves.codes[self.owners_of :]
        self.owners_of = len(self.leaves)
        known = codes[codes[:, 1] >= 0]
        trunks, first = np.unique(known[:, 1], return_index=True)
        for trunk, customer in zip(trunks.tolist(), known[first, 0].tolist(), strict=True):
            self.owners.setdefault(self.names.name("trunk", trunk), self.names.name("customer", customer))
        return self.owners

    def snapshot(self) -> bytes:
        """Everything a restart needs, the records of open minutes included."""
        return snapshot(self)

    def restore(self, blob: bytes) -> None:
        """Go on from a snapshot; the watch must be fresh. Raises SnapshotError."""
        restore(self, blob)

    def stats(self) -> dict[str, int | float]:
        """Counters: records, minutes, late and far ahead, duplicates, slices, quiet ones, causes under watch."""
        return {
            "records": self.records,
            "minutes": self.minutes,
            "late": self.buffer.late,
            "ahead": sum(each.count for each in self.buffer.ahead.values()),
            "duplicates": self.intake.duplicates,
            "slices": self.leaves.slice_count(),
            "slices_thin": self.thin,
            "incidents_open": sum(case.active for case in self.correlator.cases),
        }

    def feeds(self) -> list[Feed]:
        """How each source of records is doing, so that silence is not mistaken for health."""
        return self.feed_health.rows(self.clock_ms, self.disabled.reasons())

    def closed_until_ms(self) -> int | None:
        """The end of the last closed minute."""
        return None if self.buffer.closed is None else self.buffer.closed * MINUTE_MS
