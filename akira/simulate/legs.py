"""Attempts at suppliers: which supplier is tried, how the attempt ends, and when; with the effects of what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from akira.simulate.calendar import MINUTE_MS, local_hours
from akira.simulate.chance import Bools, Floats, Ints, normal
from akira.simulate.codes import ANSWERED, NETWORK, Q850, RELEASE, RINGS, SUBSCRIBER, WAIT_S, WAIT_SPREAD, draw
from akira.simulate.effects import Effects, Fail, FalseAnswer, Overrun, Shorten, Slow
from akira.simulate.traffic import Calls
from akira.simulate.world import World

NEVER: Final = -1
_NETWORK_SHARE: Final = 0.08
_NUMBER_SHARE: Final = 0.025
_LONGEST_TALK_MS: Final = 4 * 3_600_000
_PACKETS_PER_S: Final = 50
_OVERRUN_MS: Final = (20_000.0, 60_000.0)
"""So long a caller listens into silence before it hangs up itself."""


@dataclass(frozen=True, slots=True)
class Legs:
    """Attempts by row; times in ms, -1 where it did not happen. `expected`: chance of an answer in normal times."""

    call: Ints
    attempt: Ints
    last: Bools
    customer: Ints
    destination: Ints
    trunk: Ints
    terminator: Ints
    wanted: Ints
    setup: Ints
    ringing: Ints
    answered: Ints
    ended: Ints
    code: Ints
    q850: Ints
    release: Ints
    rtp_rx: Ints
    rtp_tx: Ints
    reason: Ints
    expected: Floats

    def __len__(self) -> int:
        return len(self.call)


def join(parts: list[Legs]) -> Legs:
    """One set of attempts after another."""
    return Legs(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Legs)))


@dataclass(frozen=True, slots=True)
class Tries:
    """What is about to be tried: rows of `calls`, the supplier, and the instant its INVITE is sent."""

    call: Ints
    terminator: Ints
    setup: Ints


def columns_of(calls: Calls, tries: Tries) -> dict[str, Ints]:
    """What a scope may ask of tries."""
    return {
        "customer": calls.customer[tries.call],
        "destination": calls.destination[tries.call],
        "trunk": calls.trunk[tries.call],
        "terminator": tries.terminator,
    }


def expected(world: World, calls: Calls, tries: Tries) -> Floats:
    """Chance of an answer when nothing is wrong, with hour of day and the route's luck of that minute."""
    destination, customer = calls.destination[tries.call], calls.customer[tries.call]
    here = world.destinations
    hour = local_hours(tries.setup, here.phase_h[destination])
    logit = here.base[destination] + world.routing.offset[tries.terminator, destination]
    logit += world.customers.offset[customer]
    logit += here.day_swing[destination] * np.cos((hour - 15.0) * (np.pi / 12.0))
    p = 1.0 / (1.0 + np.exp(-logit))
    if world.overdispersion:
        luck = normal(world.seed + 23, tries.terminator, destination, tries.setup // MINUTE_MS)
        logit += luck * np.sqrt(world.overdispersion / (p * (1.0 - p)))
        p = 1.0 / (1.0 + np.exp(-logit))
    chance: Floats = p * calls.hope[tries.call] * (1.0 - calls.garbage[tries.call])
    return chance


@dataclass(slots=True)
class Ends:
    """How tries end: final code, whether the subscriber rang first, post-dial delay, waits, talk and what is billed
    beyond it in ms."""

    code: Ints
    rang: Bools
    network: Bools
    pdd: Floats
    wait: Floats
    talk: Floats
    false: Bools
    one_way: Bools
    callee: Bools
    """The called subscriber hangs up first, if the call is answered."""
    overrun: Floats


def end(world: World, calls: Calls, tries: Tries, chance: Floats, effects: Effects, rng: np.random.Generator) -> Ends:
    """Roll how each try ends, then let the effects in force change it."""
    n = len(tries.call)
    destination, customer = calls.destination[tries.call], calls.customer[tries.call]
    code, network = _natural_codes(calls, tries, chance, rng)
    ends = Ends(
        code=code,
        rang=np.zeros(n, dtype=np.bool_),
        network=network,
        pdd=1000.0
        * np.exp(
            world.destinations.pdd_mu[destination]
            + world.routing.pdd_offset[tries.terminator, destination]
            + world.destinations.pdd_sigma[destination] * rng.standard_normal(n)
        ),
        wait=np.zeros(n),
        talk=_talk(world, calls, tries, customer, destination, rng),
        false=np.zeros(n, dtype=np.bool_),
        one_way=np.zeros(n, dtype=np.bool_),
        callee=(tries.setup + tries.call) % 9 < 4,
        overrun=np.zeros(n),
    )
    _spoil(calls, tries, ends, effects, rng)
    ends.rang = (rng.random(n) < RINGS[ends.code]) & ~ends.false
    ends.wait = 1000.0 * WAIT_S[ends.code] * np.exp(WAIT_SPREAD[ends.code] * rng.standard_normal(n))
    return ends


def _natural_codes(calls: Calls, tries: Tries, chance: Floats, rng: np.random.Generator) -> tuple[Ints, Bools]:
    n = len(tries.call)
    dice, kind = rng.random(n), rng.random(n)
    code = np.where(kind < _NETWORK_SHARE, draw(NETWORK, rng.random(n)), draw(SUBSCRIBER, rng.random(n)))
    bad_number = rng.random(n) < np.where(dice < chance, 0.0, _NUMBER_SHARE + calls.garbage[tries.call])
    code = np.where(bad_number, 404, code)
    code = np.where(dice < chance, ANSWERED, code)
    return code, (kind < _NETWORK_SHARE) & ~bad_number & (code != ANSWERED)


def _talk(
    world: World, calls: Calls, tries: Tries, customer: Ints, destination: Ints, rng: np.random.Generator
) -> Floats:
    here = world.destinations
    mu = np.where(calls.brief[tries.call], np.log(14.0), here.talk_mu[destination])
    talk = np.exp(mu + here.talk_sigma[destination] * rng.standard_normal(len(customer)))
    ms: Floats = np.minimum(1000.0 * talk * world.customers.talk[customer] + 400.0, _LONGEST_TALK_MS)
    return ms


def _spoil(calls: Calls, tries: Tries, ends: Ends, effects: Effects, rng: np.random.Generator) -> None:
    first, last = (int(tries.setup.min()), int(tries.setup.max()) + 1) if len(tries.setup) else (0, 0)
    columns = columns_of(calls, tries)
    for fail in effects.of(Fail, first, last):
        inside = fail.during(tries.setup) & fail.scope.holds(**columns)
        dice = rng.random(len(inside))
        hit = inside & np.where(ends.code == ANSWERED, dice >= fail.keep, dice < fail.spoil)
        ends.code = np.where(hit, draw(fail.codes, rng.random(len(hit))), ends.code)
        ends.network &= ~hit
    for false in effects.of(FalseAnswer, first, last):
        inside = false.during(tries.setup) & false.scope.holds(**columns)
        own = np.mean(ends.code[inside] == ANSWERED) if inside.any() else 0.0
        hit = inside & (rng.random(len(inside)) < false.share * own / (1.0 - false.share * (1.0 - own)))
        ends.code = np.where(hit, ANSWERED, ends.code)
        ends.network &= ~hit
        ends.false |= hit
        ends.talk = np.where(hit, 700.0 + 4_000.0 * np.exp(0.6 * rng.standard_normal(len(hit))), ends.talk)
    for slow in effects.of(Slow, first, last):
        inside = slow.during(tries.setup) & slow.scope.holds(**columns)
        ends.pdd += inside * slow.add_ms * np.exp(0.15 * rng.standard_normal(len(inside)))
    for shorten in effects.of(Shorten, first, last):
        inside = shorten.during(tries.setup) & shorten.scope.holds(**columns)
        ends.talk *= np.where(inside, shorten.factor, 1.0)
        ends.one_way |= inside & shorten.one_way
    for late in effects.of(Overrun, first, last):
        inside = late.during(tries.setup) & late.scope.holds(**columns) & (rng.random(len(tries.setup)) < late.share)
        unheard = inside & ends.callee & (ends.code == ANSWERED) & ~ends.false
        ends.overrun += unheard * rng.uniform(*_OVERRUN_MS, len(inside))


def written(
    world: World, calls: Calls, tries: Tries, ends: Ends, chance: Floats, wanted: Ints, attempt: int, last: Bools
) -> Legs:
    """The rows of these tries, with their instants in order."""
    pdd, wait = ends.pdd.astype(np.int64), ends.wait.astype(np.int64)
    answer = ends.code == ANSWERED
    ringing = np.where(ends.rang, tries.setup + pdd, NEVER)
    final = np.where(ends.rang, ringing + wait, tries.setup + wait + np.where(_far(ends.code), pdd, 0))
    final = np.where(ends.false, tries.setup + 300 + pdd // 3, final)
    answered = np.where(answer, final, NEVER)
    hung_up = answered + ends.talk.astype(np.int64)
    ended = np.where(answer, hung_up + ends.overrun.astype(np.int64), final)
    received, sent = (np.where(answer, (to - answered) * _PACKETS_PER_S // 1000, 0) for to in (hung_up, ended))
    silent = ends.false | ends.one_way
    callee = ends.callee & (ends.overrun == 0)
    return Legs(
        call=tries.call,
        attempt=np.full(len(tries.call), attempt, dtype=np.int64),
        last=last,
        customer=calls.customer[tries.call],
        destination=calls.destination[tries.call],
        trunk=calls.trunk[tries.call],
        terminator=tries.terminator,
        wanted=wanted,
        setup=tries.setup,
        ringing=ringing,
        answered=answered,
        ended=ended,
        code=ends.code,
        q850=Q850[ends.code],
        release=np.where(answer & callee, 1, RELEASE[ends.code]),
        rtp_rx=np.where(silent, 0, received),
        rtp_tx=sent,
        reason=np.zeros(len(tries.call), dtype=np.int64),
        expected=chance,
    )


def _far(code: Ints) -> Bools:
    """Codes that come from the far subscriber, hence after the post-dial delay even when nothing rang."""
    far: Bools = (code == 486) | (code == 480) | (code == 603) | (code == 487) | (code == ANSWERED)
    return far
