"""What a replay read and could judge, a line each: the same on the terminal and at the head of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from pipeline.desk.words import clock
from pipeline.settings import WatchSettings

_NAMES: Final = 5


def read_words(records: Mapping[str, int], rejects: Mapping[str, int], minutes: int, end_ms: int | None) -> list[str]:
    """Records of each kind, the minutes that they span until `end_ms`, and what was refused, by reason."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(records.items()) if count)
    until = "" if end_ms is None else f", {minutes:,} min until {clock(end_ms)}"
    refused = ", ".join(f"{count:,} {reason}" for reason, count in Counter(rejects).most_common())
    return [f"read: {kinds}{until}", *([f"refused: {refused}"] if refused else [])]


def judged_words(stats: Mapping[str, int | float], settings: WatchSettings) -> tuple[bool, str]:
    """Whether calls could be judged at all, and what was too short or too quiet for it, from the watch's `stats`."""
    minutes, thin, slices = (int(stats[name]) for name in ("minutes", "slices_thin", "slices"))
    if minutes < settings.time.first_fit_min:
        return False, f"not judged: what is normal is known after {settings.time.first_fit_min} min of records"
    if thin == slices:
        enough = settings.gates.asr_support
        return False, f"not judged: none of {slices:,} slices had {enough} calls in the last full hour"
    return True, f"not enough calls in the last full hour: {thin:,} of {slices:,} slices, judged with what holds them"


def directory_words(named: bool, strangers: Mapping[str, Counter[str]]) -> list[str]:
    """What the directory does not know, so that it is taken as standard; `named` when there is one."""
    none = "no directory: every customer is a standard one, destinations only as records name them"
    lines = [] if named else [none]
    for dimension, counts in strangers.items():
        names = ", ".join(name or "(none)" for name, _ in counts.most_common(_NAMES))
        lines.append(f"not in the directory: {len(counts)} {dimension} values, such as {names}")
    return lines
