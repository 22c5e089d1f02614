"""The demonstration: six faults, six tickets, and nothing for what only looks like a fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from akira.cli import build
from akira.demo.day import scenario
from akira.demo.table import verdict
from akira.errors import EXIT_REFUSED
from akira.scoring import Match

FAULT = {
    "id": "f-1",
    "kind": "asr_drop",
    "ticket_type": "sip_quality",
    "severity": "SEV2",
    "start": 0,
    "end": 600_000,
    "cause": {"terminator": ["term-1"]},
}
TICKET = {
    "id": "INC-1",
    "signals": ["asr_drop"],
    "ticket_type": "sip_quality",
    "severity": "SEV2",
    "severity_history": [{"severity": "SEV2"}],
    "cause": {"terminator": ["term-1"]},
    "opened_at": 180_000,
    "impact_from": 0,
    "impact_to": None,
    "resolved_at": None,
}


@pytest.mark.slow
def test_the_day_is_ticketed_fault_for_fault(tmp_path: Path) -> None:
    ran = CliRunner().invoke(build(), ["demo", "--out", str(tmp_path), "--json"])
    assert ran.exit_code == 0, ran.output
    figures = json.loads(ran.stdout.strip().splitlines()[-1])
    assert figures["faults"] == figures["found"] == figures["cause_exact"] == figures["severity_exact"] == 6
    assert figures["false"] == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<svg") >= 5


def test_a_day_that_cannot_be_written_is_an_operators_mistake(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    ran = CliRunner().invoke(build(), ["demo", "--out", str(tmp_path / "taken"), "--json"])
    assert ran.exit_code not in (0, EXIT_REFUSED)


def test_the_scenario_has_six_faults_and_three_confounders() -> None:
    assert len(scenario().faults) == 6
    assert len(scenario().confounders) == 3


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "✓ right"),
        ({"cause": {}}, "✗ cause"),
        ({"severity": "SEV1", "severity_history": []}, "✗ severity"),
        ({"ticket_type": "balance"}, "✗ class"),
    ],
)
def test_the_verdict_names_what_is_wrong(change: dict[str, object], word: str) -> None:
    assert verdict(Match(FAULT, (TICKET | change,))) == word
