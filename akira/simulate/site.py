"""Where a fault may strike: names to indices, and choices among what is busy enough to matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from akira.errors import OperatorError
from akira.simulate.chance import Floats
from akira.simulate.world import World

DIMENSIONS: Final = ("switch", "terminator", "destination", "customer", "trunk")


@dataclass(frozen=True, slots=True)
class Site:
    """The carrier as the planner of faults sees it: shares of the traffic by every dimension."""

    world: World
    rng: np.random.Generator

    def names(self, dimension: str) -> tuple[str, ...]:
        """All names of a dimension, by index."""
        world = self.world
        return {
            "switch": world.switches,
            "terminator": world.terminators,
            "destination": world.destinations.names,
            "customer": world.customers.ids,
            "trunk": world.trunks.ids,
        }[dimension]

    def index(self, dimension: str, wanted: Sequence[str]) -> tuple[int, ...]:
        """Indices of names; an unknown one is the operator's mistake."""
        names = self.names(dimension)
        for name in wanted:
            if name not in names:
                close = ", ".join(names[:4])
                raise OperatorError(f"the carrier has no {dimension} {name!r}", f"it has {close}, …")
        return tuple(names.index(name) for name in wanted)

    def destination_share(self, customer: int | None = None) -> Floats:
        """Share of the calls (of one customer) by destination."""
        people = self.world.customers
        each = np.diff(people.mix, axis=1, prepend=0.0)
        if customer is not None:
            return np.asarray(each[customer])
        return np.asarray(people.share @ each)

    def first_choice(self) -> Floats:
        """Share of all calls by terminator (rows) and destination (columns) that try it first."""
        routing = self.world.routing
        share = np.diff(routing.first, axis=1, prepend=0.0) * self.destination_share()[:, None]
        table = np.zeros((len(self.world.terminators), len(share)))
        for place in range(routing.offer.shape[1]):
            here = routing.offer[:, place]
            rows = np.flatnonzero(here >= 0)
            np.add.at(table, (here[rows], rows), share[rows, place])
        return table

    def trunk_share(self) -> Floats:
        """Share of all calls by trunk (the same law as the traffic's choice of trunk)."""
        trunks, people = self.world.trunks, self.world.customers
        count = trunks.count[trunks.customer]
        place = np.arange(len(count)) - trunks.first[trunks.customer]
        share = ((place + 1) / count) ** (1 / 1.3) - (place / count) ** (1 / 1.3)
        return np.asarray(people.share[trunks.customer] * share)

    def pick(self, share: Floats, least: float) -> int:
        """One index, drawn among those with at least this share of all calls; else the busiest."""
        fit = np.flatnonzero(share >= least)
        return int(self.rng.choice(fit)) if len(fit) else int(np.argmax(share))
