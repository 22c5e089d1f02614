"""The tables of the scoreboard as Markdown, put between two marks of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.truth_run import Outcome

_BEGIN: Final = "<!-- truth: begin -->"
_END: Final = "<!-- truth: end -->"
_COLUMNS: Final = {
    "recall": "recall",
    "recall_detectable": "recall of the detectable",
    "precision": "precision",
    "cause_exact": "cause exact",
    "class_exact": "class exact",
    "severity_exact": "severity exact",
    "tickets_per_incident": "tickets per incident",
    "false_fault_day": "false, last day",
    "false_warm_day": "false a day before",
    "delay_median_min": "delay median, min",
    "delay_p90_min": "p90",
}
_DELAYS: Final = {
    "faults": "faults",
    "found": "found",
    "median_min": "median, min",
    "p90_min": "p90, min",
    "median_calls": "median, calls",
    "of_bound": "of bound",
    "within_2_min": "within 2 min",
    "in_time": "within 2 min or 1.8 × bound",
}


def table(rows: Mapping[str, Mapping[str, Any]], runs: Mapping[str, list[Outcome]], commit: str) -> str:
    """One row for each method and scenario, and what the run was."""
    # Other products' rules know no severity and one class, so that neither is a figure of theirs.
    unknown = {"severity_exact", "class_exact"}
    shown = {
        name: row if name.startswith("Akira") else {c: row.get(c) for c in _COLUMNS if c not in unknown}
        for name, row in rows.items()
    }
    lines = _markdown(_COLUMNS, shown)
    for name, outcomes in runs.items():
        seeds = ", ".join(str(outcome.seed) for outcome in outcomes)
        faults = sum(len(outcome.truth) for outcome in outcomes)
        slices = sum(outcome.slices for outcome in outcomes) // len(outcomes)
        lines += ["", f"Run “{name}”: seeds {seeds}; {faults} faults in all; {slices:,} slices a carrier."]
    return "\n".join([*lines, "", f"Commit {commit}. Mean ± 95 % over seeds; delays are over all faults found."])


def delay_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """One row for each group of faults: how late Akira told them."""
    return "\n".join(_markdown(_DELAYS, rows))


def written(page: str, text: str) -> str:
    """The page with `text` between its marks. Raises ValueError when the marks are not there."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page needs {_BEGIN} and {_END}")
    return f"{before}{_BEGIN}\n{text}\n{_END}{after}"


def _markdown(columns: Mapping[str, str], rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = ["| | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(_cell(row.get(c)) for c in columns) + " |" for name, row in rows.items()]
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value[0]:.3f} ± {value[1]:.3f}" if isinstance(value, list) else str(value)
