"""The one evidence engine: log likelihood ratios that add up over records, minutes and partitions.

For a log-odds shift theta the log likelihood ratio of a slice over any span is theta*Y - A(theta) with
A = sum log(1 - p + p e^theta); with the mean expectation of the slice in place of each p it can only come out smaller
(Jensen), so that it stays a sound test. A Shiryaev-Roberts recursion per theta gives the earliest sound alarm.
Source: Shin, Ramdas & Rinaldo, "E-detectors", 2023 (mixtures of Shiryaev-Roberts); beta-binomial dispersion.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.settings import EvidenceSettings

Floats = npt.NDArray[np.float64]
SHIFTS: Final = np.array([0.35, 0.7, 1.4, 2.8, 5.0])
"""Log-odds shifts looked for, in the question's bad direction. Tables have a row a shift: long rows are quick."""
_UP: Final = np.expm1(SHIFTS)[:, None]
_DOWN: Final = np.expm1(-SHIFTS)[:, None]
PRIOR_WEIGHT: Final = 2e4
FORGET: Final = 0.5 ** (1 / 1440)
CALM_NATS: Final = 4.0
"""A slice whose state is below this says how much minutes vary when nothing is wrong."""


def dispersion(total: Floats, rho: float | Floats) -> Floats:
    """Variance of a beta-binomial count against a binomial one."""
    return 1 + np.maximum(total - 1, 0) * rho


def ratio(
    hits: Floats, total: Floats, expected: Floats, moved: Floats, sign: float | Floats, rho: float | Floats
) -> Floats:
    """[shifts, slices] log likelihood ratios of one minute or one span.

    `expected` is tested with its log-odds `moved`: towards the bad side by its doubt, so that a short baseline stays
    silent, and by what is known of the slice itself. `sign` and `rho` are one for all or one a slice.
    """
    p = np.clip(expected / np.maximum(total, 1e-12), 1e-6, 1 - 1e-6)
    odds = p / (1 - p) * np.exp(moved)
    p = odds / (1 + odds)
    raw = np.multiply.outer(SHIFTS, sign * hits) - total * np.log1p(p * np.where(np.greater(sign, 0), _UP, _DOWN))
    found: Floats = raw / dispersion(total, rho)
    return found


def poisson_ratio(count: Floats, expected: Floats, spread: Floats, sign: float) -> Floats:
    """[shifts, slices] log likelihood ratios of counts against an expected number, divided by `spread`."""
    shift = sign * SHIFTS[:, None]
    found: Floats = (shift * count - expected * np.expm1(shift)) / spread
    return found


class Overdispersion:
    """The intraclass correlation of each question in each family of slices, learnt from calm minutes by moments.

    rho = sum((Y - E)^2 - V) / sum(V (n - 1)) over slices and minutes, V = n p (1 - p); it starts at the setting, is
    rounded up by a quarter and never falls below a fifth of the setting.
    """

    def __init__(self, families: int, settings: EvidenceSettings) -> None:
        self.start = settings.overdispersion
        self.weight: Floats = np.full(families, PRIOR_WEIGHT)
        self.excess: Floats = np.full(families, PRIOR_WEIGHT * settings.overdispersion)

    def of(self, family: npt.NDArray[np.int64]) -> Floats:
        """[slices] rho of each slice's family."""
        rho = np.clip(1.25 * self.excess / self.weight, self.start / 5, 5 * self.start)
        found: Floats = rho[family]
        return found

    def learn(self, family: npt.NDArray[np.int64], hits: Floats, total: Floats, expected: Floats) -> None:
        """Learn one minute of calm slices."""
        size = len(self.weight)
        p = expected / np.maximum(total, 1e-9)
        variance = total * p * (1 - p)
        self.weight = self.weight * FORGET + np.bincount(family, variance * np.maximum(total - 1, 0), size)
        self.excess = self.excess * FORGET + np.bincount(family, (hits - expected) ** 2 - variance, size)
        prior = (1 - FORGET) * PRIOR_WEIGHT
        self.weight += prior
        self.excess += prior * self.start


class States:
    """Shiryaev-Roberts states [shifts, slices and room to grow] in logarithms."""

    def __init__(self, settings: EvidenceSettings) -> None:
        self.settings = settings
        self.load(np.zeros((len(SHIFTS), 0)))

    def load(self, log: Floats) -> None:
        """Take the states of a snapshot."""
        self.log = log
        self.peak: Floats = log.max(axis=0)
        """[slices] the largest of the shifts."""

    def grow(self, slices: int) -> None:
        """Make room for new slices."""
        if len(self.peak) < slices:
            room = slices + slices // 4 - len(self.peak)
            self.load(np.concatenate([self.log, np.zeros((len(SHIFTS), room))], axis=1))

    def add(self, at: npt.NDArray[np.int64], ratios: Floats, threshold: float) -> Floats:
        """Add one minute's ratios [shifts, rows] to the slices `at`; [rows] the peaks that they have now."""
        cap, most = self.settings.minute_cap_nats, threshold + self.settings.state_cap_nats
        peak = np.full(len(at), -np.inf)
        for log, ratio in zip(self.log, ratios, strict=True):
            # states are bounded: no overflow, and far quicker than logaddexp
            grown = np.clip(np.log1p(np.exp(log[at])) + np.clip(ratio, -cap, cap), -5.0, most)
            log[at] = grown
            np.maximum(peak, grown, out=peak)
        self.peak[at] = peak
        return peak

    def silence(self, at: npt.NDArray[np.int64]) -> None:
        """Begin anew: the evidence of the slices `at` is used up."""
        self.log[:, at] = 0.0
        self.peak[at] = 0.0


def threshold(tests: int, settings: EvidenceSettings) -> float:
    """Nats at which the false alarms of so many tests, each made every minute, come to the promised number a day."""
    return float(np.log(max(tests, 10) * 1440 / settings.false_tickets_per_day))
