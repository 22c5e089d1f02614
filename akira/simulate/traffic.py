"""The calls people try to make: a Poisson process per customer, with the effects that change how much and where to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from akira.simulate.calendar import MINUTE_MS, rates
from akira.simulate.chance import Bools, Floats, Ints
from akira.simulate.effects import Dialler, Effects, Mix, Volume
from akira.simulate.world import World

_ROBOT_EVERY_MS: Final = 60_000
_LINE_BLOCK: Final = 10_000


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls by row: time of the INVITE (ms), who, where to, trunk, numbers. `hope` scales the answer odds."""

    setup: Ints
    customer: Ints
    destination: Ints
    trunk: Ints
    cli: Ints
    dialed: Ints
    hope: Floats
    garbage: Floats
    brief: Bools

    def take(self, rows: Ints | Bools) -> Calls:
        """These rows only."""
        return Calls(*(getattr(self, f.name)[rows] for f in fields(self)))

    def __len__(self) -> int:
        return len(self.setup)


def join(parts: list[Calls]) -> Calls:
    """One set of calls after another."""
    return Calls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Calls)))


def offered(
    world: World, effects: Effects, rng: np.random.Generator, start_ms: int, minutes: int
) -> tuple[Calls, list[tuple[int, Calls]]]:
    """Calls that reach the carrier in these minutes, and per fault the calls that were tried in vain."""
    end_ms = start_ms + minutes * MINUTE_MS
    volumes = effects.of(Volume, start_ms, end_ms)
    rate, ceiling = _rates(world, effects, volumes, start_ms, minutes)
    count = rng.poisson(rate * ceiling)
    who, minute = np.nonzero(count)
    times = count[who, minute]
    customer = np.repeat(who, times)
    setup = start_ms + np.repeat(minute, times) * MINUTE_MS + rng.integers(0, MINUTE_MS, len(customer))
    calls = _dialled(world, effects, rng, setup, customer, start_ms, end_ms)
    calls, lost = _thinned(calls, world, volumes, ceiling, rng, start_ms)
    extra = [_robot(world, rng, start_ms, end_ms)]
    extra += [_campaign(world, rng, d, start_ms, end_ms) for d in effects.of(Dialler, start_ms, end_ms)]
    return join([calls, *extra]), lost


def _rates(world: World, effects: Effects, volumes: list[Volume], start_ms: int, minutes: int) -> tuple[Floats, Floats]:
    """Base rate, and per customer-minute the largest factor any call of it may have (for thinning)."""
    ceiling = np.ones((len(world.customers.ids), minutes))
    who = np.arange(len(world.customers.ids), dtype=np.int64)
    at = start_ms + MINUTE_MS * np.arange(minutes, dtype=np.int64)
    for volume in volumes:
        if volume.factor > 1.0:
            top = np.maximum(volume.at(at), volume.at(at + MINUTE_MS - 1))
            rows = np.isin(who, volume.scope.customer) if volume.scope.customer is not None else who >= 0
            ceiling[rows] *= np.maximum(top, 1.0)
    return rates(world, effects, start_ms, minutes), ceiling


def _dialled(
    world: World, effects: Effects, rng: np.random.Generator, setup: Ints, customer: Ints, start: int, end: int
) -> Calls:
    dice = rng.random(len(setup))
    destination = _pick(world.customers.mix, customer, dice)
    for mix in effects.of(Mix, start, end):
        rows = np.flatnonzero(mix.during(setup) & mix.scope.holds(customer=customer))
        shares = np.random.default_rng([world.seed, 6, mix.seed]).gamma(0.35, 1.0, world.customers.mix.shape) + 1e-9
        shares = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
        destination[rows] = _pick(shares, customer[rows], dice[rows])
    return _numbered(world, rng, setup, customer, destination)


def _pick(cumulative: Floats, rows: Ints, dice: Floats) -> Ints:
    flat = (cumulative + np.arange(len(cumulative))[:, None]).ravel()
    width = cumulative.shape[1]
    place: Ints = np.minimum(np.searchsorted(flat, rows + dice, side="right") - rows * width, width - 1)
    return place


def _numbered(world: World, rng: np.random.Generator, setup: Ints, customer: Ints, destination: Ints) -> Calls:
    n = len(setup)
    trunks = world.trunks
    place = np.floor(rng.random(n) ** 1.3 * trunks.count[customer]).astype(np.int64)
    lines = np.minimum(40 + (world.customers.share[customer] * 40_000).astype(np.int64), _LINE_BLOCK)
    line = (rng.random(n) * lines).astype(np.int64)
    return Calls(
        setup=setup,
        customer=customer,
        destination=destination,
        trunk=trunks.first[customer] + place,
        cli=4_470_000_000_00 + customer * _LINE_BLOCK + line,
        dialed=world.destinations.prefix[destination] * 10_000_000 + rng.integers(0, 10_000_000, n),
        hope=np.ones(n),
        garbage=np.zeros(n),
        brief=np.zeros(n, dtype=np.bool_),
    )


def _thinned(
    calls: Calls, world: World, volumes: list[Volume], ceiling: Floats, rng: np.random.Generator, start_ms: int
) -> tuple[Calls, list[tuple[int, Calls]]]:
    if not volumes:
        return calls, []
    minute = (calls.setup - start_ms) // MINUTE_MS
    kept = np.ones(len(calls), dtype=np.bool_)
    wanted = 1.0 / ceiling[calls.customer, minute]
    lost: list[tuple[int, Calls]] = []
    for volume in sorted(volumes, key=lambda v: v.vanish):
        switch = world.trunks.switch[calls.trunk]
        inside = volume.scope.holds(
            customer=calls.customer, destination=calls.destination, trunk=calls.trunk, switch=switch
        )
        factor = np.where(inside, volume.at(calls.setup), 1.0)
        if volume.vanish:
            kept &= rng.random(len(calls)) < np.minimum(wanted, 1.0)
            wanted = np.ones(len(calls))
            away = kept & (rng.random(len(calls)) >= factor)
            lost.append((volume.fault, calls.take(away)))
            kept &= ~away
        else:
            wanted = wanted * factor
    kept &= rng.random(len(calls)) < wanted
    return calls.take(kept), lost


def _robot(world: World, rng: np.random.Generator, start_ms: int, end_ms: int) -> Calls:
    """The test robot: one call a minute to numbers that never answer."""
    setup = np.arange(start_ms, end_ms, _ROBOT_EVERY_MS, dtype=np.int64) + 17_000
    customer = np.full(len(setup), world.customers.robot, dtype=np.int64)
    destination = (setup // _ROBOT_EVERY_MS) % min(8, len(world.destinations.names))
    calls = _numbered(world, rng, setup, customer, destination)
    calls.hope[:] = 0.0
    return calls


def _campaign(world: World, rng: np.random.Generator, dialler: Dialler, start_ms: int, end_ms: int) -> Calls:
    """A call centre's list: many numbers that do not exist, few answers, brief talk."""
    begin, stop = max(start_ms, dialler.start), min(end_ms, dialler.end)
    n = int(rng.poisson(dialler.per_minute * (stop - begin) / MINUTE_MS))
    setup = rng.integers(begin, stop, n)
    customer = np.full(n, (dialler.scope.customer or (0,))[0], dtype=np.int64)
    wanted = dialler.scope.destination or tuple(range(len(world.destinations.names)))
    destination = rng.choice(np.array(wanted, dtype=np.int64), n)
    calls = _numbered(world, rng, setup, customer, destination)
    calls.hope[:] = dialler.answers
    calls.garbage[:] = dialler.garbage
    calls.brief[:] = True
    return calls
