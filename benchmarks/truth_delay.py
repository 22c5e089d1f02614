"""How late faults are told: in minutes, in calls, and against the calls that no method can do without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from akira.scoring import match
from benchmarks.truth_figures import bound_calls
from benchmarks.truth_run import Outcome, day_of
from benchmarks.truth_scenarios import BUSY
from pipeline.records import MINUTE_MS

_KNOWN_CALLS: Final = 2_000
"""Calls of the slice before the fault from which its normal rate counts as known."""
_OUT: Final = 0.02
"""Answers left, as a share of those expected, below which it is a full outage."""
_AT_ONCE_MIN: Final = 2.0
_OF_BOUND: Final = 1.8


@dataclass(frozen=True, slots=True)
class Told:
    """One fault: its label, and minutes until its ticket (None: none came)."""

    fault: Mapping[str, Any]
    minutes: float | None

    @property
    def per_minute(self) -> float:
        """Calls a minute of the faulty slice."""
        return float(self.fault["calls"] * MINUTE_MS / (self.fault["end"] - self.fault["start"]))

    @property
    def calls(self) -> float | None:
        """Calls of the slice until the ticket, at its mean rate."""
        return None if self.minutes is None else self.minutes * self.per_minute

    @property
    def of_bound(self) -> float | None:
        """Calls until the ticket as a multiple of the bound."""
        least = bound_calls(dict(self.fault))
        return None if least is None or self.calls is None else self.calls / least

    @property
    def at_once(self) -> bool:
        """Told within two minutes."""
        return self.minutes is not None and self.minutes <= _AT_ONCE_MIN

    @property
    def in_time(self) -> bool:
        """Told within two minutes, or within 1.8 times the calls of the bound."""
        return self.at_once or (self.of_bound is not None and self.of_bound <= _OF_BOUND)


def _asr(told: Told) -> bool:
    return told.fault["kind"] == "asr_drop"


def _known(told: Told) -> bool:
    return bool(told.fault["baseline_calls"] >= _KNOWN_CALLS)


def _full_outage(told: Told) -> bool:
    fault = told.fault
    out = fault["asr"] is not None and fault["asr"] <= _OUT * fault["expected_asr"]
    return bool(out and told.per_minute >= BUSY)


EVERY_FAULT: Final = "all faults"
BUSY_OUTAGE: Final = f"full outage at ≥ {BUSY:.0f} calls a minute"
KNOWN_FALL: Final = f"fall of the ASR, ≥ {_KNOWN_CALLS:,} calls before"
GROUPS: Final[Mapping[str, Callable[[Told], bool]]] = {
    EVERY_FAULT: lambda told: True,
    BUSY_OUTAGE: _full_outage,
    KNOWN_FALL: lambda told: _asr(told) and _known(told),
    f"fall of the ASR, < {_KNOWN_CALLS:,} calls before": lambda told: _asr(told) and not _known(told),
    "fall of talk time": lambda told: told.fault["kind"] == "acd_drop",
    "fall of traffic": lambda told: told.fault["kind"] == "traffic_drop",
    "all other kinds": lambda told: bound_calls(dict(told.fault)) is None,
}


def told_of(outcomes: Sequence[Outcome]) -> list[Told]:
    """Every fault that is owed a ticket, with its delay."""
    found = []
    for outcome in outcomes:
        held = match([t for t in outcome.tickets if day_of(outcome, t) >= 0], outcome.truth)
        for m in held.matches:
            minutes = None if m.delay_ms is None else max(m.delay_ms, 0) / MINUTE_MS
            found.append(Told(m.fault, minutes))
    return found


def delays(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float | int | None]]:
    """By group: faults, how many were found, delay of those found, and shares of all that were told in time."""
    every = told_of(outcomes)
    return {name: _figures([told for told in every if of(told)]) for name, of in GROUPS.items()}


def _figures(group: Sequence[Told]) -> dict[str, float | int | None]:
    minutes = [told.minutes for told in group if told.minutes is not None]
    return {
        "faults": len(group),
        "found": len(minutes),
        "median_min": _quantile(minutes, 0.5),
        "p90_min": _quantile(minutes, 0.9),
        "median_calls": _quantile([told.calls for told in group], 0.5),
        "of_bound": _quantile([told.of_bound for told in group], 0.5),
        "within_2_min": _share([told.at_once for told in group]),
        "in_time": _share([told.in_time for told in group if bound_calls(dict(told.fault)) is not None]),
    }


def _quantile(values: Sequence[float | None], q: float) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.quantile(known, q)), 1) if known else None


def _share(right: Sequence[bool]) -> float | None:
    return round(sum(right) / len(right), 2) if right else None
