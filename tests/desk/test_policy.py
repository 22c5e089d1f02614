"""One table of severity for telemetry and people: its numbers are written down once, in section [watch]."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.desk.grading import facts_of, grade_scope
from pipeline.desk.policy import DeskPolicy, DeskSettings
from pipeline.desk.requests import Scope
from pipeline.settings import HoldSettings, SeveritySettings, WatchSettings
from pipeline.severity import grade

WATCH = WatchSettings(severity=SeveritySettings(unable_customers=4), hold=HoldSettings(downgrade_min=40))


@pytest.mark.parametrize(("unable", "expected"), [(3, "SEV2"), (4, "SEV1")])
def test_people_and_telemetry_are_graded_by_the_same_numbers(unable: int, expected: str) -> None:
    policy = DeskPolicy.of(DeskSettings(silence_max_days=3), WATCH)
    scope = Scope(production_impact=True, unable=unable)
    by_people, why, _ = grade_scope(scope, "sip_quality", policy)
    assert (by_people, why) == grade(facts_of(scope, "sip_quality"), WATCH.severity)
    assert by_people == expected
    assert (policy.downgrade_hold_min, policy.silence_max_days) == (40, 3)


@pytest.mark.parametrize("name", ["severity", "downgrade_hold_min"])
def test_the_section_of_the_desk_has_no_second_set_of_them(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        DeskSettings.model_validate({name: {} if name == "severity" else 5})
