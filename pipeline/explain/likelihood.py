"""Evidence of every leaf, for a grid of shifts, that it is hit: beta-binomial or negative binomial, nats."""

from __future__ import annotations

from math import log, pi

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.model import Direction, Settings

Floats = NDArray[np.float64]
SHIFTS = (0.35, 0.7, 1.2, 1.9, 3.0, 5.0)
"""Log-odds (Poisson: log-rate) a cause may move its leaves by; the sign follows from the direction."""
CHUNK = 4096
_EDGE = 1e-6
_SIGNS: dict[Direction, tuple[int, ...]] = {"up": (1,), "down": (-1,), "both": (1, -1)}


def evidence(hits: Floats, expected: Floats, total: Floats, settings: Settings) -> Floats:
    """Log likelihood ratio [shifts, leaves] of "shifted" against "as expected".

    A leaf inside a cause has a rate of its own, drawn around the shifted expectation (`effect_rho`): so a parent whose
    children are hit unequally still beats its worst child, and a child that is not hit speaks against the parent.
    Rounded to 2^-20, so that sums are exact in float64 and do not depend on the order of the rows.
    """
    thetas = [sign * shift for sign in _SIGNS[settings.direction] for shift in SHIFTS]
    ratio = _binomial if settings.count_model == "binomial" else _poisson
    nats = np.empty((len(thetas), len(hits)))
    for start in range(0, len(hits), CHUNK):
        part = slice(start, start + CHUNK)
        nats[:, part] = ratio(hits[part], expected[part], total[part], thetas, settings)
    return exact(nats / settings.dispersion)


def exact(values: Floats) -> Floats:
    """Rounded to 2^-20: sums up to 8e9 are exact in float64."""
    return np.asarray(np.rint(values * 1048576.0) / 1048576.0)


def _binomial(hits: Floats, expected: Floats, total: Floats, thetas: list[float], settings: Settings) -> Floats:
    rate = np.clip(expected / np.maximum(total, _EDGE), _EDGE, 1.0 - _EDGE)
    misses = total - hits
    calm, struck = 1.0 / settings.rho - 1.0, 1.0 / settings.effect_rho - 1.0
    base = _rising(calm * rate, hits) + _rising(calm * (1.0 - rate), misses) - _rising(np.full(1, calm), total)
    base = base + _rising(np.full(1, struck), total)
    nats = np.empty((len(thetas), len(hits)))
    for place, theta in enumerate(thetas):
        odds = np.exp(theta)
        shifted = np.clip(rate * odds / (1.0 - rate + rate * odds), _EDGE, 1.0 - _EDGE)
        nats[place] = _rising(struck * shifted, hits) + _rising(struck * (1.0 - shifted), misses) - base
    return nats


def _poisson(hits: Floats, expected: Floats, total: Floats, thetas: list[float], settings: Settings) -> Floats:
    mean = np.maximum(expected, _EDGE)
    calm, struck = 1.0 / settings.rho, 1.0 / settings.effect_rho
    base = _rising(np.full(1, calm), hits) - _rising(np.full(1, struck), hits)
    base = base + hits * np.log(mean) - (calm + hits) * np.log1p(mean / calm) - hits * log(calm)
    nats = np.empty((len(thetas), len(hits)))
    for place, theta in enumerate(thetas):
        moved = mean * np.exp(theta)
        nats[place] = hits * np.log(moved) - (struck + hits) * np.log1p(moved / struck) - hits * log(struck) - base
    return nats


def _rising(start: Floats, steps: Floats) -> Floats:
    """log(start (start+1) ... (start+steps-1)), that is log Gamma(start + steps) - log Gamma(start)."""
    return np.asarray(_log_gamma(start + steps) - _log_gamma(start))


def _log_gamma(x: Floats) -> Floats:
    """Log Gamma for x > 0 by Stirling's series at x + 8 (Abramowitz & Stegun 6.1.41), error below 1e-9."""
    y = x + 8.0
    product = x * (x + 1.0) * (x + 2.0) * (x + 3.0) * (x + 4.0) * (x + 5.0) * (x + 6.0) * (x + 7.0)
    square = 1.0 / (y * y)
    series = (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0)) / y
    return np.asarray((y - 0.5) * np.log(y) - y + 0.5 * log(2.0 * pi) + series - np.log(product))
