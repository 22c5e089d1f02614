"""About what a fault costs: answers that are missing, or calls without a price, at the mean charge of the slice.

The mean is over the answered calls of the slice in the hour before the onset, so that it is what such a call brings in
normal time; where that hour is gone or too thin, over those since. An estimate, and never part of a grade: the mix of
destinations of the missing calls may be another, and some of their callers call again later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from pipeline.correlate.impact import Tally
from pipeline.findings import Finding
from pipeline.incidents import Cost, Figure
from pipeline.quality.cause import Codes, inside
from pipeline.quality.recent import Minute
from pipeline.records import MINUTE_MS
from pipeline.rows import currency_name

HOUR_MIN: Final = 60
CHARGED_LEAST: Final = 30
"""A mean of fewer charges says little: they spread as widely as talk times do."""
CHARGED_SHARE: Final = 0.5
"""Of the answered calls. Where most bear no charge, what the others bring says nothing of them."""
CALLS_LEAST: Final = 10.0
MISSING_SHARE: Final = 0.05
"""Of the expected answers: less may be the expectation's own error."""
SHOWN_MICRO: Final = 10_000
BY_ATTEMPTS: Final = frozenset({"asr_drop", "ner_drop", "platform_down", "route_failover", "sip_unreachable"})
"""Leads whose calls come and are not answered."""
BY_TRAFFIC: Final = BY_ATTEMPTS | {"traffic_drop", "acl_denied", "registration_loss", "balance_blocked"}
"""Leads whose calls may not come at all."""


@dataclass(slots=True)
class Charges:
    """What the calls of a slice bring; empty when too few of its answered calls bear a charge."""

    calls: int = 0
    """First attempts before the onset, re-attempts apart."""
    answers: int = 0
    charged: int = 0
    by_currency: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Charged calls, and the sum of their charges in millionths."""

    @property
    def answers_per_call(self) -> float:
        """Of the calls before the onset; 0 when none is known."""
        return min(self.answers / self.calls, 1.0) if self.calls >= CHARGED_LEAST else 0.0


def charges_of(cause: Codes, onset: int, minutes: Sequence[Minute]) -> Charges:
    """The charges within `cause` before minute `onset`, else since."""
    before = _charges(cause, [closed for closed in minutes if closed.minute < onset])
    if _enough(before):
        return before
    since = _charges(cause, [closed for closed in minutes if closed.minute >= onset])
    return replace(since, calls=0, answers=0) if _enough(since) else Charges()


def _enough(found: Charges) -> bool:
    return found.charged >= max(CHARGED_LEAST, CHARGED_SHARE * found.answers)


def _charges(cause: Codes, minutes: Sequence[Minute]) -> Charges:
    found = Charges()
    for closed in minutes:
        rows = closed.rows
        within = inside(cause, rows.codes)
        answered = within & rows.answered
        found.calls += int((within & (rows.attempt == 1) & ~rows.retry).sum())
        found.answers += int(answered.sum())
        charged = np.flatnonzero(answered & (rows.charge_micro >= 0) & (rows.currency >= 0))
        found.charged += len(charged)
        currency, charge = rows.currency[charged], rows.charge_micro[charged]
        for code in np.unique(currency).tolist():
            ours = charge[currency == code]
            calls, micro = found.by_currency.get(currency_name(code), (0, 0))
            found.by_currency[currency_name(code)] = (calls + len(ours), micro + int(ours.sum()))
    return found


def costs(lead: str, charges: Charges, tally: Tally, findings: Sequence[Finding], until_ms: int) -> tuple[Cost, ...]:
    """The costs of an incident that `lead` names up to `until_ms`, one for each currency with enough charged calls."""
    if not charges.charged:
        return ()
    if lead == "rating_failure":
        total, per_h = _counted(findings, lead, lambda f: (f.observed - f.expected) * f.support, until_ms)
    else:
        total, per_h = _missing(lead, charges, tally, findings, until_ms)
    found = []
    for currency, (calls, micro) in charges.by_currency.items():
        mean = micro / charges.charged
        if calls >= CHARGED_LEAST and total >= CALLS_LEAST and per_h * mean >= SHOWN_MICRO:
            kind = "unrated" if lead == "rating_failure" else "not_carried"
            amounts = (round(per_h * mean), round(total * mean), round(total, 1), round(mean))
            found.append(Cost(kind, currency, *amounts, calls))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda cost: (-cost.charged_calls, cost.currency)))


def _missing(
    lead: str, charges: Charges, tally: Tally, findings: Sequence[Finding], until_ms: int
) -> tuple[float, float]:
    """Answers that are missing: in all, and an hour."""
    total = per_h = 0.0
    onset_ms = min(finding.onset_ms for finding in findings)
    minutes = min(tally.minutes, max((until_ms - onset_ms) / MINUTE_MS, 1.0))
    if lead in BY_ATTEMPTS and tally.missing >= MISSING_SHARE * tally.expected:
        total += tally.missing
    if lead == "balance_blocked":
        total += tally.blocked * charges.answers_per_call
    if minutes:
        per_h = total / minutes * HOUR_MIN
    if lead in BY_TRAFFIC:
        gone, gone_per_h = _counted(findings, "traffic_drop", lambda f: f.expected - f.observed, until_ms)
        total += gone * charges.answers_per_call
        per_h += gone_per_h * charges.answers_per_call
    return total, per_h


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
        hours = max((finding.ended_ms or until_ms) - finding.onset_ms, MINUTE_MS) / MINUTE_MS / HOUR_MIN
        key = tuple(sorted(finding.cause))
        total, per_h = sums.get(key, (0.0, 0.0))
        sums[key] = (total + calls, per_h + calls / hours)
    return max(sums.values(), default=(0.0, 0.0))
