"""Which finding leads an incident: a decision table over the signals that hold together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pipeline.correlate.relate import NEAR_MS, SAME_CALLS, narrowed
from pipeline.findings import Finding

ORDER: Final[tuple[str, ...]] = (
    "platform_down",
    "balance_blocked",
    "balance_threshold",
    "route_failover",
    "acl_denied",
    "registration_loss",
    "sip_unreachable",
    "fas",
    "asr_drop",
    "ner_drop",
    "pdd_rise",
    "acd_drop",
    "traffic_drop",
    "rating_failure",
    "cdr_missing",
    "cdr_delayed",
    "cdr_duplicated",
)
YIELDS: tuple[tuple[str, str, Callable[[Sequence[Finding], bool], bool]], ...] = (
    ("route_failover", "ner_drop", lambda findings, calls_carried: not calls_carried and any(map(_fails, findings))),
    # what is not here yet is not lost
    ("cdr_missing", "cdr_delayed", lambda findings, calls_carried: any(map(_late, findings))),
)
"""(a signal, the one it stands behind, when)."""
ONE_QUESTION: Final = (SAME_CALLS,)
"""Signals of one kind: the one with more evidence names the cause."""


def leading(findings: Sequence[Finding], calls_carried: bool) -> Finding:
    """The finding that names signal and cause; `calls_carried` says that failover brings most calls through."""
    order = list(ORDER)
    for name, follows, holds in YIELDS:
        if holds(findings, calls_carried):
            order.remove(name)
            order.insert(order.index(follows) + 1, name)
    best = min(findings, key=lambda f: (order.index(f.signal), -f.score, f.onset_ms, f.key))
    for kind in ONE_QUESTION:
        if best.signal in kind:
            alike = [f for f in findings if f.signal in kind]
            whole = [f for f in alike if not any(_later_part(f, other) for other in alike)]
            return min(whole, key=lambda f: (-f.score, f.onset_ms, f.key))
    return best


def _later_part(part: Finding, whole: Finding) -> bool:
    """It lies within the other, which still fails, and stood out later: it names a part of the fault."""
    if whole.ended_ms is not None or dict(part.cause) == dict(whole.cause) or not narrowed(whole, part, {}):
        return False
    return part.onset_ms - whole.onset_ms > NEAR_MS


def _fails(finding: Finding) -> bool:
    return finding.signal in SAME_CALLS


def _late(finding: Finding) -> bool:
    return finding.signal == "cdr_delayed" and finding.ended_ms is None


def spoken(lead: Finding, findings: Sequence[Finding]) -> str:
    """The signal that people read: ASR where NER has more evidence for the same fault."""
    return "asr_drop" if lead.signal == "ner_drop" and any(f.signal == "asr_drop" for f in findings) else lead.signal


def cause_of(lead: Finding, findings: Sequence[Finding]) -> dict[str, tuple[str, ...]]:
    """The lead's cause, with the values that others of its signal and dimensions add."""
    values = {dim: set(names) for dim, names in lead.cause.items()}
    for other in findings:
        if other.signal == lead.signal and set(other.cause) == set(lead.cause) and len(values) == 1:
            for dim, names in other.cause.items():
                values[dim] |= set(names)
    if lead.signal == "acl_denied" and "customer" not in values:
        quiet = next((f for f in findings if f.signal == "traffic_drop" and "customer" in f.cause), None)
        if quiet is not None:
            return {"customer": tuple(sorted(quiet.cause["customer"]))}
    return {dim: tuple(sorted(names)) for dim, names in sorted(values.items())}
