"""The row of an incident: one subject or several, in plain words."""

from __future__ import annotations

import pytest

from pipeline.correlate.sentence import sentence
from pipeline.findings import NamedCause


@pytest.mark.parametrize(
    ("lead", "cause", "told"),
    [
        ("asr_drop", {"terminator": ("t1",), "destination": ("Gamma",)}, "t1 to Gamma answers fewer calls"),
        ("asr_drop", {"destination": ("A", "B")}, "A, B answer fewer calls"),
        ("balance_blocked", {"customer": ("a", "b", "c", "d")}, "a, b, c and 1 more are blocked for want of balance"),
        ("balance_blocked", {"customer": ("a",)}, "a is blocked for want of balance"),
        ("cdr_delayed", {"switch": ("s1", "s2")}, "s1, s2 deliver their CDRs late"),
        ("registration_loss", {"trunk": ("x", "y")}, "x, y have lost registrations"),
        ("sip_unreachable", {"terminator": ("x", "y")}, "x, y do not answer OPTIONS"),
        ("platform_down", {}, "the platform completes no calls"),
    ],
)
def test_one_subject_or_several(lead: str, cause: NamedCause, told: str) -> None:
    assert sentence(lead, cause) == told
