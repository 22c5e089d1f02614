"""docs/incident-response.md and its machine-readable form say the same, and the steps are read off the ticket."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.desk import commands as c
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.response import OVER, ROLES, STEPS, cadence, over, progress
from tests.desk.faults import MINUTE, NOW, after, closable, from_telemetry, opened, recovered

TEXT = (Path(__file__).parents[2] / "docs" / "incident-response.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|")) for line in TEXT.splitlines() if line.startswith("|")
]


def test_roles_steps_and_ends_are_those_of_the_page() -> None:
    assert [row for row in ROWS if row[0] in {role.name for role in ROLES}] == [(r.name, r.duty) for r in ROLES]
    steps = [row for row in ROWS if len(row) == 3 and row[0].isdigit()]
    assert steps == [(str(step.minute), step.role, step.what) for step in STEPS]
    assert {step.role for step in STEPS} <= {role.name for role in ROLES}
    assert re.findall(r"^\d\. (.+)$", TEXT, re.M) == list(OVER)


def test_the_timers_are_the_defaults_of_the_policy() -> None:
    rows = [row for row in ROWS if row[0].startswith("SEV")]
    expected = []
    for severity in ("SEV1", "SEV2", "SEV3"):
        of = cadence(severity, DeskPolicy())
        minutes = (of.first_response_min, of.update_min, of.escalate_min)
        expected.append((severity, *(f"{value} min" for value in minutes), of.who))
    assert rows == expected
    assert f"waits {DeskPolicy().downgrade_hold_min} minutes" in TEXT
    assert DeskPolicy().reopen_window_min == 60 and "back within an hour reopens" in TEXT


def test_progress_follows_the_ticket() -> None:
    ticket = from_telemetry()
    start = ticket.opened_at_ms
    assert [step.done for step in progress(ticket, start)] == [False] * 5
    assert [step.late for step in progress(ticket, start + 6 * MINUTE)] == [True, True, False, False, False]
    worked = after(ticket, c.Acknowledge(), c.AddEvidence("command", "sngrep"), c.Mitigate("moved"), at_ms=NOW)
    assert [step.done for step in progress(worked, NOW)] == [True, True, True, True, False]
    answered = after(worked, c.Respond("on it", "under_investigation", NOW + MINUTE))
    assert all(step.done for step in progress(answered, NOW))
    assert progress(opened(), NOW) == ()


def test_over_needs_all_three() -> None:
    told = c.Respond("on it", "under_investigation", NOW + MINUTE)
    ticket = after(from_telemetry(), told)
    assert [done for _, done in over(ticket)] == [False, False, False]
    solved = closable(ticket)
    assert [done for _, done in over(solved)] == [True, True, False]
    later = after(from_telemetry(), told, c.Resolve("fixed", override=True), at_ms=NOW)
    assert [done for _, done in over(after(later, c.Respond("over", "under_investigation"), at_ms=NOW + 1))][1]
    assert [done for _, done in over(after(solved, c.Close()))] == [True, True, True]
    assert [done for _, done in over(from_telemetry(recovered(9)))] == [True, True, False]
