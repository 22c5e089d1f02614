"""Recipes of what looks like a fault and is none: no ticket is owed for any of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from akira.simulate.calendar import HOUR_MS, MINUTE_MS
from akira.simulate.effects import Clock, Dialler, Divert, Effect, Mix, Outage, Retries, Scope, Volume
from akira.simulate.faults import Order, where
from akira.simulate.site import Site

Confounder = Callable[[Site, Order], tuple[Effect, ...]]


def mix_shift(site: Site, order: Order) -> tuple[Effect, ...]:
    """Customers call other destinations than they used to."""
    scope = _customers(site, order) if order.names else Scope()
    return (Mix(start=order.start, end=order.end, scope=scope, seed=order.number + 1),)


def ramp(site: Site, order: Order) -> tuple[Effect, ...]:
    """A customer's traffic grows to `strength` times itself and back, in straight lines."""
    scope = _customers(site, order)
    length = order.end - order.start
    return (
        Volume(start=order.start, end=order.end, scope=scope, factor=order.strength or 3.0, ramp_ms=int(length * 0.4)),
    )


def surge(site: Site, order: Order) -> tuple[Effect, ...]:
    """A customer's traffic is `strength` times itself at once."""
    return (Volume(start=order.start, end=order.end, scope=_customers(site, order), factor=order.strength or 5.0),)


def dialler(site: Site, order: Order) -> tuple[Effect, ...]:
    """A call centre dials a list in which many numbers do not exist."""
    scope = _customers(site, order)
    return (
        Dialler(
            start=order.start, end=order.end, scope=scope, per_minute=order.strength or 60.0, garbage=0.45, answers=0.5
        ),
    )


def campaign(site: Site, order: Order) -> tuple[Effect, ...]:
    """A customer calls one destination `strength` times as much as ever, as well and as long as ever."""
    _, scope = where(site, order, "customer", "destination")
    return (Volume(start=order.start, end=order.end, scope=scope, factor=order.strength or 8.0),)


def outage_end(site: Site, order: Order) -> tuple[Effect, ...]:
    """A customer comes back from an outage of its own (planned: no calls for a while) with a backlog of calls."""
    scope = _customers(site, order)
    return (Volume(start=order.start, end=order.end, scope=scope, factor=order.strength or 2.5, ramp_ms=2 * MINUTE_MS),)


def retries(site: Site, order: Order) -> tuple[Effect, ...]:
    """Diallers of all customers try failed calls again more often than usual."""
    return (Retries(start=order.start, end=order.end, again=order.strength or 0.6),)


def benign_lcr(site: Site, order: Order) -> tuple[Effect, ...]:
    """Least-cost routing moves a destination to a supplier of like quality."""
    routing, names = site.world.routing, order.names
    if "destination" in names:
        destination = site.index("destination", names["destination"])[0]
    else:
        destination = site.pick(site.destination_share(), 0.02)
    offer = routing.offer[destination]
    offer = offer[offer >= 0]
    gap = np.abs(routing.offset[offer[1:], destination] - routing.offset[offer[0], destination])
    scope = Scope(destination=(destination,), terminator=(int(offer[0]),))
    return (Divert(start=order.start, end=order.end, scope=scope, to=int(offer[1 + int(np.argmin(gap))])),)


def maintenance(site: Site, order: Order) -> tuple[Effect, ...]:
    """A supplier is taken out of routing on purpose: its calls go to the others without an attempt at it."""
    _, scope = where(site, order, "terminator")
    return tuple(
        Outage(start=order.start, end=order.end, terminator=idle, notice_ms=0) for idle in scope.terminator or ()
    )


def price_move(site: Site, order: Order) -> tuple[Effect, ...]:
    """A customer takes most of its calls to one destination elsewhere; another brings some."""
    _, scope = where(site, order, "customer", "destination")
    other = Scope(customer=(site.pick(site.world.customers.share, 0.01),), destination=scope.destination)
    ramp_ms = min(45 * MINUTE_MS, (order.end - order.start) // 3)
    return (
        Volume(start=order.start, end=order.end, scope=scope, factor=order.strength or 0.3, ramp_ms=ramp_ms),
        Volume(start=order.start, end=order.end, scope=other, factor=2.0, ramp_ms=ramp_ms),
    )


def new_customer(site: Site, order: Order) -> tuple[Effect, ...]:
    """A customer has no traffic until `end` and then begins: a cold start."""
    return (Volume(start=0, end=order.end, scope=_customers(site, order), factor=0.0),)


def new_destination(site: Site, order: Order) -> tuple[Effect, ...]:
    """A destination has no traffic until `end` and then begins."""
    _, scope = where(site, order, "destination")
    return (Volume(start=0, end=order.end, scope=scope, factor=0.0),)


def holiday(site: Site, order: Order) -> tuple[Effect, ...]:
    """Everybody keeps Sunday's hours."""
    return (Clock(start=order.start, end=order.end, sunday=True),)


def dst_step(site: Site, order: Order) -> tuple[Effect, ...]:
    """Local clocks go forward by an hour."""
    return (Clock(start=order.start, end=max(order.end, order.start + HOUR_MS), shift_h=order.strength or 1.0),)


def _customers(site: Site, order: Order) -> Scope:
    if "customer" in order.names:
        return Scope(customer=site.index("customer", order.names["customer"]))
    return Scope(customer=(site.pick(site.world.customers.share, max(order.least, 0.01)),))


CONFOUNDERS: Final[dict[str, Confounder]] = {
    "mix_shift": mix_shift,
    "ramp": ramp,
    "surge": surge,
    "dialler": dialler,
    "campaign": campaign,
    "outage_end": outage_end,
    "retries": retries,
    "benign_lcr": benign_lcr,
    "maintenance": maintenance,
    "price_move": price_move,
    "new_customer": new_customer,
    "new_destination": new_destination,
    "holiday": holiday,
    "dst_step": dst_step,
}
