"""How the rules write their findings down."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.findings import Finding
from pipeline.incidents import Figure, Point
from pipeline.quality.track import Track
from pipeline.records import MINUTE_MS

CHART_MIN = 90


def share_finding(
    signal: str,
    metric: str,
    track: Track,
    cause: Mapping[str, tuple[str, ...]],
    examples: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    customers: tuple[str, ...] = (),
) -> Finding:
    """A finding of a share watched per key (`pipeline.ownrate`)."""
    total, hits, normal = track.sums()
    rate, usual = hits / max(total, 1), normal / max(total, 1)
    return Finding(
        key=f"{signal}:{track.key}",
        signal=signal,
        cause=cause,
        onset_ms=track.onset * MINUTE_MS,
        ended_ms=None if track.ended is None else track.ended * MINUTE_MS,
        score=round(track.score, 3),
        figures=(
            Figure(signal, metric, round(rate, 4), round(usual, 4), 0.0, round(2 * usual, 4), int(total), "ratio"),
        ),
        series=tuple(
            Point(m * MINUTE_MS, int(n), round(y / n, 4), round(e / n, 4), 0.0, round(2 * e / n, 4))
            for m, n, y, e in track.series[-CHART_MIN:]
            if n
        ),
        examples=examples[:10],
        notes=notes,
        customers=customers,
    )


def state_finding(
    signal: str,
    key: str,
    cause: Mapping[str, tuple[str, ...]],
    onset_ms: int,
    ended_ms: int | None,
    figure: Figure,
    notes: tuple[str, ...] = (),
    customers: tuple[str, ...] = (),
) -> Finding:
    """A finding of a state with hold-down."""
    return Finding(
        key=f"{signal}:{key}:{onset_ms}",
        signal=signal,
        cause=cause,
        onset_ms=onset_ms,
        ended_ms=ended_ms,
        score=20.0,
        figures=(figure,),
        notes=notes,
        customers=customers,
    )
