"""Do two findings speak of one fault: a decision table over signal, cause and time; any row that holds joins them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.correlate.failover import late_by_rerouting
from pipeline.findings import Finding, NamedCause
from pipeline.incidents import TYPE_OF_SIGNAL
from pipeline.names import Names
from pipeline.quality.recent import Recent
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
Owners = Mapping[str, str]
"""Trunk to customer."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a row may ask for besides the two findings."""

    owners: Owners
    recent: Recent
    names: Names


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: `new` is one more sign of the fault that `old` is a sign of."""

    name: str
    holds: Callable[[Finding, Finding, Known], bool]


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


def peers_together(new: Finding, old: Finding, _: Known) -> bool:
    """Peers of one kind hit at the same time by the same signal."""
    # a thinner stream of denials takes longer to stand out: its onset is known less well
    joint_ms = NEAR_MS if new.signal == "acl_denied" else JOINT_MS
    return (
        new.signal == old.signal
        and new.signal in STATES
        and set(new.cause) == set(old.cause)
        and _apart_ms(new, old) <= joint_ms
    )


def explained(new: Finding, old: Finding, known: Known) -> bool:
    """What one signal shows, the other brings about; nothing in a part brings about what is everywhere."""
    pairs = {(new.signal, old.signal), (old.signal, new.signal)}
    alike = bool(new.cause) == bool(old.cause)
    return bool(pairs & EXPLAINS) and alike and related(new.cause, old.cause, known.owners)


def asked_twice(new: Finding, old: Finding, known: Known) -> bool:
    """The same signal in the same dimensions."""
    return new.signal == old.signal and set(new.cause) == set(old.cause) and related(new.cause, old.cause, known.owners)


def narrowed(over: Finding, left: Finding, owners: Owners) -> bool:
    """`left` is the same failure as `over` in a part of its cause."""
    same = over.signal == left.signal or {over.signal, left.signal} == SAME_CALLS
    return same and bool(over.cause) and holds(over.cause, widened(left.cause, owners))


def part_of_it(new: Finding, old: Finding, known: Known) -> bool:
    """A part of the failed calls stands out by the other measure of them."""
    same = {new.signal, old.signal} == SAME_CALLS
    return same and bool(old.cause) and holds(old.cause, widened(new.cause, known.owners))


def began_together(new: Finding, old: Finding, known: Known) -> bool:
    """Other signals of a related cause that began at about the same time."""
    if TYPE_OF_SIGNAL[new.signal] != TYPE_OF_SIGNAL[old.signal] or not related(new.cause, old.cause, known.owners):
        return False
    # "everything" holds every slice: only what began with it is a part of it
    return _apart_ms(new, old) <= (NEAR_MS if bool(new.cause) == bool(old.cause) else JOINT_MS)


def blocked_traffic(new: Finding, old: Finding, _: Known) -> bool:
    """Blocked customers stop calling: their traffic is the balance ticket's."""
    pair = {new.signal, old.signal}
    if "balance_blocked" not in pair or not pair & {"traffic_drop", "asr_drop", "ner_drop"}:
        return False
    quiet, blocked = (new, old) if old.signal == "balance_blocked" else (old, new)
    named = set(quiet.cause.get("customer", ()))
    return bool(named) and named <= set(blocked.cause.get("customer", ()))


def denied_traffic(new: Finding, old: Finding, _: Known) -> bool:
    """Denials of an address in no directory, and one customer's traffic gone at about the same time: both onsets of
    few calls are known roughly."""
    denied, quiet = (new, old) if new.signal == "acl_denied" else (old, new)
    if denied.signal != "acl_denied" or quiet.signal != "traffic_drop" or "customer" in denied.cause:
        return False
    return "customer" in quiet.cause and _apart_ms(denied, quiet) <= NEAR_MS


def rings_late_rerouted(new: Finding, old: Finding, known: Known) -> bool:
    """Re-routed calls ring late at the terminators that carry them: that is the failover's doing."""
    late, failover = (new, old) if new.signal == "pdd_rise" else (old, new)
    if late.signal != "pdd_rise" or failover.signal != "route_failover" or _apart_ms(new, old) > NEAR_MS:
        return False
    return late_by_rerouting(late, failover.cause, known.recent, known.names)


def left_over(new: Finding, old: Finding, known: Known) -> bool:
    """`new` is what is left of the fault of `old`, which has ended: the same failure in a part of it, from before."""
    return narrowed(old, new, known.owners) and old.onset_ms - JOINT_MS <= new.onset_ms <= (old.ended_ms or 0)


def silent_since_denied(new: Finding, old: Finding, known: Known) -> bool:
    """A customer's silence takes longer to stand out than its denials last: thin denials come in spells."""
    return denied_traffic(new, old, known) and new.onset_ms <= (old.ended_ms or 0)


def outage_shows(new: Finding, old: Finding, _: Known) -> bool:
    """The calls of an outage go on showing when the platform is up again: failures end first."""
    within = old.onset_ms - JOINT_MS <= new.onset_ms <= (old.ended_ms or 0)
    return old.signal == "platform_down" and new.signal in SAME_CALLS and not new.cause and within


def _apart_ms(one: Finding, other: Finding) -> int:
    return abs(one.onset_ms - other.onset_ms)


TABLE: tuple[Row, ...] = (
    Row("peers hit together", peers_together),
    Row("blocked customers' calls", blocked_traffic),
    Row("a stranger denied, a customer silent", denied_traffic),
    Row("re-routed calls ring late", rings_late_rerouted),
    Row("one signal explains the other", explained),
    Row("the same question again", asked_twice),
    Row("a part by the other measure", part_of_it),
    Row("began together", began_together),
)
"""Of findings that last."""
AFTER: tuple[Row, ...] = (
    Row("what is left of it", left_over),
    Row("it is back", asked_twice),
    Row("silent since it was denied", silent_since_denied),
    Row("the outage's calls still show", outage_shows),
)
"""Of a new finding and one that has ended."""


def belongs(new: Finding, old: Finding, known: Known) -> bool:
    """`new` is one more sign of the fault that `old`, still lasting, is a sign of."""
    return any(row.holds(new, old, known) for row in TABLE)


def returns(new: Finding, old: Finding, known: Known) -> bool:
    """`new` goes on with the fault of `old`, which had ended."""
    return any(row.holds(new, old, known) for row in AFTER)
