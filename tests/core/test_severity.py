"""Each row of the severity table, its order, and that worse facts never make a milder grade."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import SeveritySettings
from pipeline.severity import TABLE, Facts, grade

ROWS: dict[str, tuple[Facts, str, str]] = {
    "production platform down": (
        Facts(platform_down=True, customers=40, unable=40, blocked=9),
        "SEV1",
        "because the platform is down",
    ),
    "active financial blocking for many customers": (
        Facts(blocked=5, customers=5, unable=5),
        "SEV1",
        "because 5 customers are blocked at once",
    ),
    "multiple customers unable to place calls": (
        Facts(unable=2, customers=3),
        "SEV1",
        "because 2 customers cannot place calls",
    ),
    "isolated customer issue: a threshold crossed": (
        Facts(threshold_only=True, customers=4, majors=1, major_name="big"),
        "SEV3",
        "because a balance threshold was crossed and nobody is blocked",
    ),
    "historical data question, but every switch or rating is hit": (
        Facts(pipeline=True, billing_effect=True, switches=1, majors=1),
        "SEV2",
        "because rating is hit",
    ),
    "historical data question": (
        Facts(pipeline=True, switches=1, customers=9, majors=2),
        "SEV3",
        "because the records of one switch are hit and no call is",
    ),
    "one major customer degraded": (
        Facts(majors=1, major_name="Big Telco", customers=1),
        "SEV2",
        "because major customer Big Telco is affected",
    ),
    "more than an isolated customer issue, less than financial blocking for many": (
        Facts(blocked=2, unable=2, customers=2),
        "SEV2",
        "because 2 customers are blocked at once",
    ),
    "workaround exists": (
        Facts(workaround=True, customers=1),
        "SEV2",
        "because failover carries the calls of 1 customer",
    ),
    "partial routing failure": (
        Facts(customers=2),
        "SEV2",
        "because 2 customers are affected while their other traffic works",
    ),
    "isolated customer issue": (Facts(customers=1), "SEV3", "because one standard customer is affected"),
}
BOUNDS = (
    (Facts(blocked=4, customers=4), "SEV2"),
    (Facts(unable=1, customers=1), "SEV3"),
    (Facts(unable=1, customers=2), "SEV2"),
    (Facts(blocked=1, customers=1), "SEV3"),
    (Facts(pipeline=True, switches=3), "SEV3"),
    (Facts(pipeline=True, switches=3, all_switches=True), "SEV2"),
    (Facts(), "SEV3"),
)
facts = st.builds(
    Facts,
    platform_down=st.booleans(),
    customers=st.integers(0, 50),
    unable=st.integers(0, 50),
    blocked=st.integers(0, 50),
    majors=st.integers(0, 5),
    threshold_only=st.booleans(),
    workaround=st.booleans(),
    pipeline=st.booleans(),
    switches=st.integers(0, 5),
    all_switches=st.booleans(),
    billing_effect=st.booleans(),
)


def test_every_row_has_its_case() -> None:
    assert list(ROWS) == [quoted for _, quoted, _, _ in TABLE]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_decides_with_its_severity_and_its_reason(row: str) -> None:
    seen, severity, why = ROWS[row]
    assert grade(seen) == (severity, why)
    first = next(quoted for _, quoted, holds, _ in TABLE if holds(seen, SeveritySettings()))
    assert first == row


@pytest.mark.parametrize(("seen", "severity"), BOUNDS)
def test_just_short_of_a_row(seen: Facts, severity: str) -> None:
    assert grade(seen)[0] == severity


def test_the_numbers_are_settings() -> None:
    strict = SeveritySettings(blocked_customers=2, unable_customers=3)
    assert grade(Facts(blocked=2, customers=2), strict)[0] == "SEV1"
    assert grade(Facts(unable=2, customers=2), strict)[0] == "SEV2"


@given(seen=facts, more=st.sampled_from(["customers", "unable", "blocked", "majors"]))
def test_one_more_customer_that_is_hit_never_makes_it_milder(seen: Facts, more: str) -> None:
    if more == "blocked" and seen.blocked == 0:
        return  # whoever is blocked is told by the rows of blocking, no more by those of calls
    worse = replace(seen, **{more: getattr(seen, more) + 1})
    assert grade(worse)[0] <= grade(seen)[0]


@given(seen=facts)
def test_there_is_always_a_grade_with_a_reason(seen: Facts) -> None:
    severity, why = grade(seen)
    assert severity in ("SEV1", "SEV2", "SEV3") and why.startswith("because ")
