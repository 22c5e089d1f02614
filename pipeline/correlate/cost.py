"""About what a fault costs: answers that are missing, or calls without a price, at the mean charge of the slice.

What is normal is the hour before the onset: how many of the calls that touch the cause are answered, and what an
answered one brings. An estimate, and never part of a grade: the missing calls may be of another mix, and some callers
call again later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.findings import Finding
from pipeline.incidents import Cost, Figure
from pipeline.quality.cause import Codes, inside
from pipeline.quality.recent import Minute
from pipeline.records import MINUTE_MS
from pipeline.rows import Rows, currency_name

HOUR_MS: Final = 60 * MINUTE_MS
CHARGED_LEAST: Final = 30
"""A mean of fewer charges says little: they spread as widely as talk times do."""
CHARGED_SHARE: Final = 0.5
"""Of the answered calls. Where most bear no charge, what the others bring says nothing of them."""
CALLS_LEAST: Final = 10.0
MISSING_SHARE: Final = 0.05
MISSING_SD: Final = 2.0
"""Fewer missing answers, of those expected or in standard deviations, may be chance."""
SHOWN_MICRO: Final = 10_000
SETTLED_MS: Final = 40 * MINUTE_MS
SETTLING_MS: Final = 20 * MINUTE_MS
"""Calls set up longer ago than this have mostly ended: once there are `SETTLED_MS` of calls, those are counted for
good, before their records leave the memory."""
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


@dataclass(slots=True)
class Charges:
    """What is normal for the calls of a slice; empty when too few of its answered calls bear a charge."""

    calls: int = 0
    """Calls, re-attempts apart."""
    answers: int = 0
    charged: int = 0
    by_currency: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Charged calls, and the sum of their charges in millionths."""

    @property
    def answered(self) -> float:
        """Answers a call; 0 when it is not known."""
        return min(self.answers / self.calls, 1.0) if self.calls >= CHARGED_LEAST else 0.0


@dataclass(slots=True)
class Loss:
    """What an incident has lost of the calls of its cause."""

    charges: Charges = field(default_factory=Charges)
    settled: float = 0.0
    """Missing answers that are counted for good."""
    since_ms: int = 0
    """Calls set up from here on are not in `settled`."""

    def count(self, cause: Codes, minutes: Sequence[Minute], until_ms: int) -> tuple[float, float]:
        """Answers that are missing since the onset, and by the hour of late: of the calls set up before `until_ms`,
        expected less observed."""
        if until_ms - self.since_ms > SETTLED_MS:
            settling_ms = until_ms - SETTLING_MS
            self.settled += self._missing(cause, minutes, settling_ms)
            self.since_ms = settling_ms
        missing = self._missing(cause, minutes, until_ms)
        return self.settled + missing, missing * HOUR_MS / max(until_ms - self.since_ms, MINUTE_MS)

    def _missing(self, cause: Codes, minutes: Sequence[Minute], until_ms: int) -> float:
        calls, answers = _calls(cause, minutes, self.since_ms, until_ms)
        normal = self.charges
        missing = calls * normal.answered - answers
        variance = calls * normal.answered * (1 - normal.answered) * (1 + calls / max(normal.calls, 1))
        least = max(MISSING_SHARE * calls * normal.answered, MISSING_SD * float(np.sqrt(variance)))
        return missing if missing >= least else 0.0


def loss_of(cause: Codes, onset_ms: int, minutes: Sequence[Minute]) -> Loss:
    """What is normal for `cause` before the onset; its mean charge else since."""
    onset = onset_ms // MINUTE_MS
    before = [closed for closed in minutes if closed.minute < onset]
    charges = _charges(cause, before)
    if not _enough(charges):
        since = _charges(cause, [closed for closed in minutes if closed.minute >= onset])
        charges = replace(since, answers=0) if _enough(since) else Charges()
    if charges.charged and before:
        charges.calls, charges.answers = _calls(cause, before, 0, onset_ms)
    return Loss(charges, since_ms=onset_ms)


def _enough(found: Charges) -> bool:
    return found.charged >= max(CHARGED_LEAST, CHARGED_SHARE * found.answers)


def _charges(cause: Codes, minutes: Sequence[Minute]) -> Charges:
    found = Charges()
    for closed in minutes:
        rows = closed.rows
        answered = inside(cause, rows.codes) & rows.answered
        found.answers += int(answered.sum())
        charged = np.flatnonzero(answered & (rows.charge_micro >= 0) & (rows.currency >= 0))
        found.charged += len(charged)
        currency, charge = rows.currency[charged], rows.charge_micro[charged]
        for code in np.unique(currency).tolist():
            ours = charge[currency == code]
            calls, micro = found.by_currency.get(currency_name(code), (0, 0))
            found.by_currency[currency_name(code)] = (calls + len(ours), micro + int(ours.sum()))
    return found


def _calls(cause: Codes, minutes: Sequence[Minute], since_ms: int, until_ms: int) -> tuple[int, int]:
    """Calls, re-attempts apart, and answers of the calls set up in the time that touched the cause.

    By set-up: at first only failures have ended, and calls from before the onset go on ending.
    """
    tried = None
    if "terminator" in cause:  # another attempt of the same call may have gone elsewhere, and arrive much later
        tried = np.unique(np.concatenate([m.rows.call[inside(cause, m.rows.codes)] for m in minutes] or [_NONE]))
    calls = answers = 0
    for closed in minutes:
        rows = closed.rows
        touched = _touched(cause, tried, rows) & (rows.setup_at >= since_ms) & (rows.setup_at < until_ms)
        calls += int((touched & (rows.attempt == 1) & ~rows.retry).sum())
        answers += int((touched & rows.answered).sum())
    return calls, answers


_NONE: Final = np.zeros(0, np.uint64)


def _touched(cause: Codes, tried: npt.NDArray[np.uint64] | None, rows: Rows) -> npt.NDArray[np.bool_]:
    """Rows within the cause, or of the calls `tried` (ascending) there."""
    if tried is None or not len(tried):
        return inside(cause, rows.codes)
    place = np.minimum(np.searchsorted(tried, rows.call), len(tried) - 1)
    found: npt.NDArray[np.bool_] = tried[place] == rows.call
    return found


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
