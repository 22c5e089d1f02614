"""Schemathesis throws generated requests at every operation of the published schema: no answer is a server error."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from tests.web.conftest import Web

EXAMPLES = 4
"""For each of some fifty operations; raise it by hand to search longer."""
MODEST = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_generated_requests_meet_no_server_error(web: Web) -> None:
    schema = schemathesis.openapi.from_dict(web.app.openapi())
    headers = {"Authorization": f"Bearer {web.token('admin')}"}
    tried: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith("/events/stream"):
            continue  # it never ends

        @MODEST
        @given(case=operation.as_strategy())
        def one(case: schemathesis.Case) -> None:
            tried.append(case.path)
            answer = case.call(base_url=web.address, headers=headers)
            case.validate_response(answer, checks=[not_a_server_error])

        one()
    assert len(set(tried)) >= 40
    assert len(tried) >= 100
