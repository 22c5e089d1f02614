"""Severity of what people report, by the same table as telemetry."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipeline.desk.policy import DeskPolicy
from pipeline.desk.requests import Scope
from pipeline.incidents import Severity, TicketType
from pipeline.severity import Facts, grade

RANK: dict[Severity, int] = {"SEV1": 1, "SEV2": 2, "SEV3": 3}


def facts_of(scope: Scope, ticket_type: TicketType, customer: str = "") -> Facts:
    """The impact facts that a person's scope states; the reporting customer counts as one."""
    named = {name for name in (*scope.customers, *scope.majors, customer) if name}
    return Facts(
        platform_down=scope.platform_down,
        customers=max(len(named), scope.affected, scope.unable, scope.blocked),
        unable=scope.unable,
        blocked=scope.blocked,
        majors=len(scope.majors),
        major_name=scope.majors[0] if scope.majors else "",
        workaround=scope.workaround,
        pipeline=ticket_type == "cdr_pipeline" and scope.unable == 0,
        switches=1 if ticket_type == "cdr_pipeline" else 0,
        billing_effect=bool(scope.billing_failure),
    )


def grade_scope(
    scope: Scope, ticket_type: TicketType, policy: DeskPolicy, customer: str = ""
) -> tuple[Severity, str, dict[str, Any]]:
    """Severity, why and the facts. Without production impact it is the seed's last row: SEV3, not urgent."""
    if not scope.production_impact:
        return "SEV3", "because it is a question or request without production impact", {"production_impact": False}
    facts = facts_of(scope, ticket_type, customer)
    severity, why = grade(facts, policy.severity)
    return severity, why, {"production_impact": True, **asdict(facts)}
