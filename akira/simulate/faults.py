"""Recipes of faults in the quality of calls: what each kind does, where, and how it is labelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from akira.errors import OperatorError
from akira.simulate.effects import (
    Codes,
    Divert,
    Effect,
    Fail,
    FalseAnswer,
    Gauge,
    Loop,
    Outage,
    Overrun,
    Scope,
    Shorten,
    Slow,
    Volume,
)
from akira.simulate.ledger import Fault
from akira.simulate.site import DIMENSIONS, Site
from pipeline.incidents import Signal

MIXED: Final[Codes] = ((500, 0.45), (480, 0.3), (486, 0.25))
"""A supplier that rejects and times out."""
CONGESTED: Final[Codes] = ((503, 1.0),)
LOOPED: Final[Codes] = ((482, 0.6), (503, 0.3), (500, 0.1))
"""A supplier that hands a call back to where it came from."""
_LOOP_TRIES: Final = 8
NETWORK_LOST: Final[Codes] = ((500, 0.5), (503, 0.3), (502, 0.2))


@dataclass(frozen=True, slots=True)
class Order:
    """One fault as asked for: times in epoch ms, names per dimension where given, a strength, a style."""

    id: str
    number: int
    kind: str
    start: int
    end: int
    names: Mapping[str, tuple[str, ...]]
    strength: float | None
    style: str
    count: int
    tolerated: bool
    least: float
    """Share of all calls the slice should have for the fault to be worth a ticket."""


class Recipe(Protocol):
    """Makes the fault of an order at a site."""

    def __call__(self, site: Site, order: Order) -> Fault: ...


def where(site: Site, order: Order, *wanted: str) -> tuple[dict[str, tuple[str, ...]], Scope]:
    """The cause and scope of an order: its own names, else one busy value for each wanted dimension."""
    if order.names:
        found = {name: site.index(name, order.names[name]) for name in DIMENSIONS if name in order.names}
    else:
        found = {name: (place,) for name, place in _choose(site, wanted, order.least).items()}
    cause = {name: tuple(site.names(name)[i] for i in found[name]) for name in found}
    return cause, Scope(**found)


def _choose(site: Site, wanted: tuple[str, ...], least: float) -> dict[str, int]:
    people, trunks = site.world.customers, site.world.trunks
    if wanted == ("terminator",):
        return {"terminator": site.pick(site.first_choice().sum(axis=1), max(least, 0.05))}
    if wanted == ("destination",):
        return {"destination": site.pick(site.destination_share(), least)}
    if wanted == ("customer",):
        return {"customer": site.pick(people.share, least)}
    if wanted == ("switch",):
        return {"switch": int(site.rng.integers(len(site.world.switches)))}
    if wanted == ("trunk",):
        return {"trunk": site.pick(np.where(trunks.count[trunks.customer] > 1, site.trunk_share(), 0.0), least)}
    if wanted == ("terminator", "destination"):
        table = site.first_choice()
        several = (table > 0.2 * least).sum(axis=0) > 1
        flat = site.pick((table * several[None, :]).ravel(), least)
        return {"terminator": flat // table.shape[1], "destination": flat % table.shape[1]}
    each = people.share[:, None] * np.diff(people.mix, axis=1, prepend=0.0)
    flat = site.pick(each.ravel(), least)
    return {"customer": flat // each.shape[1], "destination": flat % each.shape[1]}


def made(order: Order, kind: Signal, cause: Mapping[str, tuple[str, ...]], scope: Scope, *effects: Effect) -> Fault:
    """A fault whose effects all have its scope's label."""
    return Fault(
        id=order.id,
        kind=kind,
        start=order.start,
        end=order.end,
        cause=cause,
        scope=scope,
        effects=effects,
        tolerated=order.tolerated,
        strength=order.strength or 0.0,
    )


STYLES: Final[dict[str, tuple[str, ...]]] = {
    "": ("terminator", "destination"),
    "terminator": ("terminator",),
    "terminator_destination": ("terminator", "destination"),
    "customer_destination": ("customer", "destination"),
    "destination": ("destination",),
    "customer": ("customer",),
    "trunk": ("trunk",),
    "bad_route": ("terminator", "destination"),
    "one_way": ("terminator",),
    "late_disconnect": ("terminator",),
}


def asr_drop(site: Site, order: Order) -> Fault:
    """Answers fall to `strength` of what they were; a trunk that is down is refused with 503; `bad_route`: routing
    has just moved the whole destination to the supplier that fails."""
    cause, scope = where(site, order, *STYLES[order.style])
    keep = 0.3 if order.strength is None else order.strength
    codes = CONGESTED if scope.trunk else MIXED
    effects: list[Effect] = [
        Fail(start=order.start, end=order.end, fault=order.number, scope=scope, keep=keep, codes=codes)
    ]
    if order.style == "bad_route":
        moved = Scope(destination=scope.destination)
        effects += [
            Divert(start=order.start, end=order.end, fault=order.number, scope=moved, to=supplier)
            for supplier in scope.terminator or ()
        ]
    return made(order, "asr_drop", cause, scope, *effects)


def ner_drop(site: Site, order: Order) -> Fault:
    """The network fails where the subscriber used to: few answers are lost, effectiveness falls."""
    cause, scope = where(site, order, *STYLES[order.style or "terminator"])
    spoil = 0.6 if order.strength is None else order.strength
    fail = Fail(
        start=order.start,
        end=order.end,
        fault=order.number,
        scope=scope,
        keep=0.88,
        spoil=spoil,
        codes=NETWORK_LOST,
    )
    return made(order, "ner_drop", cause, scope, fail)


def pdd_rise(site: Site, order: Order) -> Fault:
    """Post-dial delay grows by `strength` seconds."""
    cause, scope = where(site, order, *STYLES[order.style])
    add_ms = int(1000 * (5.0 if order.strength is None else order.strength))
    slow = Slow(start=order.start, end=order.end, fault=order.number, scope=scope, add_ms=add_ms)
    return made(order, "pdd_rise", cause, scope, slow)


def acd_drop(site: Site, order: Order) -> Fault:
    """Talk shrinks to `strength` of itself; `one_way`: since no media comes from the supplier."""
    cause, scope = where(site, order, *STYLES[order.style])
    factor = 0.5 if order.strength is None else order.strength
    shorten = Shorten(
        start=order.start,
        end=order.end,
        fault=order.number,
        scope=scope,
        factor=factor,
        one_way=order.style == "one_way",
    )
    return made(order, "acd_drop", cause, scope, shorten)


def fas(site: Site, order: Order) -> Fault:
    """A share `strength` of a supplier's answers is false; `late_disconnect`: of the hangings up of its subscribers,
    that share is passed on late, which no signal of the contract is for: no ticket is owed."""
    cause, scope = where(site, order, *STYLES[order.style])
    share = 0.4 if order.strength is None else order.strength
    if order.style == "late_disconnect":
        late = Overrun(start=order.start, end=order.end, fault=order.number, scope=scope, share=share)
        return replace(made(order, "fas", cause, scope, late), tolerated=True)
    false = FalseAnswer(start=order.start, end=order.end, fault=order.number, scope=scope, share=share)
    return made(order, "fas", cause, scope, false)


def route_failover(site: Site, order: Order) -> Fault:
    """A supplier is dead, its calls go to the next: quiet (dropped from routing) or loud (tried on, every time); or
    `loop`: it hands calls back, and routing brings each to it again until the limit of attempts."""
    cause, scope = where(site, order, "terminator")
    if order.style == "loop":
        if scope.terminator is None:
            raise OperatorError(f"{order.id}: a loop goes round among suppliers", "name its terminator, or several")
        fail = Fail(
            start=order.start, end=order.end, fault=order.number, scope=scope,
            keep=order.strength or 0.0, spoil=1.0, codes=LOOPED,
        )  # fmt: skip
        loop = Loop(start=order.start, end=order.end, fault=order.number, scope=scope, tries=_LOOP_TRIES)
        return made(order, "route_failover", cause, scope, fail, loop)
    dead = (scope.terminator or (0,))[0]
    outage = Outage(
        start=order.start,
        end=order.end,
        fault=order.number,
        terminator=dead,
        notice_ms=11_000,
        loud=order.style == "loud",
    )
    down = gauge_down(order, "terminator", (dead,))
    return replace(made(order, "route_failover", cause, scope, outage, down), by_choice=True)


def traffic_drop(site: Site, order: Order) -> Fault:
    """A customer's calls fall to `strength` of what they were, and nothing of ours says why."""
    cause, scope = where(site, order, *STYLES[order.style or "customer"])
    factor = 0.05 if order.strength is None else order.strength
    return made(order, "traffic_drop", cause, scope, vanish(order, scope, factor))


def vanish(order: Order, scope: Scope, factor: float = 0.0) -> Volume:
    """Calls that do not reach us."""
    return Volume(start=order.start, end=order.end, fault=order.number, scope=scope, factor=factor, vanish=True)


def gauge_down(order: Order, kind: str, peers: tuple[int, ...]) -> Effect:
    """The peers do not answer OPTIONS."""
    return Gauge(
        start=order.start,
        end=order.end,
        fault=order.number,
        metric="up",
        peer_kind="terminator" if kind == "terminator" else "trunk",
        peers=peers,
        factor=0.0,
    )
