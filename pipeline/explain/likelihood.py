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
FEW = 16
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
    rate = np.clip(expected / np.maximum(total, _EDGE), _EDGE, 1.0 - _EDGE)[:, None]
    calm, struck = 1.0 / settings.rho - 1.0, 1.0 / settings.effect_rho - 1.0
    odds = np.exp(thetas)
    shifted = np.clip(rate * odds / (1.0 - rate + rate * odds), _EDGE, 1.0 - _EDGE)
    nats = _rising(np.hstack([struck * shifted, calm * rate]), hits)
    nats += _rising(np.hstack([struck * (1.0 - shifted), calm * (1.0 - rate)]), total - hits)
    tried = _rising(np.array([[calm, struck]]), total)
    return np.asarray((nats[:, :-1] + (tried[:, :1] - tried[:, 1:] - nats[:, -1:])).T)


def _poisson(hits: Floats, expected: Floats, total: Floats, thetas: list[float], settings: Settings) -> Floats:
    mean = np.maximum(expected, _EDGE)
    calm, struck = 1.0 / settings.rho, 1.0 / settings.effect_rho
    tried = _rising(np.array([[calm, struck]]), hits)
    base = tried[:, 0] - tried[:, 1] + hits * np.log(mean) - (calm + hits) * np.log1p(mean / calm) - hits * log(calm)
    nats = np.empty((len(thetas), len(hits)))
    for place, theta in enumerate(thetas):
        moved = mean * np.exp(theta)
        nats[place] = hits * np.log(moved) - (struck + hits) * np.log1p(moved / struck) - hits * log(struck) - base
    return nats


def _rising(start: Floats, steps: Floats) -> Floats:
    """[leaves, columns] log(start (start+1) ... (start+steps-1)), that is log Gamma(start + steps) - log Gamma(start),
    of `start` [leaves or 1, columns] and `steps` [leaves]. A few whole steps are multiplied out: far quicker."""
    few = np.where((steps <= FEW) & (steps == np.rint(steps)), steps, FEW + 1).astype(np.int8)
    order = np.argsort(-few, kind="stable")
    lasts = np.searchsorted(-few[order], -np.arange(FEW + 1, dtype=np.int8)).tolist()
    begun = np.broadcast_to(start, (len(steps), start.shape[1]))[order]
    risen = np.ones_like(begun)
    for step in range(FEW):
        risen[: lasts[step]] *= begun[: lasts[step]] + step
    many = lasts[FEW]
    found = np.empty_like(begun)
    found[order[many:]] = np.log(risen[many:])
    found[order[:many]] = _log_gamma(begun[:many] + steps[order[:many], None]) - _log_gamma(begun[:many])
    return found


def _log_gamma(x: Floats) -> Floats:
    """Log Gamma for x > 0 by Stirling's series at x + 8 (Abramowitz & Stegun 6.1.41), error below 1e-9."""
    y = x + 8.0
    product = x * (x + 1.0) * (x + 2.0) * (x + 3.0) * (x + 4.0) * (x + 5.0) * (x + 6.0) * (x + 7.0)
    square = 1.0 / (y * y)
    series = (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0)) / y
    return np.asarray((y - 0.5) * np.log(y) - y + 0.5 * log(2.0 * pi) + series - np.log(product))
