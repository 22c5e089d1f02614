"""Severity as a pure function of impact facts, with its reason.

Source: "Severity mapping" of the customer support flow; each row quotes it. The first row that holds wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipeline.incidents import Severity
from pipeline.settings import SeveritySettings


@dataclass(frozen=True, slots=True)
class Facts:
    """What the grade depends on; kept on the ticket."""

    platform_down: bool = False
    customers: int = 0
    """Customers affected."""
    unable: int = 0
    """Customers whose last-attempt success over all their traffic is below `unable_success` of expectation."""
    blocked: int = 0
    """Customers blocked at once."""
    majors: int = 0
    """Affected customers marked major."""
    major_name: str = ""
    threshold_only: bool = False
    """A balance threshold was crossed and nobody is blocked."""
    workaround: bool = False
    """Failover carries the calls."""
    pipeline: bool = False
    """A matter of call records, not of calls."""
    switches: int = 0
    all_switches: bool = False
    billing_effect: bool = False
    """Rating, balance or invoice generation is hit."""


Row = tuple[Severity, str, Callable[[Facts, SeveritySettings], bool], Callable[[Facts], str]]


def _customers(count: int) -> str:
    return "1 customer" if count == 1 else f"{count} customers"


TABLE: Final[tuple[Row, ...]] = (
    ("SEV1", "production platform down", lambda f, s: f.platform_down, lambda f: "because the platform is down"),
    (
        "SEV1",
        "active financial blocking for many customers",
        lambda f, s: f.blocked >= s.blocked_customers,
        lambda f: f"because {_customers(f.blocked)} are blocked at once",
    ),
    (
        "SEV1",
        "multiple customers unable to place calls",
        lambda f, s: f.blocked == 0 and f.unable >= s.unable_customers,
        lambda f: f"because {_customers(f.unable)} cannot place calls",
    ),
    (
        "SEV3",
        "isolated customer issue: a threshold crossed",
        lambda f, s: f.threshold_only,
        lambda f: "because a balance threshold was crossed and nobody is blocked",
    ),
    (
        "SEV2",
        "historical data question, but every switch or rating is hit",
        lambda f, s: f.pipeline and (f.all_switches or f.billing_effect),
        lambda f: "because rating is hit" if f.billing_effect else "because the records of every switch are hit",
    ),
    (
        "SEV3",
        "historical data question",
        lambda f, s: f.pipeline,
        lambda f: (
            "because the records of one switch are hit and no call is"
            if f.switches <= 1
            else f"because the records of {f.switches} switches are hit and no call is"
        ),
    ),
    (
        "SEV2",
        "one major customer degraded",
        lambda f, s: f.majors > 0,
        lambda f: (
            f"because major customer {f.major_name} is affected"
            if f.majors == 1
            else f"because {f.majors} major customers are affected"
        ),
    ),
    (
        "SEV2",
        "more than an isolated customer issue, less than financial blocking for many",
        lambda f, s: f.blocked >= 2,
        lambda f: f"because {_customers(f.blocked)} are blocked at once",
    ),
    (
        "SEV2",
        "workaround exists",
        lambda f, s: f.workaround,
        lambda f: "because failover carries the calls of " + _customers(f.customers),
    ),
    (
        "SEV2",
        "partial routing failure",
        lambda f, s: f.customers >= 2,
        lambda f: f"because {_customers(f.customers)} are affected while their other traffic works",
    ),
    (
        "SEV3",
        "isolated customer issue",
        lambda f, s: True,
        lambda f: "because one standard customer is affected" if f.customers else "because no customer is affected",
    ),
)


def grade(facts: Facts, settings: SeveritySettings | None = None) -> tuple[Severity, str]:
    """The severity of `facts` and the sentence that says why."""
    numbers = settings or SeveritySettings()
    for severity, _, holds, why in TABLE:
        if holds(facts, numbers):
            return severity, why(facts)
    raise AssertionError("the last row of the table always holds")
