"""Rules of other products re-stated as policies on per-minute counts: window, least calls, limits of ASR and ACD.

Each is written anew from its public documentation; where a product leaves its limits to the operator they are
ASR and ACD below 70 % of the key's own mean on the days before, for all alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from pipeline.records import MINUTE_MS

_QUIET_MIN: Final = 30
"""Alarms of a key with less than this between them are one ticket: the reopen window that Akira has."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Every `every` minutes the last `window` minutes of a key with at least `calls` (`answers` for ACD)."""

    name: str
    window: int
    every: int
    calls: int
    answers: int
    limit: float = 0.7
    hits: int = 1
    """Evaluations in a row that must be bad."""


POLICIES: Final = (
    Policy("5-minute fixed rule", window=5, every=1, calls=20, answers=20),
    Policy("Yeti (24 h, 100 calls)", window=1440, every=16, calls=100, answers=100),
    Policy("OpenSIPS qrouting (30 min)", window=30, every=1, calls=30, answers=20),
    Policy("SmartSwitch (5-minute iterations)", window=5, every=5, calls=20, answers=20, hits=2),
    Policy("PortaSwitch-like (15 min)", window=15, every=15, calls=30, answers=20),
)


class Counted:
    """Calls, answers and talk of every terminator, destination and customer in every minute, as records come."""

    def __init__(self) -> None:
        self._parts: dict[str, list[pl.DataFrame]] = {dim: [] for dim in ("terminator", "destination", "customer")}

    def add(self, cdr: pl.DataFrame) -> None:
        """Count these records."""
        for dimension, parts in self._parts.items():
            parts.append(
                cdr.filter(pl.col(dimension).is_not_null())
                .group_by(key=pl.col(dimension), minute=pl.col("ended_at") // MINUTE_MS)
                .agg(
                    calls=pl.len(),
                    answers=pl.col("answered_at").is_not_null().sum(),
                    talk_ms=(pl.col("ended_at") - pl.col("answered_at")).sum(),
                )
            )

    def frames(self) -> dict[str, pl.DataFrame]:
        """By dimension: key, minute, calls, answers, talk_ms; ascending."""
        return {
            dimension: pl.concat(parts).group_by("key", "minute").sum().sort("key", "minute")
            for dimension, parts in self._parts.items()
        }


def tickets(policy: Policy, counts: Mapping[str, pl.DataFrame], first_day_ms: int) -> list[dict[str, Any]]:
    """The policy's alarms as contract lines; it knows no severity."""
    first = first_day_ms // MINUTE_MS
    told: list[dict[str, Any]] = []
    for dimension, frame in counts.items():
        for (key,), rows in frame.group_by("key", maintain_order=True):
            told += _of_key(policy, rows, first, dimension, str(key))
    return told


def _of_key(policy: Policy, rows: pl.DataFrame, first: int, dimension: str, key: str) -> list[dict[str, Any]]:
    minute = rows["minute"].to_numpy()
    before = rows.filter(pl.col("minute") < first)
    base_calls, base_answers = before["calls"].sum(), before["answers"].sum()
    if not base_answers:
        return []
    begin, size = int(minute.min()), int(minute.max() - minute.min()) + 1
    calls, answers, talk = (_recent(rows[name].to_numpy(), minute - begin, size, policy.window) for name in _COUNTS)
    asr = (calls >= policy.calls) & (answers < policy.limit * base_answers / base_calls * calls)
    acd = (answers >= policy.answers) & (talk < policy.limit * before["talk_ms"].sum() / base_answers * answers)
    now = begin + np.arange(size)
    due = (now % policy.every == 0) & (now >= begin + 1440)
    lines = []
    for signal, bad in (("asr_drop", asr), ("acd_drop", acd)):
        for start, end in _spells(now[due], bad[due], policy.hits):
            lines.append(_line(signal, dimension, key, start, end))
    return lines


_COUNTS: Final = ("calls", "answers", "talk_ms")


def _recent(values: np.ndarray, place: np.ndarray, size: int, window: int) -> np.ndarray:
    """Sums over the last `window` minutes, for each minute."""
    dense = np.zeros(size)
    dense[place] = values
    total = np.cumsum(dense)
    earlier = np.concatenate([np.zeros(window), total])[:size]
    return np.asarray(total - earlier)


def _spells(now: np.ndarray, bad: np.ndarray, hits: int) -> list[tuple[int, int]]:
    for _ in range(hits - 1):
        bad = bad & np.concatenate([[False], bad[:-1]])
    at = now[bad]
    if not len(at):
        return []
    cuts = np.flatnonzero(np.diff(at) > _QUIET_MIN) + 1
    return [(int(spell[0]), int(spell[-1])) for spell in np.split(at, cuts)]


def _line(signal: str, dimension: str, key: str, start: int, end: int) -> dict[str, Any]:
    opened = (start + 1) * MINUTE_MS
    return {
        "opened_at": opened,
        "impact_from": opened,
        "impact_to": (end + 1) * MINUTE_MS,
        "signals": [signal],
        "cause": {dimension: [key]},
        "ticket_type": "sip_quality",
        "severity": "",
    }
