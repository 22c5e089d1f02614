"""Least-cost routing with failover: the suppliers of a call in order, the dead ones passed over, until one takes it; in
a loop the same ones again, until the limit of attempts."""

from __future__ import annotations

from itertools import count
from typing import Final

import numpy as np

from akira.simulate.chance import Bools, Floats, Ints
from akira.simulate.codes import ANSWERED, Q850, SWITCH, WAIT_S
from akira.simulate.effects import Divert, Effects, Loop, Outage, Reject
from akira.simulate.legs import NEVER, Ends, Legs, Tries, columns_of, end, expected, join, written
from akira.simulate.traffic import Calls
from akira.simulate.world import ROUTES, World

REASONS: Final[tuple[str, ...]] = (
    "", "insufficient balance", "no route available", "no supplier answered", "acl denied",
)  # fmt: skip
_DEAD_TIMER_MS: Final = 2_000
_INCOMPLETE_SHARE: Final = 0.004


def place(world: World, calls: Calls, effects: Effects, rng: np.random.Generator) -> Legs:
    """Every attempt of these calls; rows of one call share `call`, its row in `calls`."""
    refused, legs = _refusals(world, calls, effects, rng)
    parts = [legs]
    row = np.flatnonzero(~refused)
    order = _order(world, calls, effects, rng, row)
    wanted = order[:, 0]
    setup = calls.setup[row].copy()
    for attempt in count(1):
        if not len(row):
            break
        order = _alive(order, setup, effects)
        stuck = order[:, 0] < 0
        if stuck.any():
            chance = _chance_at(world, calls, row[stuck], wanted[stuck], setup[stuck])
            parts.append(_unplaced(calls, row[stuck], wanted[stuck], setup[stuck], chance, attempt))
        row, order, wanted, setup = (x[~stuck] for x in (row, order, wanted, setup))
        tries = Tries(row, order[:, 0], setup)
        chance = expected(world, calls, tries)
        ends = end(world, calls, tries, chance, effects, rng)
        dead = _dead(tries, effects)
        _silence(ends, dead)
        order = np.concatenate([order[:, 1:], np.full((len(order), 1), NEVER)], axis=1)
        order = _round(calls, tries, ends, order, attempt, effects)
        again = ends.network & (order[:, 0] >= 0)
        made = written(world, calls, tries, ends, chance, wanted, attempt, ~again)
        parts.append(made)
        row, order, wanted, setup = row[again], order[again], wanted[again], made.ended[again] + 40
    return join(parts)


def _chance_at(world: World, calls: Calls, row: Ints, wanted: Ints, setup: Ints) -> Floats:
    return expected(world, calls, Tries(row, wanted, setup))


def _order(world: World, calls: Calls, effects: Effects, rng: np.random.Generator, row: Ints) -> Ints:
    """Suppliers of each call: first choice by shares, then the others as listed."""
    destination = calls.destination[row]
    offer = world.routing.offer[destination]
    first = (rng.random(len(row))[:, None] >= world.routing.first[destination]).sum(axis=1)
    start, stop = (int(calls.setup.min()), int(calls.setup.max()) + 1) if len(calls) else (0, 0)
    for divert in effects.of(Divert, start, stop):
        chosen = offer[np.arange(len(row)), first]
        inside = divert.during(calls.setup[row]) & divert.scope.holds(destination=destination, terminator=chosen)
        target = np.argmax(offer == divert.to, axis=1)
        first = np.where(inside & (offer == divert.to).any(axis=1), target, first)
    place_of = np.broadcast_to(np.arange(ROUTES), offer.shape)
    rank = np.where(place_of == first[:, None], -1, place_of)
    return np.take_along_axis(offer, np.argsort(rank, axis=1, kind="stable"), axis=1)


def _alive(order: Ints, setup: Ints, effects: Effects) -> Ints:
    """The order without suppliers that routing has dropped by then, closed up to the left."""
    if not len(setup):
        return order
    for outage in effects.of(Outage, int(setup.min()), int(setup.max()) + 1):
        if not outage.loud:
            dropped = (setup >= outage.start + outage.notice_ms) & (setup < outage.end)
            order = np.where(dropped[:, None] & (order == outage.terminator), NEVER, order)
    return np.take_along_axis(order, np.argsort(order < 0, axis=1, kind="stable"), axis=1)


def _dead(tries: Tries, effects: Effects) -> Bools:
    dead = np.zeros(len(tries.call), dtype=np.bool_)
    if len(dead):
        for outage in effects.of(Outage, int(tries.setup.min()), int(tries.setup.max()) + 1):
            dead |= outage.during(tries.setup) & (tries.terminator == outage.terminator)
    return dead


def _silence(ends: Ends, dead: Bools) -> None:
    """Nothing comes back from a dead supplier: 408 by our timer, then the next is tried."""
    ends.code = np.where(dead, 408, ends.code)
    ends.wait = np.where(dead, float(_DEAD_TIMER_MS), ends.wait)
    ends.rang &= ~dead
    ends.false &= ~dead
    ends.network |= dead


def _round(calls: Calls, tries: Tries, ends: Ends, order: Ints, attempt: int, effects: Effects) -> Ints:
    """The order that is left, where calls caught in a loop have the loop's next supplier or, at its end, none."""
    if not len(order):
        return order
    columns = columns_of(calls, tries)
    for loop in effects.of(Loop, int(tries.setup.min()), int(tries.setup.max()) + 1):
        caught = loop.during(tries.setup) & loop.scope.holds(**columns) & (ends.code != ANSWERED)
        ends.network |= caught
        places = np.array(loop.scope.terminator, dtype=np.int64)
        back = np.full_like(order, NEVER)
        if attempt < loop.tries:
            back[:, 0] = np.roll(places, -1)[np.argmax(tries.terminator[:, None] == places, axis=1)]
        order = np.where(caught[:, None], back, order)
    return order


def _refusals(world: World, calls: Calls, effects: Effects, rng: np.random.Generator) -> tuple[Bools, Legs]:
    refused = np.zeros(len(calls), dtype=np.bool_)
    code = np.zeros(len(calls), dtype=np.int64)
    reason = np.zeros(len(calls), dtype=np.int64)
    start, stop = (int(calls.setup.min()), int(calls.setup.max()) + 1) if len(calls) else (0, 0)
    for reject in effects.of(Reject, start, stop):
        switch = world.trunks.switch[calls.trunk]
        inside = reject.during(calls.setup) & reject.scope.holds(
            customer=calls.customer, destination=calls.destination, trunk=calls.trunk, switch=switch
        )
        hit = inside & ~refused & (rng.random(len(calls)) < reject.share)
        code[hit], reason[hit] = reject.code, REASONS.index(reject.reason)
        refused |= hit
    short = ~refused & (rng.random(len(calls)) < _INCOMPLETE_SHARE)
    code[short] = 484
    refused |= short
    row = np.flatnonzero(refused)
    wanted = world.routing.offer[calls.destination[row], 0]
    chance = expected(world, calls, Tries(row, wanted, calls.setup[row]))
    return refused, _local(calls, row, wanted, calls.setup[row], chance, 1, code[row], reason[row])


def _unplaced(calls: Calls, row: Ints, wanted: Ints, setup: Ints, chance: Floats, attempt: int) -> Legs:
    code = np.full(len(row), 503, dtype=np.int64)
    reason = np.full(len(row), REASONS.index("no supplier answered"), dtype=np.int64)
    return _local(calls, row, wanted, setup, chance, attempt, code, reason)


def _local(
    calls: Calls, row: Ints, wanted: Ints, setup: Ints, chance: Floats, attempt: int, code: Ints, reason: Ints
) -> Legs:
    """Attempts that never left the switch."""
    n = len(row)
    never = np.full(n, NEVER, dtype=np.int64)
    return Legs(
        call=row,
        attempt=np.full(n, attempt, dtype=np.int64),
        last=np.ones(n, dtype=np.bool_),
        customer=calls.customer[row],
        destination=calls.destination[row],
        trunk=calls.trunk[row],
        terminator=never,
        wanted=wanted,
        setup=setup,
        ringing=never,
        answered=never,
        ended=setup + (1000 * WAIT_S[code]).astype(np.int64),
        code=code,
        q850=Q850[code],
        release=np.full(n, SWITCH, dtype=np.int64),
        rtp_rx=np.zeros(n, dtype=np.int64),
        rtp_tx=np.zeros(n, dtype=np.int64),
        reason=reason,
        expected=chance,
    )
