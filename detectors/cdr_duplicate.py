"""Duplicated records: a switch delivers records that were seen before.

Input: records per switch and minute, and those whose identity (call, attempt, switch) was known in the window.
Method: the duplicated share against the switch's own rate (never below 1 in 10,000).
Output: `cdr_duplicated` on the switch, from 1 % of its records on (setting).
Limits: a copy that comes after the duplicate window counts as a new call.
Source: operator practice.
"""

from __future__ import annotations

from pipeline.findings import ClosedMinute, Finding
from pipeline.ownrate import OwnRates, Rate
from pipeline.rulebook import share_finding
from pipeline.settings import WatchSettings

LEAST = 10


class CdrDuplicate:
    """One share per switch."""

    name = "cdr_duplicate"
    kept: tuple[type, ...] = (Rate,)

    def __init__(self, settings: WatchSettings) -> None:
        self.rates = OwnRates(1e-4, settings.gates.duplicated_share, LEAST, settings.hold.soak_min, settings.evidence)

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        found = []
        for switch, total in minute.switches.items():
            track = self.rates.add(switch, minute.minute, float(total), float(minute.duplicates.get(switch, 0)))
            if track is not None:
                calls = minute.duplicate_calls.get(switch, ())
                found.append(share_finding("cdr_duplicated", "duplicated records", track, {"switch": (switch,)}, calls))
        return found

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return self.rates.state()

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.rates.load(state)
