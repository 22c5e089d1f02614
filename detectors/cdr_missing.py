"""Missing records: calls that a switch counted and no record tells of.

Input: the switch's own record counter (`seq`); without one, its `invites` samples against the records of calls that
were set up in the same minute.
Method: a gap in the counter older than the grace is a loss, and filled gaps are none; counted calls are compared after
the dialogue tail, since a stuck dialogue's record comes so late. Both shares are judged against the own rate.
Output: `cdr_missing` on the switch, from 2 % of its records on (setting).
Limits: while a switch writes late its gaps wait: late is not lost. A counter that starts again at a low
number is a restart, not a gap.
Source: operator practice.
"""

from __future__ import annotations

import numpy as np

from pipeline.findings import ClosedMinute, Finding
from pipeline.ownrate import OwnRates, Rate
from pipeline.records import MINUTE_MS
from pipeline.rulebook import share_finding
from pipeline.samples import each
from pipeline.settings import WatchSettings

LEAST = 10
RESTART_FALL = 0.5
LATE_QUANTILE = 0.75


class CdrMissing:
    """Counters and counted calls per switch."""

    name = "cdr_missing"
    kept: tuple[type, ...] = (Rate,)

    def __init__(self, settings: WatchSettings) -> None:
        hold, share = settings.hold, settings.gates.missing_share
        self.grace_min = max(1, round(hold.missing_grace_s / 60))
        self.tail_min = round(hold.dialog_tail_s / 60) + 1
        self.by_counter = OwnRates(1e-3, share, LEAST, hold.soak_min, settings.evidence)
        self.by_calls = OwnRates(1e-2, 2 * share, 2 * LEAST, hold.soak_min, settings.evidence)
        self.highest: dict[str, int] = {}
        self.slow_until: dict[str, int] = {}
        self.gaps: dict[str, list[tuple[int, int, int]]] = {}
        """Per switch: (first missing, last missing, minute noticed)."""
        self.seen: dict[str, dict[int, int]] = {}
        self.counted: dict[str, dict[int, float]] = {}

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        found = []
        codes = minute.rows.of("switch")
        for code, switch in enumerate(minute.names_of["switch"]):
            ours = codes == code
            self._note_lag(switch, minute.minute, minute.rows.lag_ms[ours])
            numbers = np.sort(minute.rows.seq[ours])
            numbers = numbers[np.diff(numbers, prepend=-1) > 0]
            if len(numbers) or switch in self.highest:
                lost, total = self._advance(switch, numbers, minute.minute)
                track = self.by_counter.add(switch, minute.minute, total, lost)
                if track is not None:
                    found.append(share_finding("cdr_missing", "records lost", track, {"switch": (switch,)}))
        found += self._by_calls(minute)
        return found

    def _note_lag(self, switch: str, minute: int, lag_ms: np.typing.NDArray[np.int64]) -> None:
        """While a switch's records come late, what is not here yet is not lost."""
        if len(lag_ms):
            at = int(LATE_QUANTILE * (len(lag_ms) - 1))
            lag_min = int(np.partition(lag_ms, at)[at]) // MINUTE_MS
            if lag_min >= 1:
                self.slow_until[switch] = max(self.slow_until.get(switch, 0), minute + lag_min + self.grace_min)

    def _advance(self, switch: str, numbers: np.typing.NDArray[np.int64], minute: int) -> tuple[float, float]:
        """Records found lost in this minute, and how far the counter went."""
        gaps = self.gaps.setdefault(switch, [])
        total = 0.0
        if len(numbers):
            highest = self.highest.get(switch)
            if highest is None or numbers[-1] < RESTART_FALL * highest:
                gaps.clear()
                highest = int(numbers[0]) - 1
            gaps[:] = _filled(gaps, numbers[numbers <= highest])
            ahead = numbers[numbers > highest]
            if len(ahead):
                edges = np.concatenate([[highest], ahead])
                holes = np.flatnonzero(np.diff(edges) > 1)
                gaps += [(int(edges[i]) + 1, int(edges[i + 1]) - 1, minute) for i in holes.tolist()]
                total = float(ahead[-1] - highest)
                highest = int(ahead[-1])
            self.highest[switch] = highest
        waits = minute <= self.slow_until.get(switch, 0)
        due = [gap for gap in gaps if minute - gap[2] >= self.grace_min and not waits]
        gaps[:] = [gap for gap in gaps if minute - gap[2] < self.grace_min or waits]
        lost = float(sum(last - first + 1 for first, last, _ in due))
        return lost, max(total, lost)

    def _by_calls(self, minute: ClosedMinute) -> list[Finding]:
        rows = minute.rows
        first = rows.attempt == 1
        for code, switch in enumerate(minute.names_of["switch"]):
            table = self.seen.setdefault(switch, {})
            setup, number = np.unique(
                rows.setup_at[first & (rows.of("switch") == code)] // MINUTE_MS, return_counts=True
            )
            for at, n in zip(setup.tolist(), number.tolist(), strict=True):
                table[at] = table.get(at, 0) + n
        for sample in each(minute.samples("invites")):
            if sample.own:
                by_minute, at = self.counted.setdefault(sample.switch, {}), (sample.at - 1) // MINUTE_MS
                by_minute[at] = by_minute.get(at, 0.0) + sample.value
        due = minute.minute - self.tail_min
        found = []
        for switch, by_minute in self.counted.items():
            calls = by_minute.pop(due, None)
            seen = self.seen.get(switch, {}).pop(due, 0)
            self.seen[switch] = {at: n for at, n in self.seen.get(switch, {}).items() if at > due}
            if calls is None or self.highest.get(switch):
                continue
            track = self.by_calls.add(switch, minute.minute, max(calls, 1.0), max(calls - seen, 0.0))
            if track is not None:
                found.append(
                    share_finding("cdr_missing", "counted calls without a record", track, {"switch": (switch,)})
                )
        return found

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {
            "by_counter": self.by_counter.state(),
            "by_calls": self.by_calls.state(),
            "highest": self.highest,
            "gaps": self.gaps,
            "slow_until": self.slow_until,
            "seen": self.seen,
            "counted": self.counted,
        }

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.by_counter.load(state["by_counter"])  # type: ignore[arg-type]
        self.by_calls.load(state["by_calls"])  # type: ignore[arg-type]
        for name in ("highest", "gaps", "slow_until", "seen", "counted"):
            setattr(self, name, state[name])


def _filled(gaps: list[tuple[int, int, int]], numbers: np.typing.NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """The gaps that are left when late records have come in."""
    if not len(numbers):
        return gaps
    left: list[tuple[int, int, int]] = []
    for first, last, noticed in gaps:
        inside = numbers[(numbers >= first) & (numbers <= last)]
        edges = np.concatenate([[first - 1], inside, [last + 1]])
        left += [(int(a) + 1, int(b) - 1, noticed) for a, b in zip(edges[:-1], edges[1:], strict=True) if b - a > 1]
    return left
