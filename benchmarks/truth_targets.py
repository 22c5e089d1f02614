"""The product's targets against what was measured, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from benchmarks.truth_delay import BUSY_OUTAGE, EVERY_FAULT, KNOWN_FALL
from pipeline.settings import WatchSettings

Rows = Mapping[str, Mapping[str, Any]]
_PROMISE: Final = WatchSettings().evidence.false_tickets_per_day


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a row of one of the two tables, and the value it must reach."""

    text: str
    table: Literal["methods", "delays"]
    row: str
    figure: str
    value: float
    at_most: bool = False

    def measured(self, methods: Rows, delays: Rows) -> float | None:
        """The mean that was measured; None where the run had nothing of it."""
        found = (methods if self.table == "methods" else delays).get(self.row, {}).get(self.figure)
        return found[0] if isinstance(found, list) else found

    def met(self, measured: float) -> bool:
        """It is reached."""
        return measured <= self.value if self.at_most else measured >= self.value


def _of(scenario: str, text: str, figure: str, value: float, at_most: bool = False) -> Target:
    return Target(f"{text} (“{scenario}”)", "methods", f"Akira, {scenario}", figure, value, at_most)


TARGETS: Final = (
    _of("faults", "recall of the detectable 1.00", "recall_detectable", 1.0),
    _of("full outages", "recall of the detectable 1.00", "recall_detectable", 1.0),
    _of("faults", "precision ≥ .98", "precision", 0.98),
    _of("faults", "cause exact ≥ .95", "cause_exact", 0.95),
    _of("faults", "class exact 1.0", "class_exact", 1.0),
    _of("faults", "severity exact ≥ .97", "severity_exact", 0.97),
    _of("faults", "≤ 1.05 tickets per incident", "tickets_per_incident", 1.05, at_most=True),
    _of("10⁴ slices", "≤ .5 false tickets a day", "false_fault_day", 0.5, at_most=True),
    _of("shares move", f"≤ {2 * _PROMISE:g} false a day, nominal × 2", "false_fault_day", 2 * _PROMISE, at_most=True),
    Target("delay median ≤ 3 min", "delays", EVERY_FAULT, "median_min", 3.0, at_most=True),
    Target("delay ≤ 1.8 × bound, ≥ 2,000 calls before", "delays", KNOWN_FALL, "of_bound", 1.8, at_most=True),
    Target("full outage at ≥ 20 calls/min within 2 min, all", "delays", BUSY_OUTAGE, "within_2_min", 1.0),
)


def target_table(methods: Rows, delays: Rows) -> str:
    """Markdown: target, mean over the seeds, and whether it is met."""
    lines = ["| target | measured | |", "|---|---|---|"]
    for target in TARGETS:
        measured = target.measured(methods, delays)
        if measured is None:
            lines.append(f"| {target.text} | – | not in this run |")
        else:
            lines.append(f"| {target.text} | {measured:g} | {'met' if target.met(measured) else '**not met**'} |")
    return "\n".join(lines)
