"""The report is one file that asks nobody for anything, shows every ticket, and keeps hostile names inert."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import TypeAdapter

from akira.charts import Mark, incident_chart, png, svg
from akira.report import write
from pipeline.incidents import Cost, Evidence, Figure, Point

START = 1_700_000_000_000


def _evidence() -> Evidence:
    points = tuple(
        Point(START + 60_000 * n, 100, 0.58 if n < 20 else (None if n == 25 else 0.06), 0.58, 0.55, 0.61)
        for n in range(40)
    )
    figure = Figure("asr_drop", "ASR", 0.06, 0.58, 0.56, 0.60, 3912, "ratio")
    costs = (Cost("not_carried", "EUR", 84_240_000, 31_600_000, 234.0, 135_000, 412),)
    return Evidence((figure,), points, ("call-1",), ("503 in 91 % of failures",), costs=costs)


def _line(ticket_id: str = "t-1", customer: str = "acme", pictured: bool = True) -> dict[str, object]:
    return {
        "id": ticket_id,
        "opened_at": START + 23 * 60_000,
        "resolved_at": None,
        "ticket_type": "sip_quality",
        "queue": "NOC",
        "owner": "On-call/NOC",
        "incident": True,
        "severity": "SEV1",
        "summary": "term-05 rejects calls",
        "severity_history": [
            {"at": START + 23 * 60_000, "severity": "SEV2", "why": "because a route fails"},
            {"at": "2023-11-14T22:39:20Z", "severity": "SEV1", "why": "because 14 customers cannot place calls"},
        ],
        "signals": ["asr_drop"],
        "cause": {"terminator": ["term-05"]},
        "customers": [
            {
                "customer": customer,
                "major": True,
                "attempts": 9,
                "failures": 8,
                "expected_failures": 3.5,
                "share_of_own": 0.4,
            }
        ],
        "impact_from": START + 20 * 60_000,
        "impact_to": None,
        "evidence": TypeAdapter(Evidence).dump_python(_evidence(), mode="json") if pictured else {},
    }


def test_report_shows_each_ticket_with_its_picture_and_normal(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write(out, [_line("t-1"), _line("t-2", pictured=False)], title="Night shift")
    page = out.read_text("utf-8")
    assert "2 tickets" in page and "■ SEV1" in page
    assert "ASR 6 % where 58 % (56–60) is normal, of 3,912" in page
    assert page.count("<svg") == 1
    assert "because 14 customers cannot place calls" in page
    assert page.count("≈ €84/h not carried, ≈ €32 since the onset") == 1
    assert '<td class="number">≈ €32</td>' in page and page.count('<td class="number"></td>') == 1
    write(out, [_line(pictured=False)], title="No charges")
    assert "Not carried" not in out.read_text("utf-8")


def test_report_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write(out, [_line()], title="Night shift")
    page = out.read_text("utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", page)
    assert "<script" not in page and "url(" not in page


def test_names_that_bear_scripts_are_shown_and_do_nothing(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write(out, [_line(customer="<script>alert(1)</script>")], title="<b>x")
    page = out.read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "<b>x" not in page


def test_an_empty_report_says_why(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write(out, [], title="Quiet", said=["read: 9 cdr", "refused: 1 <not_json>"])
    page = out.read_text("utf-8")
    assert "No tickets: nothing in these records" in page
    assert "read: 9 cdr<br>refused: 1 &lt;not_json&gt;" in page
    write(out, [], title="Short", judged=False)
    assert "No tickets, but that says nothing about the calls" in out.read_text("utf-8")


def test_picture_names_axes_units_marks_and_takes_the_page_colours() -> None:
    evidence = _evidence()
    marks = [Mark(START + 20 * 60_000, "onset", "onset"), Mark(START + 23 * 60_000, "opened", "opened <SEV2>")]
    chart = incident_chart(evidence.series, marks, metric="ASR", unit="ratio")
    drawn = svg(chart, title='ASR of "term-05" <now>')
    for words in ("ASR (%)", "time (UTC)", "onset", "opened &lt;SEV2&gt;", "observed", "normal"):
        assert words in drawn
    assert 'aria-label="ASR of &quot;term-05&quot; &lt;now&gt;"' in drawn
    assert "currentColor" in drawn and "style=" not in drawn
    assert png(chart).startswith(b"\x89PNG")
