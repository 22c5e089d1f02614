"""Attempts that are not learnt from: what is being ticketed is not normal."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.baseline.learning import Spared
from pipeline.findings import Finding
from pipeline.names import Names
from pipeline.quality.cause import coded
from pipeline.quality.track import Track
from pipeline.records import MINUTE_MS

MARGIN_MIN = 1


def spared_of(
    tracks: Sequence[Track], quiet: Sequence[Track], findings: Sequence[Finding], names: Names, since: int
) -> list[Spared]:
    """Causes with their time: those of the questions, of traffic, and the states of blocked or unreachable peers.

    A change of share that began before minute `since` is learnt after all: it is the new normal, and its ticket ends.
    """
    recent = [track for track in tracks if track.onset >= since]
    spared: list[Spared] = [
        (t.onset - MARGIN_MIN, None if t.ended is None else t.ended + MARGIN_MIN, t.cause) for t in [*recent, *quiet]
    ]
    for found in findings:
        if found.signal in {"balance_blocked", "sip_unreachable", "acl_denied"} and found.cause:
            until = None if found.ended_ms is None else found.ended_ms // MINUTE_MS + MARGIN_MIN
            spared.append((found.onset_ms // MINUTE_MS, until, coded(found.cause, names)))
    return spared
