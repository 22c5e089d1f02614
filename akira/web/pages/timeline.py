"""The timeline as a page shows it: newest first, and a run of telemetry updates that say the same as one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pipeline.desk.events import TicketEvent
from pipeline.desk.timeline import Line, timeline

LINES: Final = 400
"""Lines of one page; the whole log is in the API."""


def newest_first(events: Sequence[TicketEvent]) -> list[tuple[Line, int]]:
    """Lines with the number of updates each stands for."""
    runs: list[tuple[Line, int]] = []
    for line in timeline(events):
        last = runs[-1] if runs else None
        if last and line.kind == last[0].kind == "telemetry_updated" and line.text == last[0].text:
            runs[-1] = (replace(last[0], seq=line.seq), last[1] + 1)
        else:
            runs.append((line, 1))
    return runs[::-1][:LINES]
