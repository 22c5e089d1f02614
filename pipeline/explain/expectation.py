"""What every leaf should show, from earlier minutes: its own history, shrunk to the product of its margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.explain.likelihood import Floats

OWN_TRIALS = 50.0
"""Trials the prior of a leaf weighs; margins are shrunk to the overall rate by as many."""
OWN_PERIODS = 0.5
"""Earlier minutes the prior of a pure count weighs."""
_LEAST, _MOST = 1e-5, 0.99999


def expected_hits(
    codes: NDArray[np.int32], before_hits: Floats, before_total: Floats, total: Floats, weight: float = OWN_TRIALS
) -> Floats:
    """Expected hits of each leaf out of `total`, from its earlier hits and total (all [leaves]).

    The prior's log-odds are the overall ones plus what each value of each dimension adds (codes [leaves, dims], -1
    adds nothing), set so that the earlier hits come out in sum.
    """
    overall = (before_hits.sum() + 0.5) / (before_total.sum() + 1.0)
    logit = np.full(len(total), _logit(overall))
    for column in codes.T:
        hits, trials = (np.bincount(column + 1, part) for part in (before_hits, before_total))
        rate = (hits + weight * overall) / (trials + weight)
        logit += np.where(column >= 0, _logit(rate)[column + 1] - _logit(overall), 0.0)
    prior = 1.0 / (1.0 + np.exp(-logit))
    scaled = prior * before_hits.sum() / max(float((prior * before_total).sum()), _LEAST)
    prior = np.clip(scaled, _LEAST, _MOST)
    return np.asarray((before_hits + weight * prior) / (before_total + weight) * total)


def expected_counts(codes: NDArray[np.int32], before: Floats, periods: int, weight: float = OWN_PERIODS) -> Floats:
    """Expected count of each leaf in one period, from its counts summed over `periods` earlier ones (all [leaves])."""
    whole = max(float(before.sum()), 1.0)
    prior = np.full(len(before), whole / periods)
    for column in codes.T:
        share = np.bincount(column + 1, before) / whole
        prior *= share[column + 1]
    return np.asarray((before + weight * prior) / (periods + weight))


def _logit(rate: Floats | float) -> Floats:
    bounded = np.clip(rate, _LEAST, _MOST)
    return np.asarray(np.log(bounded / (1.0 - bounded)))
