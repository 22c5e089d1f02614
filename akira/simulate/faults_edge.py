"""Recipes of faults at the edges: reachability, registrations, ACLs, accounts, the writing of records, the platform."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from akira.simulate.effects import (
    ANYTHING,
    Account,
    Denied,
    Effect,
    Gauge,
    Late,
    Lose,
    Misrate,
    Reject,
    Repeat,
    Scope,
)
from akira.simulate.faults import (
    Order,
    Recipe,
    acd_drop,
    asr_drop,
    fas,
    gauge_down,
    made,
    ner_drop,
    pdd_rise,
    route_failover,
    traffic_drop,
    vanish,
    where,
)
from akira.simulate.ledger import Fault
from akira.simulate.site import Site
from pipeline.incidents import Signal

_TOGETHER_MS: Final = 240_000
"""Several customers are blocked within this time of each other."""


def sip_unreachable(site: Site, order: Order) -> Fault:
    """A customer's trunk does not answer OPTIONS, and no calls come over it."""
    cause, scope = where(site, order, "trunk")
    return made(
        order, "sip_unreachable", cause, scope, vanish(order, scope), gauge_down(order, "trunk", scope.trunk or ())
    )


def registration_loss(site: Site, order: Order) -> Fault:
    """The registrations behind a trunk expire and are refused; calls over it stop."""
    trunks, shares = site.world.trunks, site.trunk_share()
    if order.names:
        cause, scope = where(site, order, "trunk")
    else:
        chosen = site.pick(np.where(trunks.registers & (trunks.count[trunks.customer] > 1), shares, 0.0), order.least)
        cause, scope = {"trunk": (trunks.ids[chosen],)}, Scope(trunk=(chosen,))
    lost = scope.trunk or ()
    gone = Gauge(
        start=order.start, end=order.end, fault=order.number,
        metric="registrations", peer_kind="trunk", peers=lost, factor=0.02,
    )  # fmt: skip
    refused = Gauge(
        start=order.start, end=order.end, fault=order.number, metric="register_failures",
        peer_kind="switch", peers=(int(trunks.switch[lost[0]]),), add=40.0,
    )  # fmt: skip
    return made(order, "registration_loss", cause, scope, vanish(order, scope, 0.03), gone, refused)


def acl_denied(site: Site, order: Order) -> Fault:
    """A customer calls from an address that no ACL knows: its calls are denied, no record is written."""
    cause, scope = where(site, order, "customer")
    denied = Denied(start=order.start, end=order.end, fault=order.number, trunk=order.style == "trunk")
    return made(order, "acl_denied", cause, scope, vanish(order, scope), denied)


def cdr_delayed(site: Site, order: Order) -> Fault:
    """A switch writes its records `strength` seconds late."""
    cause, scope = _records(site, order)
    lag_ms = int(1000 * (600.0 if order.strength is None else order.strength))
    return made(
        order, "cdr_delayed", cause, scope,
        Late(start=order.start, end=order.end, fault=order.number, scope=scope, lag_ms=lag_ms),
    )  # fmt: skip


def cdr_missing(site: Site, order: Order) -> Fault:
    """A share `strength` of a switch's records is lost."""
    cause, scope = _records(site, order)
    share = 0.3 if order.strength is None else order.strength
    lose = Lose(start=order.start, end=order.end, fault=order.number, scope=scope, share=share)
    return made(order, "cdr_missing", cause, scope, lose)


def cdr_duplicated(site: Site, order: Order) -> Fault:
    """A share `strength` of a switch's records is written twice."""
    cause, scope = _records(site, order)
    share = 0.5 if order.strength is None else order.strength
    repeat = Repeat(start=order.start, end=order.end, fault=order.number, scope=scope, share=share)
    return made(order, "cdr_duplicated", cause, scope, repeat)


def _records(site: Site, order: Order) -> tuple[dict[str, tuple[str, ...]], Scope]:
    return ({}, ANYTHING) if order.style == "everywhere" else where(site, order, "switch")


def rating_failure(site: Site, order: Order) -> Fault:
    """Rating fails on a share `strength` of the answered calls: of everything, or of one destination."""
    everywhere = order.style != "destination" and not order.names
    cause, scope = ({}, ANYTHING) if everywhere else where(site, order, "destination")
    share = 0.5 if order.strength is None else order.strength
    wrong = Misrate(start=order.start, end=order.end, fault=order.number, scope=scope, share=share)
    return made(order, "rating_failure", cause, scope, wrong)


def balance_threshold(site: Site, order: Order) -> Fault:
    """A prepaid account falls below its threshold."""
    hit = _prepaid(site, order)
    cause, scope = _customers(site, hit)
    low = Account(
        start=order.start, end=order.end, fault=order.number, scope=scope, event="threshold", reason="spending"
    )
    return made(order, "balance_threshold", cause, scope, low)


def balance_blocked(site: Site, order: Order) -> Fault:
    """Prepaid customers are blocked within minutes of each other; their calls end in 402 until they are unblocked."""
    hit = _prepaid(site, order)
    cause, scope = _customers(site, hit)
    effects: list[Effect] = []
    for place, customer in enumerate(hit):
        start = order.start + place * _TOGETHER_MS // max(len(hit), 1)
        mine = Scope(customer=(customer,))
        reason = "batch_error" if len(hit) > 1 else "credit exhausted"
        effects.append(
            Account(start=start, end=order.end, fault=order.number, scope=mine, event="blocked", reason=reason)
        )
        effects.append(
            Reject(start=start, end=order.end, fault=order.number, scope=mine, code=402, reason="insufficient balance")
        )
    return replace(made(order, "balance_blocked", cause, scope, *effects), blocked=hit)


def _prepaid(site: Site, order: Order) -> tuple[int, ...]:
    if order.names:
        return site.index("customer", order.names.get("customer", ()))
    people = site.world.customers
    some = np.flatnonzero(people.prepaid & (people.share > 1e-4))
    size = min(order.count, len(some))
    return tuple(int(c) for c in np.sort(site.rng.choice(some, size, replace=False)))


def _customers(site: Site, hit: tuple[int, ...]) -> tuple[dict[str, tuple[str, ...]], Scope]:
    return {"customer": tuple(site.world.customers.ids[c] for c in hit)}, Scope(customer=hit)


def platform_down(site: Site, order: Order) -> Fault:
    """Nothing works: every call is refused with 503, or (silent) no call arrives at all and no record is written."""
    if order.style == "silent":
        everything = tuple(range(len(site.world.trunks.ids)))
        return made(
            order, "platform_down", {}, ANYTHING, vanish(order, ANYTHING), gauge_down(order, "trunk", everything)
        )
    refuse = Reject(
        start=order.start, end=order.end, fault=order.number, code=503, reason="no route available", share=0.99
    )
    return made(order, "platform_down", {}, ANYTHING, refuse)


RECIPES: Final[dict[Signal, Recipe]] = {
    "asr_drop": asr_drop,
    "ner_drop": ner_drop,
    "acd_drop": acd_drop,
    "pdd_rise": pdd_rise,
    "fas": fas,
    "traffic_drop": traffic_drop,
    "sip_unreachable": sip_unreachable,
    "registration_loss": registration_loss,
    "acl_denied": acl_denied,
    "route_failover": route_failover,
    "cdr_delayed": cdr_delayed,
    "cdr_missing": cdr_missing,
    "cdr_duplicated": cdr_duplicated,
    "rating_failure": rating_failure,
    "balance_threshold": balance_threshold,
    "balance_blocked": balance_blocked,
    "platform_down": platform_down,
}
