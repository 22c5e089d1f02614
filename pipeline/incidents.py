"""An incident: one fault of the carrier as telemetry knows it. The watch makes it, the desk keeps a ticket for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Severity = Literal["SEV1", "SEV2", "SEV3"]
TicketType = Literal["sip_quality", "cdr_pipeline", "balance", "billing", "access"]
Signal = Literal[
    "asr_drop",
    "ner_drop",
    "acd_drop",
    "pdd_rise",
    "fas",
    "traffic_drop",
    "sip_unreachable",
    "registration_loss",
    "acl_denied",
    "route_failover",
    "cdr_delayed",
    "cdr_missing",
    "cdr_duplicated",
    "rating_failure",
    "balance_threshold",
    "balance_blocked",
    "platform_down",
]
CAUSE_DIMENSIONS: Final[tuple[str, ...]] = ("switch", "terminator", "destination", "customer", "trunk")
Cause = Mapping[str, tuple[str, ...]]
"""Dimension to the values named; empty means the whole platform."""

TYPE_OF_SIGNAL: Final[dict[str, TicketType]] = {
    "asr_drop": "sip_quality",
    "ner_drop": "sip_quality",
    "acd_drop": "sip_quality",
    "pdd_rise": "sip_quality",
    "fas": "sip_quality",
    "traffic_drop": "sip_quality",
    "sip_unreachable": "sip_quality",
    "registration_loss": "sip_quality",
    "acl_denied": "sip_quality",
    "route_failover": "sip_quality",
    "platform_down": "sip_quality",
    "cdr_delayed": "cdr_pipeline",
    "cdr_missing": "cdr_pipeline",
    "cdr_duplicated": "cdr_pipeline",
    "rating_failure": "cdr_pipeline",
    "balance_threshold": "balance",
    "balance_blocked": "balance",
}


@dataclass(frozen=True, slots=True)
class Impact:
    """What one customer suffers, counted on its last attempts within the cause since the onset."""

    customer: str
    major: bool
    attempts: int
    failures: int
    expected_failures: float
    share_of_own: float
    """Attempts within the cause as a share of all its attempts in the same time, 0-1."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure against its expectation, e.g. ASR .06 of 3,912 attempts where .58 (.56-.60) is normal."""

    signal: str
    metric: str
    observed: float
    expected: float
    low: float
    high: float
    support: int
    unit: Literal["ratio", "s", "calls", "records", "count"]


@dataclass(frozen=True, slots=True)
class Point:
    """One minute of the evidence chart."""

    at_ms: int
    support: int
    observed: float | None
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A change of route before the onset, `Germany-Mobile moved to term-05: 2 %, then 71 % of its first attempts`."""

    at_ms: int
    words: str


@dataclass(frozen=True, slots=True)
class Cost:
    """About what a fault costs in one currency: calls at the mean charge of the slice's answered calls in normal time.
    Money is in millionths of the currency."""

    kind: Literal["not_carried", "unrated"]
    currency: str
    """ISO 4217."""
    per_h_micro: int
    total_micro: int
    """Since the onset."""
    calls: float
    """Answers that are missing, or answered calls without a price, since the onset."""
    charge_micro: int
    """The mean charge; where several currencies are charged, this one's part of it."""
    charged_calls: int
    """Calls in this currency that it is the mean of."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Figures with the leading signal's first, a chart, example calls and remarks in plain words."""

    figures: tuple[Figure, ...] = ()
    series: tuple[Point, ...] = ()
    examples: tuple[str, ...] = ()
    """Up to ten call ids."""
    notes: tuple[str, ...] = ()
    """Remarks such as `suspected: confirm by test calls` or `503 in 91 % of failures`."""
    moves: tuple[Moved, ...] = ()
    """What moved to the cause in the hour before the onset, oldest first."""
    charted: int = 0
    """Which of the figures the series is of."""
    costs: tuple[Cost, ...] = ()
    """One for each currency, the largest first; none where too few calls bear a charge, or no answers are lost."""

    @property
    def chart_of(self) -> Figure | None:
        """The figure that the series shows by the minute."""
        return self.figures[self.charted] if self.charted < len(self.figures) else None


@dataclass(frozen=True, slots=True)
class Incident:
    """All that telemetry knows of one fault at one moment. `revision` counts its changes; the same stream gives the
    same ids and revisions, live or replayed."""

    id: str
    revision: int
    at_ms: int
    """The watermark (end of the closed minute) of this revision."""
    opened_at_ms: int
    onset_ms: int
    ended_ms: int | None
    """End of the customer-facing window, None while it lasts."""
    recovered_at_ms: int | None
    """The watermark at which recovery was shown by traffic for the soak time, None while active."""
    ticket_type: TicketType
    signals: tuple[str, ...]
    """Sorted; the leading one is `lead`."""
    lead: str
    cause: Cause
    customers: tuple[Impact, ...]
    severity: Severity
    why: str
    """`because 14 customers cannot place calls`."""
    summary: str
    """The row in a list: `term-05 rejects calls to Germany-Mobile`."""
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    evidence: Evidence = Evidence()
    flaps: int = 0
    parent: str | None = None
    """The incident that took this one in (a platform outage), if any."""
