"""The clock on the wall, for what happens beside the records: the core reads no clock, its time is data."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000
