"""What the search reads (leaves and settings) and what it gives back (causes)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["up", "down", "both"]
CountModel = Literal["binomial", "poisson"]


@dataclass(frozen=True, slots=True)
class Leaves:
    """The finest slices, one row each (rows of the same slice are added up).

    `codes` is int32 [rows, dims]: an index into that dimension's `names`, -1 where the record has no such value (it
    then belongs to no slice of that dimension). `total` counts what could have happened (attempts), `hits` what did
    (answers), `expected` the hits under "nothing is wrong"; all float64 [rows]. In the Poisson model `total` plays
    no part in the score. Raises ValueError when shapes, codes or counts do not fit together.
    """

    dims: tuple[str, ...]
    codes: NDArray[np.int32]
    names: tuple[tuple[str, ...], ...]
    total: NDArray[np.float64]
    hits: NDArray[np.float64]
    expected: NDArray[np.float64]

    def __post_init__(self) -> None:
        rows = len(self.total)
        if self.codes.shape != (rows, len(self.dims)) or len(self.names) != len(self.dims):
            raise ValueError(
                f"codes is {self.codes.shape}, would be right: ({rows}, {len(self.dims)}), names for each dim"
            )
        if len(self.hits) != rows or len(self.expected) != rows:
            raise ValueError(f"hits and expected must have {rows} rows like total")
        for column, values in (("total", self.total), ("hits", self.hits), ("expected", self.expected)):
            if rows and not (np.isfinite(values).all() and values.min() >= 0):
                raise ValueError(f"{column} must be finite and not negative")
        for dim, names, codes in zip(self.dims, self.names, self.codes.T, strict=True):
            if rows and not (codes.min() >= -1 and codes.max() < len(names)):
                raise ValueError(f"codes of {dim} must lie between -1 and {len(names) - 1}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the search weighs evidence; scores are in nats.

    `families`: the combinations of dimensions to try (None: every one of up to `depth`); "everything" is always tried.
    `rho`: intraclass correlation of a leaf's hits when nothing is wrong (beta-binomial; in the Poisson model the
    squared coefficient of variation of its rate). `effect_rho`: the same inside a cause, where leaves suffer unequally.
    `dispersion`: what overdispersion the leaves share beyond `rho`; evidence is divided by it.
    `min_score`: what a cause must have left after all penalties. `min_effect`: least |observed / expected - 1|.
    `min_total`: support a cause must have. `list_share`: below another dimension, a list that bears more than this
    share of what its parent expects is taken for the parent.
    """

    families: tuple[tuple[str, ...], ...] | None = None
    depth: int = 3
    penalty_per_dimension: float = 2.0
    rho: float = 0.01
    effect_rho: float = 0.03
    dispersion: float = 1.0
    max_causes: int = 3
    direction: Direction = "both"
    min_score: float = 3.0
    min_effect: float = 0.1
    min_total: float = 0.0
    list_share: float = 0.9
    count_model: CountModel = "binomial"


@dataclass(frozen=True, slots=True)
class Found:
    """One cause: `cause` maps dimension to its sorted names, empty for "everything"; `explained` is its share 0-1 of
    the whole excess over the expectation."""

    cause: dict[str, tuple[str, ...]] = field(hash=False)
    score: float
    observed: float
    expected: float
    total: float
    explained: float
