"""Is the platform down: half of all expected answers gone, every switch unreachable, or no traffic anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from pipeline.findings import Finding
from pipeline.incidents import Figure
from pipeline.quality.recent import Recent
from pipeline.records import MINUTE_MS
from pipeline.settings import WatchSettings

SUPPORT: Final = 20.0
LOOK_BACK_MIN: Final = 10
PEERS_LEAST: Final = 3
NEARLY_ALL: Final = 0.8


def platform_finding(
    minute: int,
    findings: Sequence[Finding],
    recent: Recent,
    settings: WatchSettings,
    lasting: Finding | None,
    peers: int,
) -> Finding | None:
    """The platform's own finding: opened by the rule, ended when the findings behind it have ended."""
    behind = [f for f in findings if f.signal in {"asr_drop", "ner_drop"} or not f.cause]
    if lasting is not None:
        still = [f for f in [*behind, *_everything_unreachable(findings, peers)] if f.ended_ms is None]
        if still:
            return lasting
        ends = [f.ended_ms for f in behind if f.ended_ms is not None]
        return replace(lasting, ended_ms=max(ends) if ends else (minute + 1) * MINUTE_MS)
    wide = [f for f in [*behind, *_everything_unreachable(findings, peers)] if f.ended_ms is None]
    if not wide:
        return None
    onset = max(min(f.onset_ms for f in wide) // MINUTE_MS, minute - LOOK_BACK_MIN)
    widest = max(wide, key=lambda f: (not f.cause, f.score))
    gone, normal = _answers(recent, onset)
    silent = any(f.signal == "traffic_drop" and not f.cause or f.signal == "sip_unreachable" for f in wide)
    if silent or (normal >= SUPPORT and gone >= settings.severity.platform_share * normal):
        rate = 1 - gone / normal if normal else 0.0
        figure = Figure(
            "platform_down", "answers against expected", round(max(rate, 0.0), 4), 1.0, 0.9, 1.1, int(normal), "ratio"
        )
        return Finding(
            key=f"platform_down:{widest.onset_ms}",
            signal="platform_down",
            cause=widest.cause,
            onset_ms=widest.onset_ms,
            score=1000.0,
            figures=(figure,),
            notes=(f"{max(1 - rate, 0.0):.0%} of the expected answers of the whole platform are gone",),
            facts=widest.facts,
        )
    return None


def _answers(recent: Recent, since: int) -> tuple[float, float]:
    """Answers gone and answers expected over everything, from minute `since` on; by the last attempt of each call, so
    that what a failover tried in vain before is not gone."""
    hits = normal = 0.0
    for closed in recent.since(since):
        counted = closed.rows.seized & closed.rows.last & ~np.isnan(closed.answer)
        hits += float(closed.rows.answered[counted].sum())
        normal += float(closed.answer[counted].sum())
    return normal - hits, normal


def _everything_unreachable(findings: Sequence[Finding], peers: int) -> list[Finding]:
    """The unreachable trunks, as one, when they are nearly all there are (`peers`)."""
    down = [f for f in findings if f.signal == "sip_unreachable" and f.ended_ms is None and "trunk" in f.cause]
    if peers < PEERS_LEAST or len({trunk for f in down for trunk in f.cause["trunk"]}) < NEARLY_ALL * peers:
        return []
    first = min(down, key=lambda f: (f.onset_ms, f.key))
    return [replace(first, cause={})]
