"""The simulated carrier: who calls, where to, over which suppliers, and how well that works when nothing is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from akira.simulate.chance import Bools, Floats, Ints
from akira.simulate.names import NETWORKS, PREFIXES

ROUTES: Final = 4
"""Suppliers per destination at most."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a carrier is. `chunk_minutes` is simulated at a time; it divides the hour or is whole hours."""

    customers: int
    destinations: int
    terminators: int
    switches: int
    calls_per_day: int
    chunk_minutes: int


SCALES: Final[dict[str, Scale]] = {
    "S": Scale(50, 30, 5, 2, 300_000, 360),
    "M": Scale(500, 200, 25, 3, 2_000_000, 60),
    "L": Scale(5_000, 800, 80, 4, 15_000_000, 10),
}


@dataclass(frozen=True, slots=True)
class Customers:
    """Originators by index. `phase_h` is local time minus UTC; `mix`: cumulative shares by destination."""

    ids: tuple[str, ...]
    share: Floats
    major: Bools
    prepaid: Bools
    offset: Floats
    talk: Floats
    phase_h: Floats
    business: Bools
    mix: Floats
    accounts: tuple[tuple[str, ...], ...]
    robot: int


@dataclass(frozen=True, slots=True)
class Trunks:
    """Ingress trunks by index, grouped by customer: those of customer c are `first[c] .. first[c] + count[c] - 1`."""

    ids: tuple[str, ...]
    customer: Ints
    switch: Ints
    registers: Bools
    first: Ints
    count: Ints


@dataclass(frozen=True, slots=True)
class Destinations:
    """Destinations by index: logit of the answer probability, log-normal talk (s) and PDD (s), tariff per minute."""

    names: tuple[str, ...]
    prefix: Ints
    base: Floats
    talk_mu: Floats
    talk_sigma: Floats
    pdd_mu: Floats
    pdd_sigma: Floats
    phase_h: Floats
    day_swing: Floats
    tariff_micro: Ints


@dataclass(frozen=True, slots=True)
class Routing:
    """`offer[d]` lists the suppliers of a destination in order (-1: none); `first[d]`: cumulative first shares."""

    offer: Ints
    first: Floats
    offset: Floats
    pdd_offset: Floats


@dataclass(frozen=True, slots=True)
class World:
    """A carrier, wholly given by its scale and seed."""

    seed: int
    scale: Scale
    customers: Customers
    trunks: Trunks
    destinations: Destinations
    terminators: tuple[str, ...]
    routing: Routing
    switches: tuple[str, ...]
    skew_ms: Ints
    overdispersion: float


def build(scale: Scale, seed: int, overdispersion: float = 0.01) -> World:
    """The carrier of this scale and seed."""
    rng = np.random.default_rng([seed, 1])
    destinations, popularity = _destinations(scale, rng)
    customers = _customers(scale, popularity, rng)
    return World(
        seed=seed,
        scale=scale,
        customers=customers,
        trunks=_trunks(scale, customers, rng),
        destinations=destinations,
        terminators=tuple(f"term-{i + 1:02d}" for i in range(scale.terminators)),
        routing=_routing(scale, rng),
        switches=tuple(f"sw{i + 1}" for i in range(scale.switches)),
        skew_ms=rng.integers(-2_000, 2_001, scale.switches),
        overdispersion=overdispersion,
    )


def _zipf(n: int, power: float) -> Floats:
    weight: Floats = np.arange(1, n + 1, dtype=np.float64) ** -power
    share: Floats = weight / weight.sum()
    return share


def _destinations(scale: Scale, rng: np.random.Generator) -> tuple[Destinations, Floats]:
    n = scale.destinations
    asr = 0.25 + 0.4 * rng.beta(2.0, 2.0, n)
    made = Destinations(
        names=NETWORKS[:n],
        prefix=np.array(PREFIXES[:n], dtype=np.int64),
        base=np.log(asr / (1 - asr)),
        talk_mu=np.log(rng.uniform(60.0, 160.0, n)),
        talk_sigma=rng.uniform(0.9, 1.2, n),
        pdd_mu=np.log(rng.uniform(1.2, 3.5, n)),
        pdd_sigma=rng.uniform(0.25, 0.45, n),
        phase_h=rng.choice(np.array([-5.0, 0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 5.5, 8.0]), n),
        day_swing=rng.uniform(0.1, 0.35, n),
        tariff_micro=rng.integers(5_000, 220_000, n),
    )
    return made, rng.permutation(_zipf(n, 1.0))


def _customers(scale: Scale, popularity: Floats, rng: np.random.Generator) -> Customers:
    n = scale.customers
    share = _zipf(n, 1.1)
    share[int(n * 0.8) :] *= 0.02  # low-volume customers: a few calls an hour at most
    share[-1] = 0.0  # the test robot dials by its own clock
    major = np.zeros(n, dtype=np.bool_)
    major[[0, 2, 4, *range(7, n // 10 + 3, 2)]] = True
    prepaid = (np.arange(n) >= 6) & ~major & (rng.random(n) < 0.55)
    prepaid[-1] = False
    mix = rng.gamma(popularity * 25.0, 1.0, (n, len(popularity))) + 1e-9
    return Customers(
        ids=tuple(f"cust-{i + 1:04d}" if i < n - 1 else "test-robot" for i in range(n)),
        share=share / share.sum(),
        major=major,
        prepaid=prepaid,
        offset=rng.normal(0.0, 0.15, n),
        talk=np.exp(rng.normal(0.0, 0.2, n)),
        phase_h=rng.choice(np.array([-5.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0]), n),
        business=rng.random(n) < 0.6,
        mix=np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1),
        accounts=tuple((f"acc-{i + 1:04d}",) for i in range(n)),
        robot=n - 1,
    )


def _trunks(scale: Scale, customers: Customers, rng: np.random.Generator) -> Trunks:
    n = scale.customers
    count = rng.integers(1, 5, n)
    count[:3] = np.maximum(count[:3], 2)
    owner = np.repeat(np.arange(n), count)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    place = np.arange(len(owner)) - first[owner]
    return Trunks(
        ids=tuple(f"{customers.ids[c]}-t{k + 1}" for c, k in zip(owner, place, strict=True)),
        customer=owner,
        switch=(owner + place) % scale.switches,
        registers=rng.random(len(owner)) < 0.35,
        first=first,
        count=count,
    )


def _routing(scale: Scale, rng: np.random.Generator) -> Routing:
    destinations, terminators = scale.destinations, scale.terminators
    offer = np.full((destinations, ROUTES), -1, dtype=np.int64)
    first = np.ones((destinations, ROUTES))
    for d in range(destinations):
        size = int(rng.integers(2, min(ROUTES, terminators) + 1))
        offer[d, :size] = rng.choice(terminators, size, replace=False)
        share = np.sort(rng.dirichlet(np.full(size, 2.0)))[::-1]
        first[d, :size] = np.cumsum(share)
        first[d, size - 1 :] = 1.0
    return Routing(
        offer=offer,
        first=first,
        offset=rng.normal(0.0, 0.35, (terminators, destinations)),
        pdd_offset=rng.normal(0.0, 0.15, (terminators, destinations)),
    )
