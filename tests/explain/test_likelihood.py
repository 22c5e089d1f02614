"""The evidence of a leaf is the exact log ratio of the laws it states (SciPy as the oracle)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom, nbinom

from pipeline.explain import Settings
from pipeline.explain.likelihood import SHIFTS, evidence

HITS = np.array([0.0, 1.0, 7.0, 250.0, 40_000.0])
TOTAL = np.array([1.0, 30.0, 7.0, 1_000.0, 90_000.0])
EXPECTED = np.array([0.5, 0.2, 3.0, 400.0, 45_000.0])


def test_beta_binomial() -> None:
    nats = evidence(HITS, EXPECTED, TOTAL, Settings(direction="up", rho=0.01, effect_rho=0.04))
    rate = EXPECTED / TOTAL
    for place, theta in enumerate(SHIFTS):
        shifted = 1 / (1 + (1 - rate) / rate * np.exp(-theta))
        calm, struck = 99.0, 24.0
        ratio = betabinom.logpmf(HITS, TOTAL, struck * shifted, struck * (1 - shifted)) - betabinom.logpmf(
            HITS, TOTAL, calm * rate, calm * (1 - rate)
        )
        assert nats[place] == pytest.approx(ratio, abs=1e-4)


def test_negative_binomial() -> None:
    nats = evidence(HITS, EXPECTED, TOTAL, Settings(direction="down", count_model="poisson", rho=0.05, effect_rho=0.1))
    for place, theta in enumerate(SHIFTS):
        moved = EXPECTED * np.exp(-theta)
        ratio = nbinom.logpmf(HITS, 10, 10 / (10 + moved)) - nbinom.logpmf(HITS, 20, 20 / (20 + EXPECTED))
        assert nats[place] == pytest.approx(ratio, abs=1e-4)


def test_dispersion_divides_the_evidence() -> None:
    plain = evidence(HITS, EXPECTED, TOTAL, Settings())
    assert evidence(HITS, EXPECTED, TOTAL, Settings(dispersion=2.0)) == pytest.approx(plain / 2, abs=1e-5)
