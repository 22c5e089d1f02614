"""Times, durations and slices in the words that people read in messages and drafts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime


def clock(at_ms: int) -> str:
    """`2026-11-24 14:02 UTC`."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(from_ms: int, to_ms: int) -> str:
    """A duration that fits: `23 min`, `2 h 5 min`, `3 d 4 h`."""
    minutes = max(0, to_ms - from_ms) // 60_000
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def cause_words(cause: Mapping[str, tuple[str, ...]]) -> str:
    """`terminator term-05 × destination Germany-Mobile`; an empty cause is the whole platform."""
    if not cause:
        return "the whole platform"
    return " × ".join(f"{dimension} {', '.join(values)}" for dimension, values in cause.items())
