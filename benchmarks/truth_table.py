"""The table of the scoreboard as Markdown, put between two marks of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.truth_run import Outcome

_BEGIN: Final = "<!-- truth: begin -->"
_END: Final = "<!-- truth: end -->"
_COLUMNS: Final = {
    "recall": "recall",
    "precision": "precision",
    "cause_exact": "cause exact",
    "class_exact": "class exact",
    "severity_exact": "severity exact",
    "tickets_per_incident": "tickets per incident",
    "false_fault_day": "false, last day",
    "false_warm_day": "false a day before",
    "delay_median_min": "delay median, min",
    "delay_p90_min": "p90",
    "delay_of_bound": "of bound",
}


def table(rows: Mapping[str, Mapping[str, Any]], runs: Mapping[str, list[Outcome]], commit: str) -> str:
    """Markdown: one row for each method and scenario, and what the run was."""
    lines = ["| | " + " | ".join(_COLUMNS.values()) + " |", "|---" * (len(_COLUMNS) + 1) + "|"]
    for name, row in rows.items():
        # Other products' rules know no severity and one class, so that neither is a figure of theirs.
        unknown = () if name.startswith("Akira") else ("severity_exact", "class_exact")
        cells = ["–" if column in unknown else _cell(row.get(column)) for column in _COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    for name, outcomes in runs.items():
        seeds = ", ".join(str(outcome.seed) for outcome in outcomes)
        faults = sum(len(outcome.truth) for outcome in outcomes)
        lines += ["", f"Run “{name}”: seeds {seeds}; {faults} faults in all."]
    lines += ["", f"Commit {commit}. Mean ± 95 % over seeds; delays are over all faults found."]
    return "\n".join(lines)


def written(page: str, text: str) -> str:
    """The page with `text` between its marks. Raises ValueError when the marks are not there."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page needs {_BEGIN} and {_END}")
    return f"{before}{_BEGIN}\n{text}\n{_END}{after}"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value[0]:.3f} ± {value[1]:.3f}" if isinstance(value, list) else str(value)
