"""The score of a slice: evidence over dispersion, less what it costs to name the slice."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from pipeline.explain.likelihood import Counts, Floats, Law
from pipeline.explain.model import Settings


@dataclass(frozen=True, slots=True)
class Score:
    """Minimum description length: naming a slice costs log(families), and per dimension the penalty of the settings
    and log(values of the dimension) for each value in the list."""

    law: Law
    settings: Settings
    sizes: tuple[int, ...]
    log_families: float

    def of(self, counts: Counts, shape: tuple[tuple[int, int], ...]) -> Floats:
        """Nats of the slices of one shape, (dimension, number of values) each; -inf below the gates."""
        settings = self.settings
        nats = self.law.evidence(counts) / settings.dispersion - self.cost(shape)
        effect = np.abs(counts.hits - counts.expected) >= settings.min_effect * counts.expected
        return np.where(effect & (counts.total >= settings.min_total), nats, -np.inf)

    def cost(self, shape: tuple[tuple[int, int], ...]) -> float:
        """Nats to name a slice of this shape."""
        named = sum(self.settings.penalty_per_dimension + values * self.per_value(dim) for dim, values in shape)
        return self.log_families + named

    def per_value(self, dim: int) -> float:
        """Nats to name one value of a dimension."""
        return log(max(self.sizes[dim], 1))
