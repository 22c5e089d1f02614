"""About what a fault costs: answers that are missing, or calls without a price, at the mean charge of the slice.

What is normal is the hour before the onset: how many of the calls that touch the cause are answered, and what an
answered one brings. An estimate, and never part of a grade: the missing calls may be of another mix, and some callers
call again later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pipeline.correlate.loss import CHARGED_LEAST, HOUR_MS, Loss
from pipeline.findings import Finding
from pipeline.incidents import Cost, Figure
from pipeline.records import MINUTE_MS

CALLS_LEAST: Final = 10.0
SHOWN_MICRO: Final = 10_000
LOSING: Final = frozenset(
    {
        "asr_drop",
        "ner_drop",
        "platform_down",
        "route_failover",
        "sip_unreachable",
        "traffic_drop",
        "balance_blocked",
        "acl_denied",
        "registration_loss",
    }
)
"""Leads whose calls are not answered, or do not come."""


def costs(
    lead: str, loss: Loss, missing: tuple[float, float], findings: Sequence[Finding], until_ms: int, over: bool
) -> tuple[Cost, ...]:
    """The costs of an incident that `lead` names up to `until_ms`, one for each currency with enough charged calls;
    `missing` as `Loss.count` gives it. Of one that is over, an hour is the mean of its whole time."""
    charges = loss.charges
    if lead == "rating_failure":
        total, per_h = _counted(findings, lead, lambda f: (f.observed - f.expected) * f.support, until_ms)
    else:
        gone = _counted(findings, "traffic_drop", lambda f: f.expected - f.observed, until_ms)
        total, per_h = (lost + calls * charges.answered for lost, calls in zip(missing, gone, strict=True))
    if over:
        per_h = total * HOUR_MS / max(until_ms - min(finding.onset_ms for finding in findings), MINUTE_MS)
    found = []
    for currency, (calls, micro) in charges.by_currency.items():
        mean = micro / charges.charged
        if calls >= CHARGED_LEAST and total >= CALLS_LEAST and per_h * mean >= SHOWN_MICRO:
            kind = "unrated" if lead == "rating_failure" else "not_carried"
            amounts = (round(per_h * mean), round(total * mean), round(total, 1), round(mean))
            found.append(Cost(kind, currency, *amounts, calls))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda cost: (-cost.charged_calls, cost.currency)))


def _counted(
    findings: Sequence[Finding], signal: str, calls_of: Callable[[Figure], float], until_ms: int
) -> tuple[float, float]:
    """Calls that the figures of a signal are about, in all and an hour. Causes of the same dimensions add up; those of
    others see the same calls from elsewhere, so that the largest of these sums stands."""
    sums: dict[tuple[str, ...], tuple[float, float]] = {}
    for finding in findings:
        if finding.signal != signal:
            continue
        calls = max(calls_of(finding.figures[0]), 0.0) if finding.figures else 0.0
        hours = max((finding.ended_ms or until_ms) - finding.onset_ms, MINUTE_MS) / HOUR_MS
        key = tuple(sorted(finding.cause))
        total, per_h = sums.get(key, (0.0, 0.0))
        sums[key] = (total + calls, per_h + calls / hours)
    return max(sums.values(), default=(0.0, 0.0))
