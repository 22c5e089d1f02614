"""What a fit expects of a leaf, and how far each slice may lie from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.model import HISTORY_DISPERSION, PRIOR_SD, Fit, expit
from pipeline.leaves import FAMILIES, Leaves
from pipeline.names import DIMS

Floats = npt.NDArray[np.float64]
NEW_SD: Final[dict[tuple[str, ...], float]] = {
    (): 0.1,
    ("customer",): 1.5,
    ("trunk",): 1.0,
    ("terminator",): 1.0,
    ("destination",): 1.0,
    ("switch",): 0.5,
    ("terminator", "destination"): 0.6,
    ("customer", "destination"): 0.6,
    ("customer", "terminator"): 0.6,
}
"""How far a slice never seen may lie from what its parents say: the doubt of a cold start."""
QUANTUM: Final = 2.0**30


def side_by_side(models: Sequence[Fit]) -> Floats:
    """[models, slices + 1] the effects of models that were fitted at the same moment, none for what came later."""
    return np.stack([np.append(model.effects, 0.0) for model in models])


def expected(
    models: Sequence[Fit],
    effects: Floats,
    leaves: Leaves,
    leaf: npt.NDArray[np.int64],
    hours: Sequence[int | None],
) -> Floats:
    """[models, rows] expected probability of a hit for each leaf, on a grid of 2^-30 so that sums are exact in any
    order; `effects` as `side_by_side` gives them, `hours` has the hour of each model that follows the day."""
    size, columns = effects.shape[1] - 1, leaves.slices[leaf]
    shift = np.zeros((len(models), len(leaf)))
    for dims in PRIOR_SD:
        column = columns[:, FAMILIES.index(dims)]
        shift += effects[:, np.where((column >= 0) & (column < size), column, size)]
    destination = leaves.codes[leaf, DIMS.index("destination")]
    for row, model, hour in zip(shift, models, hours, strict=True):
        if hour is not None and len(model.hours):
            inside = (destination >= 0) & (destination < len(model.hours))
            row += np.where(inside, model.hours[np.where(inside, destination, 0), hour], 0.0)
        row += model.mean
    p = np.clip(expit(shift), 1e-5, 1 - 1e-5)
    rounded: Floats = np.round(p * QUANTUM) / QUANTUM
    return rounded


def doubt(model: Fit, leaves: Leaves, since: int = 0) -> Floats:
    """[slices from number `since` on] standard deviation of the expectation's log-odds."""
    family = leaves.slice_family[since:]
    information = np.zeros(len(family))
    known = model.information[since:]
    information[: len(known)] = known
    fresh = np.array([NEW_SD[dims] for dims in FAMILIES])[family]
    variance: Floats = 1 / (information / HISTORY_DISPERSION + 1 / fresh**2) + model.misfit_sd**2
    return np.sqrt(variance)
