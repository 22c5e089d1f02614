"""A report of tickets as one HTML file with a picture of each: opens anywhere, asks no other host for anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import TypeAdapter

from akira.charts import Mark, incident_chart, svg
from akira.output_file import put
from akira.wording import SHAPES, figure_words
from pipeline.desk.words import cause_words, clock, cost_so_far, cost_words
from pipeline.incidents import Evidence

_EVIDENCE: Final = TypeAdapter(Evidence)
PICTURES_AT_MOST: Final = 200
"""Tickets beyond this many are listed without a picture; the report says so."""


def write(
    path: Path, tickets: Sequence[Mapping[str, Any]], *, title: str, said: Sequence[str] = (), judged: bool = True
) -> None:
    """Write `tickets` (contract lines, docs/records.md) to `path`, the gravest first, below what is `said` of the
    records; `judged` is false when these could not show any fault of calls. Raises OperatorError."""
    ordered = sorted(tickets, key=_order)
    rows = [_row(ticket, pictured=place < PICTURES_AT_MOST) for place, ticket in enumerate(ordered)]
    static = files("akira.web") / "static"
    page = (
        _environment()
        .get_template("report.html")
        .render(
            title=title,
            said=said,
            judged=judged,
            rows=rows,
            costly=any(row["evidence"].costs for row in rows),
            style=Markup((static / "tokens.css").read_text("utf-8") + (static / "report.css").read_text("utf-8")),
            by_severity=_counted(ticket["severity"] for ticket in tickets),
            by_type=_counted(ticket["ticket_type"] for ticket in tickets),
            unpictured=max(len(tickets) - PICTURES_AT_MOST, 0),
        )
    )
    put(path, page)


def contract_ms(moment: int | str) -> int:
    """A time of a contract line (epoch ms or RFC 3339) in epoch milliseconds."""
    return moment if isinstance(moment, int) else round(datetime.fromisoformat(moment).timestamp() * 1000)


def marks_of(ticket: Mapping[str, Any]) -> list[Mark]:
    """Onset, opening, changes of severity and clearing of a contract line, as marks of its picture."""
    history = ticket.get("severity_history") or [{"severity": ticket["severity"]}]
    marks = [Mark(contract_ms(ticket["opened_at"]), "opened", f"opened {history[0]['severity']}")]
    marks += [Mark(contract_ms(step["at"]), "change", step["severity"]) for step in history[1:]]
    for name, kind, word in (("impact_from", "onset", "onset"), ("impact_to", "cleared", "cleared")):
        if ticket.get(name) is not None:
            marks.append(Mark(contract_ms(ticket[name]), kind, word))  # type: ignore[arg-type]
    return marks


def picture(evidence: Evidence, marks: Sequence[Mark], *, title: str, width: int = 900) -> Markup | None:
    """The inline SVG of an incident's leading signal; None when nothing was measured by the minute."""
    if not evidence.series:
        return None
    first, last = evidence.series[0].at_ms, evidence.series[-1].at_ms
    inside = [mark for mark in marks if first <= mark.at_ms <= last + 60_000]
    shown = evidence.chart_of
    metric, unit = (shown.metric, shown.unit) if shown else ("value", "count")
    chart = incident_chart(evidence.series, inside, metric=metric, unit=unit, width=width)
    return Markup(svg(chart, title=title))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("akira.web", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["utc"] = lambda moment: "still active" if moment is None else clock(contract_ms(moment))
    environment.filters["cause"] = cause_words
    environment.filters["figure"] = figure_words
    environment.filters["cost"] = cost_words
    environment.filters["so_far"] = lambda costs: cost_so_far(costs) if costs else ""
    environment.globals["shapes"] = SHAPES
    return environment


def _row(ticket: Mapping[str, Any], *, pictured: bool) -> dict[str, Any]:
    evidence = _EVIDENCE.validate_python(ticket["evidence"])
    drawn = picture(evidence, marks_of(ticket), title=cause_words(ticket["cause"])) if pictured else None
    return {"ticket": ticket, "evidence": evidence, "picture": drawn}


def _order(ticket: Mapping[str, Any]) -> tuple[str, int]:
    return str(ticket["severity"]), contract_ms(ticket["opened_at"])


def _counted(values: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(values).items())
