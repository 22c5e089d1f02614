"""Shares watched per key against the key's own rate: for counters and records that are no attempts.

The same evidence and the same test of recovery as the questions have, for one key at a time (a switch, a peer).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pipeline.evidence import SHIFTS, States, ratio
from pipeline.quality.track import Track, onset_of
from pipeline.settings import EvidenceSettings

KEEP_MIN: Final = 90
WARM_MIN: Final = 10
WARM_TOTAL: Final = 50.0
"""A key that was seen for less only teaches what its own rate is."""


@dataclass(slots=True)
class Rate:
    """One key: its own rate, its last minutes and what is under watch."""

    total: float = 0.0
    hits: float = 0.0
    minutes: list[tuple[int, float, float, float]] = field(default_factory=list)
    log: list[float] = field(default_factory=lambda: [0.0] * len(SHIFTS))
    track: Track | None = None


class OwnRates:
    """Rates by key. `floor` is the least rate assumed, `share` the least excess worth a finding, `least` of hits."""

    def __init__(self, floor: float, share: float, least: int, soak_min: int, evidence: EvidenceSettings) -> None:
        self.floor, self.share, self.least, self.soak_min = floor, share, least, soak_min
        self.evidence = evidence
        self.limit = float(np.log(1440 * 100 / evidence.false_tickets_per_day))
        self.rates: dict[str, Rate] = {}

    def add(self, key: str, minute: int, total: float, hits: float) -> Track | None:
        """Add a minute of a key; its track while it lasts and once more when it has ended."""
        rate = self.rates.setdefault(key, Rate())
        p = max(rate.hits / max(rate.total, 1.0), self.floor)
        rate.minutes.append((minute, total, hits, total * p))
        del rate.minutes[:-KEEP_MIN]
        if rate.track is not None:
            return self._follow(rate, minute)
        if len(rate.minutes) > WARM_MIN and rate.total >= WARM_TOTAL:
            self._accumulate(rate, total, hits)
        if max(rate.log) >= self.limit:
            self._open(key, rate, minute)
        if rate.track is None and max(rate.log) < self.limit / 2:
            keep = 0.5 ** (1 / 1440)
            rate.total, rate.hits = rate.total * keep + total, rate.hits * keep + hits
        return rate.track

    def _follow(self, rate: Rate, minute: int) -> Track | None:
        track = rate.track
        assert track is not None
        track.add(*rate.minutes[-1])
        track.judge_recovery(self.soak_min, self.evidence.overdispersion)
        if not track.active:
            rate.track = None
            rate.log = [0.0] * len(SHIFTS)
        return track

    def _accumulate(self, rate: Rate, total: float, hits: float) -> None:
        """Test a minute against the upper bound of what is known of the rate: a short history is a doubtful one."""
        if total <= 0:
            return
        known = rate.hits + self.evidence.baseline_doubt_sd * np.sqrt(rate.hits + 1)
        p = max(known / rate.total, self.floor)
        states = States(self.evidence)
        states.load(np.array(rate.log)[:, None])
        one = np.ones(1)
        gains = ratio(one * hits, one * total, one * total * p, np.zeros(1), 1.0, self.evidence.overdispersion)
        states.add(np.array([0]), gains, self.limit)
        rate.log = states.log[:, 0].tolist()

    def _open(self, key: str, rate: Rate, minute: int) -> None:
        table = np.array(rate.minutes)
        calm, rho = np.zeros(len(table)), self.evidence.overdispersion
        onset = onset_of(table[:, 0].astype(np.int64), ratio(table[:, 2], table[:, 1], table[:, 3], calm, 1.0, rho))
        since = table[table[:, 0] >= onset]
        total, hits, normal = since[:, 1].sum(), since[:, 2].sum(), since[:, 3].sum()
        if hits >= self.least and (hits - normal) / max(total, 1) >= self.share:
            rate.track = Track(f"{key}:{onset}", key, {}, onset, minute, max(rate.log), series=list(rate.minutes))

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {"rates": self.rates}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.rates = state["rates"]  # type: ignore[assignment]
