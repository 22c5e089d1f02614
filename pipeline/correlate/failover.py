"""A terminator that answers no probe and gets no calls, while its peers carry them.

Such a failover leaves no trace in the records but the share that is gone: a switch stops trying a dead gateway after
seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from pipeline.findings import Finding, NamedCause
from pipeline.names import Names
from pipeline.quality.cause import coded, inside
from pipeline.quality.recent import Minute, Recent
from pipeline.records import MINUTE_MS

BEFORE_MIN: Final = 30
BEFORE_LEAST: Final = 10
SHARE_LEFT: Final = 0.2
CARRIED: Final = 0.7
TOUCHED_LEAST: Final = 2
LATE_LEAST: Final = 5


def failovers(minute: int, findings: Sequence[Finding], recent: Recent, names: Names) -> list[Finding]:
    """A `route_failover` beside each unreachable terminator whose calls its peers carry."""
    found = []
    for finding in findings:
        if finding.signal != "sip_unreachable" or set(finding.cause) != {"terminator"}:
            continue
        if finding.ended_ms is not None or _moved(minute, finding, recent, names):
            key = f"route_failover:{finding.key}"
            note = "its peers carry its calls"
            found.append(replace(finding, key=key, signal="route_failover", notes=(*finding.notes, note)))
    return found


def _moved(minute: int, finding: Finding, recent: Recent, names: Names) -> bool:
    onset = finding.onset_ms // MINUTE_MS
    cause = coded(finding.cause, names)
    before = [m for m in recent.since(onset - BEFORE_MIN) if m.minute < onset]
    since = [m for m in recent.since(onset) if m.minute > onset] or recent.since(minute)
    usual = sum(int(inside(cause, m.rows.codes).sum()) for m in before)
    now = sum(int(inside(cause, m.rows.codes).sum()) for m in since)
    if usual < BEFORE_LEAST or now * len(before) > SHARE_LEFT * usual * len(since):
        return False
    answered = sum(int((m.rows.answered & m.rows.last).sum()) for m in since)
    normal = sum(float(np.nansum(m.answer[m.rows.last])) for m in since)
    return answered >= CARRIED * normal


def users(cause: NamedCause, minutes: Sequence[Minute], names: Names) -> tuple[str, ...]:
    """Customers whose calls used the cause in these minutes."""
    codes = coded(cause, names)
    size = names.count("customer")
    total = np.zeros(size)
    for closed in minutes:
        total += np.bincount(closed.rows.of("customer")[inside(codes, closed.rows.codes)], minlength=size)
    return tuple(sorted(names.name("customer", code) for code in np.flatnonzero(total >= TOUCHED_LEAST).tolist()))


def late_by_rerouting(late: Finding, failed: NamedCause, recent: Recent, names: Names) -> bool:
    """Without the calls that were tried in vain at `failed`, those of a PDD finding ring within its usual range."""
    figure = late.figures[0]
    minutes = [m for m in recent.since(late.onset_ms // MINUTE_MS - 1) if len(m.rows)]
    if figure.unit != "s" or not minutes:
        return False
    at, through = coded(late.cause, names), coded(failed, names)
    tried = np.unique(np.concatenate([m.rows.call[inside(through, m.rows.codes)] for m in minutes]))
    late_ms, other_ms = [], []
    for closed in minutes:
        rows = closed.rows
        rang, again = rows.rang & inside(at, rows.codes), np.isin(rows.call, tried)
        late_ms.append(rows.pdd_ms[rang & again])
        other_ms.append(rows.pdd_ms[rang & ~again])
    rerouted, others = np.concatenate(late_ms), np.concatenate(other_ms)
    if len(rerouted) < LATE_LEAST:
        return False
    return len(others) < LATE_LEAST or float(np.median(others)) <= figure.high * 1000
