"""The expectation: a shrunken additive model on the log-odds, one per question.

logit p = mean + destination + terminator + (terminator, destination) + customer + hour of the destination.

Method: posterior mode with Gaussian priors by Newton steps, one family at a time (back-fitting; Hastie & Tibshirani,
Generalized Additive Models, 1990, ch. 4 and 6). A leaf that was never seen gets what its parents say.
Every slice carries the information behind its expectation, so that short baselines are tested with their doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import HOURS, History
from pipeline.distinct import ranked
from pipeline.leaves import FAMILIES, Leaves
from pipeline.questions import Question, Scale

Floats = npt.NDArray[np.float64]
Picked = slice | npt.NDArray[np.intp]
PRIOR_SD: Final[dict[tuple[str, ...], float]] = {
    ("destination",): 1.0,
    ("terminator",): 0.5,
    ("terminator", "destination"): 0.4,
    ("customer",): 1.5,
}
MISFIT_SD: Final = ((0, 0.06), (240, 0.12), (1440, 0.025))
"""What the model may miss from so many learnt minutes on: little once each hour was seen, most when the first day has
gone on into hours that were not."""
HOUR_SD: Final = 0.3
OWN_SD: Final = 0.5
SWEEPS: Final = 4
HISTORY_DISPERSION: Final = 2.0


def logit(p: Floats) -> Floats:
    """Log-odds of a probability kept off 0 and 1."""
    safe = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(safe) - np.log1p(-safe)


def expit(x: Floats) -> Floats:
    """The probability of log-odds."""
    p: Floats = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return p


@dataclass(slots=True)
class Fit:
    """The expectation of one question."""

    mean: float = 0.0
    effects: Floats = field(default_factory=lambda: np.zeros(0))
    """[slices] log-odds, zero for families outside the model."""
    information: Floats = field(default_factory=lambda: np.zeros(0))
    """[slices] sum of n p (1 - p) behind the expectation."""
    own: Floats = field(default_factory=lambda: np.zeros(0))
    """[slices] log-odds by which a slice's own history differs from what the model says, shrunk."""
    hours: Floats = field(default_factory=lambda: np.zeros((0, HOURS)))
    """[destinations, hours] log-odds."""
    cuts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """[destinations] the bin that splits good from bad values of a scale."""
    misfit_sd: float = MISFIT_SD[0][1]
    ready: bool = False


def by_destination(scales: Floats, destination: npt.NDArray[np.int64], count: int) -> Floats:
    """[destinations, bins] histograms from those per cell; cells without a destination are left out."""
    return np.stack([_sums(destination, column, count) for column in scales.T.copy()], axis=1)


def cuts(histograms: Floats, scale: Scale) -> npt.NDArray[np.int64]:
    """[destinations + 1] cut bins: bad is above the cut (pdd) or at and below it (talk); the last is for all."""
    table = np.vstack([histograms, histograms.sum(axis=0)])
    total = table.sum(axis=1, keepdims=True)
    below = table.cumsum(axis=1) / np.maximum(total, 1)
    bad = below if scale.of == "talk" else 1 - below
    found: npt.NDArray[np.int64] = np.abs(bad - scale.quantile).argmin(axis=1)
    return np.where(total[:, 0] >= 50, found, found[-1])


def scale_hits(scales: Floats, cut: npt.NDArray[np.int64], scale: Scale) -> Floats:
    """[cells] values on the bad side of each cell's cut."""
    below: Floats = scales.cumsum(axis=1)[np.arange(len(scales)), cut]
    return below if scale.of == "talk" else scales.sum(axis=1) - below


def fit(question: Question, history: History, leaves: Leaves, references: dict[str, Floats], before: Fit) -> Fit:
    """Fit one question to the history, starting from the fit before."""
    model = Fit()
    if question.scale is not None:
        table = history.scales[question.scale.of]
        cut = cuts(references[question.scale.of], question.scale)
        model.cuts = cut[:-1]
        total, hits = table.sum(axis=1), scale_hits(table, cut[leaves.cell_destination], question.scale)
    else:
        total, hits = history.total[question.name], history.hits[question.name]
    model.misfit_sd = [sd for since, sd in MISFIT_SD if history.minutes >= since][-1]
    model.effects = np.zeros(leaves.slice_count())
    model.effects[: len(before.effects)] = before.effects
    used = np.flatnonzero(total > 0)
    model.information = np.zeros(leaves.slice_count())
    model.own = np.zeros(leaves.slice_count())
    if len(used) and total.sum() >= 50:
        p = _newton(model, leaves.cells[used], total[used], hits[used])
        seen = np.zeros(len(total))
        seen[used] = total[used] * p * (1 - p)
        model.information = _information(leaves, seen)
        model.own = _own(leaves, used, total[used], hits[used], p)
        model.ready = True
    destinations = len(references["pdd"])
    model.hours = _hours(history.hours[question.name]) if question.by_hour else np.zeros((destinations, HOURS))
    return model


def _information(leaves: Leaves, seen: Floats) -> Floats:
    """[slices] information; a cell's is shared out evenly over its leaves where trunk and switch tell them apart."""
    found = np.zeros(leaves.slice_count())
    for family, dims in enumerate(FAMILIES):
        if dims in (("trunk",), ("switch",)):
            column = leaves.slices[:, family]
            weights = (seen / np.maximum(leaves.cell_leaves, 1))[leaves.cell]
        else:
            column, weights = leaves.cells[:, family], seen
        found += _sums(column, weights, len(found))
    return found


def _sums(column: npt.NDArray[np.int64], weights: Floats, size: int) -> Floats:
    """[size] sums of a weight per row by its number in `column`; rows without one (-1) are left out."""
    return np.bincount(column + 1, weights, size + 1)[1:].astype(np.float64, copy=False)


def _own(leaves: Leaves, used: npt.NDArray[np.int64], total: Floats, hits: Floats, p: Floats) -> Floats:
    """[slices] what the additive model misses: pairs with a way of their own, robots that are never answered."""
    size = leaves.slice_count()
    found = np.zeros(size)
    for family, dims in enumerate(FAMILIES):
        column = leaves.cells[used, family]
        if not dims:
            continue
        n, y, e, v = (_sums(column, weights, size) for weights in (total, hits, total * p, total * p * (1 - p)))
        ours = n > 0
        weight = v[ours] / HISTORY_DISPERSION
        weight = weight / (weight + 1 / OWN_SD**2)
        shift = logit((y[ours] + 0.5) / (n[ours] + 1)) - logit((e[ours] + 0.5) / (n[ours] + 1))
        found[ours] = weight * shift
    trunk, customer = (leaves.slices[:, FAMILIES.index((dim,))] for dim in ("trunk", "customer"))
    owned = (trunk >= 0) & (customer >= 0)
    found[trunk[owned]] = found[customer[owned]]
    return found


def _newton(model: Fit, columns: npt.NDArray[np.int64], total: Floats, hits: Floats) -> Floats:
    """Move the effects to the posterior mode; the fitted probability of every row."""
    model.mean = float(logit(np.array(hits.sum() + 0.5) / (total.sum() + 1)))
    shift = np.zeros(len(columns))
    families: list[tuple[Picked, npt.NDArray[np.int64], npt.NDArray[np.intp], float]] = []
    for dims, sd in PRIOR_SD.items():
        column = columns[:, FAMILIES.index(dims)]
        given = column >= 0
        rows: Picked = slice(None) if given.all() else np.flatnonzero(given)
        at, index = ranked(column[rows], len(model.effects))
        families.append((rows, at, index, sd))
        shift[rows] += model.effects[column[rows]]
    for _ in range(SWEEPS):
        for rows, at, index, sd in families:
            p = expit(model.mean + shift)
            slope = np.bincount(index, (hits - total * p)[rows], len(at))
            bend = np.bincount(index, (total * p * (1 - p))[rows], len(at))
            step = np.clip((slope - model.effects[at] / sd**2) / (bend + 1 / sd**2), -1.5, 1.5)
            model.effects[at] += step
            shift[rows] += step[index]
        p = expit(model.mean + shift)
        model.mean += float(np.clip((hits - total * p).sum() / max((total * p * (1 - p)).sum(), 1e-9), -1.5, 1.5))
    return expit(model.mean + shift)


def _hours(table: Floats) -> Floats:
    """Shrunken log-odds per destination and hour from [destinations, hours, (total, hits)].

    Each hour is held against the whole of its destination in the same table, not against what the model said when it
    was learnt: on a first day that follows the hour it is in, and nothing would be left for the hours.
    """

    def shift(total: Floats, hits: Floats, usual: Floats) -> Floats:
        seen = (hits + usual) / (total + 1)
        weight = total * usual * (1 - usual) / HISTORY_DISPERSION
        return np.clip(weight / (weight + 1 / HOUR_SD**2) * (logit(seen) - logit(usual)), -1.5, 1.5)

    total, hits = table[..., 0], table[..., 1]
    own = (hits.sum(axis=1) + 0.5) / (total.sum(axis=1) + 1)
    expected_hits = (total * own[:, None]).sum(axis=0)
    together = total.sum(axis=0)
    usual = np.where(together > 0, expected_hits / np.maximum(together, 1e-9), 0.5)
    whole = shift(together, hits.sum(axis=0), np.clip(usual, 1e-6, 1 - 1e-6))
    moved = expit(logit(own)[:, None] + whole)
    return whole + shift(total, hits, moved)
