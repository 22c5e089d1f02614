"""Do two findings speak of one fault: decision tables over cause and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline.findings import Finding, NamedCause
from pipeline.incidents import TYPE_OF_SIGNAL
from pipeline.records import MINUTE_MS

STATES: Final = frozenset(
    {
        "sip_unreachable",
        "registration_loss",
        "acl_denied",
        "cdr_delayed",
        "cdr_missing",
        "cdr_duplicated",
        "traffic_drop",
    }
)
"""Signals judged peer by peer: peers hit at the same time are one fault with a list of values."""
JOINT_MS: Final = 3 * MINUTE_MS
NEAR_MS: Final = 10 * MINUTE_MS
EXPLAINS: Final = frozenset({("fas", "acd_drop"), ("fas", "ner_drop"), ("route_failover", "pdd_rise")})
"""(what explains, what is explained): joined whenever they hold at the same time on related causes."""


SAME_CALLS: Final = {"asr_drop", "ner_drop"}
"""Two measures of the same failed calls: what one shows of a part is the other's, however late it stands out."""


def widened(cause: NamedCause, owners: Mapping[str, str]) -> dict[str, set[str]]:
    """The cause with the customers of its trunks added, so that a trunk lies within its customer."""
    sets = {dim: set(values) for dim, values in cause.items()}
    if "trunk" in sets and "customer" not in sets:
        customers = {owners[trunk] for trunk in sets["trunk"] if trunk in owners}
        if customers:
            sets["customer"] = customers
    return sets


def holds(outer: NamedCause, inner: Mapping[str, set[str]]) -> bool:
    """Everything within `inner` is within `outer`; "everything" holds all."""
    return all(dim in inner and inner[dim] <= set(values) for dim, values in outer.items())


def related(one: NamedCause, other: NamedCause, owners: Mapping[str, str]) -> bool:
    """One lies within the other, or they share most of a list."""
    if holds(one, widened(other, owners)) or holds(other, widened(one, owners)):
        return True
    if set(one) != set(other) or not one:
        return False
    return all(2 * len(set(one[d]) & set(other[d])) >= min(len(one[d]), len(other[d])) for d in one)


def same_list(one: Finding, other: Finding) -> bool:
    """Peers of one kind hit at the same time by the same signal."""
    # a thinner stream of denials takes longer to stand out: its onset is known less well
    joint_ms = NEAR_MS if one.signal == "acl_denied" else JOINT_MS
    return (
        one.signal == other.signal
        and one.signal in STATES
        and set(one.cause) == set(other.cause)
        and abs(one.onset_ms - other.onset_ms) <= joint_ms
    )


def belongs(new: Finding, old: Finding, owners: Mapping[str, str]) -> bool:
    """`new` is one more sign of the fault that `old`, still lasting, is a sign of."""
    if TYPE_OF_SIGNAL[new.signal] != TYPE_OF_SIGNAL[old.signal]:
        return _blocked_traffic(new, old)
    if same_list(new, old) or _denied_traffic(new, old) or _denied_traffic(old, new):
        return True
    if not related(new.cause, old.cause, owners):
        return False
    if (old.signal, new.signal) in EXPLAINS or (new.signal, old.signal) in EXPLAINS:
        return True
    if new.signal == old.signal and set(new.cause) == set(old.cause):
        return True
    if {new.signal, old.signal} == SAME_CALLS and old.cause and holds(old.cause, widened(new.cause, owners)):
        return True
    # "everything" holds every slice: only what began with it is a part of it
    near_ms = NEAR_MS if bool(new.cause) == bool(old.cause) else JOINT_MS
    return abs(new.onset_ms - old.onset_ms) <= near_ms


def returns(new: Finding, old: Finding, owners: Mapping[str, str]) -> bool:
    """`new` is the fault of `old`, which had ended, come back: the same signal in the same dimensions."""
    return new.signal == old.signal and set(new.cause) == set(old.cause) and related(new.cause, old.cause, owners)


def _blocked_traffic(new: Finding, old: Finding) -> bool:
    """Blocked customers stop calling: their traffic is the balance ticket's."""
    pair = {new.signal, old.signal}
    if "balance_blocked" not in pair or not pair & {"traffic_drop", "asr_drop", "ner_drop"}:
        return False
    quiet, blocked = (new, old) if old.signal == "balance_blocked" else (old, new)
    named = set(quiet.cause.get("customer", ()))
    return bool(named) and named <= set(blocked.cause.get("customer", ()))


def _denied_traffic(denied: Finding, quiet: Finding) -> bool:
    """Denials of an address in no directory, and one customer's traffic gone at the same time."""
    if denied.signal != "acl_denied" or quiet.signal != "traffic_drop" or "customer" in denied.cause:
        return False
    return "customer" in quiet.cause and abs(denied.onset_ms - quiet.onset_ms) <= JOINT_MS
