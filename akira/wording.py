"""Words and figures as people read them: the same on every page, in reports and on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.incidents import Figure

SHAPES: Final[dict[str, str]] = {"SEV1": "■", "SEV2": "▲", "SEV3": "●"}
"""Severity is a word and a shape before a colour."""


def duration(ms: float) -> str:
    """A duration in words that fit: `41 s`, `23 min`, `5 h 02 min`, `3 d 4 h`."""
    seconds = max(int(ms // 1000), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def disabled_words(switch: str, disabled: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each reason: `sw1: ASR, NER disabled: no failed call in its last 4,711 records`."""
    reasons: dict[str, list[str]] = {}
    for metric, why in disabled:
        reasons.setdefault(why, []).append(metric)
    return [f"{switch}: {', '.join(metrics)} disabled: {why}" for why, metrics in reasons.items()]


def figure_words(figure: Figure) -> str:
    """One figure with its normal beside it: `ASR 6 % where 58 % (56–60) is normal, of 3,912`."""
    observed, expected = _quantity(figure.observed, figure.unit), _quantity(figure.expected, figure.unit)
    low, high = _number(figure.low, figure.unit), _number(figure.high, figure.unit)
    return f"{figure.metric} {observed} where {expected} ({low}–{high}) is normal, of {figure.support:,}"


def value_words(value: float | None, unit: str) -> str:
    """A measured value with its unit; none is a dash."""
    return "–" if value is None else _quantity(value, unit)


def _number(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{100 * value:.0f}" if value >= 0.1 else f"{100 * value:.1f}".removesuffix(".0")
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def _quantity(value: float, unit: str) -> str:
    words = {"ratio": " %", "s": " s", "calls": " calls", "records": " records"}
    return _number(value, unit) + words.get(unit, "")
