"""ACL trouble: calls refused because the address is in no access list.

Input: `acl_denied` samples per switch, peer or customer; and records with a 403 from the own switch.
Method: denials of a minute against the usual number of the same source (Poisson with the source's own mean); 403s
against the customer's own rate.
Output: `acl_denied` on the customer, or, for an address in no directory, on the switch until traffic tells whose it is.
Limits: a refusal before a dialogue leaves no record in many switches; only the samples show it.
Source: operator practice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pipeline.findings import ClosedMinute, Finding
from pipeline.incidents import Figure, Point
from pipeline.peers import cause_of
from pipeline.questions import Question, Window
from pipeline.records import MINUTE_MS
from pipeline.rows import Flags, Rows
from pipeline.samples import each
from pipeline.settings import GateSettings, WatchSettings

LEAST: Final = 20.0
NATS: Final = 16.0
CALM_MIN: Final = 3
WARM_MIN: Final = 10
"""In the first minutes of all only the usual number is learnt: scanners knock at every switch, all the time."""


def last_attempts(rows: Rows) -> Flags:
    """Last attempts, re-attempts apart."""
    return rows.last & ~rows.retry


def denied(rows: Rows) -> Flags:
    """403 with no terminator in play: the own switch refused."""
    found: Flags = (rows.sip_code == 403) & (rows.of("terminator") < 0)
    return found


def worth_it(window: Window, gates: GateSettings) -> bool:
    """A share refused above normal."""
    return window.excess >= 0.2


DENIED_CALLS: Final = Question(
    name="denied_calls",
    signal="acl_denied",
    metric="calls refused by ACL",
    rises=True,
    counts=last_attempts,
    hit=denied,
    gate=worth_it,
    support="records_support",
    families=(("customer",), ("trunk",)),
    by_hour=False,
    needs=("failures",),
)


@dataclass(slots=True)
class Denials:
    """One source: its usual number a minute and the last minutes."""

    kind: str
    peer: str
    customer: str
    usual: float = 0.0
    minutes: int = 0
    log: float = 0.0
    onset: int = 0
    open: bool = False
    calm: int = 0
    series: list[tuple[int, float]] = field(default_factory=list)


class Acl:
    """Denials per source of samples."""

    name = "acl"
    kept: tuple[type, ...] = (Denials,)

    def __init__(self, settings: WatchSettings) -> None:
        self.ratio = settings.gates.acl_ratio
        self.sources: dict[str, Denials] = {}
        self.age_min = 0

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        self.age_min += 1
        now: dict[str, float] = {}
        for sample in each(minute.samples("acl_denied")):
            key = f"customer={sample.customer}" if sample.customer else sample.key
            self.sources.setdefault(key, Denials(sample.peer_kind, sample.peer, sample.customer))
            now[key] = now.get(key, 0.0) + sample.value
        found = []
        for key, source in sorted(self.sources.items()):
            ended = self._move(source, minute.minute, now.get(key, 0.0))
            if source.open or ended:
                found.append(self._finding(minute, key, source, ended))
        return found

    def _move(self, source: Denials, minute: int, count: float) -> bool:
        """Move one source by a minute; True when its trouble has ended."""
        source.series.append((minute, count))
        del source.series[:-90]
        if self.age_min <= WARM_MIN:
            self._learn(source, count)
            return False
        usual = max(source.usual, 0.2)
        if source.open:
            source.calm = source.calm + 1 if count < self.ratio * usual else 0
            if source.calm >= CALM_MIN:
                source.open, source.log = False, 0.0
                return True
            return False
        gain = count * np.log(self.ratio) - usual * (self.ratio - 1)
        if source.log <= 0 and gain > 0:
            source.onset = minute
        source.log = max(source.log + gain, 0.0)
        since = sum(n for at, n in source.series if at >= source.onset)
        if source.log >= NATS and since >= LEAST:
            source.open, source.calm = True, 0
        elif source.log < NATS / 2:
            self._learn(source, count)
        return False

    def _learn(self, source: Denials, count: float) -> None:
        source.minutes += 1
        source.usual += (count - source.usual) / min(source.minutes, 120)

    def _finding(self, minute: ClosedMinute, key: str, source: Denials, ended: bool) -> Finding:
        cause, customers = cause_of(minute.directory, source.kind, source.peer, source.customer)
        if customers or source.customer:
            customers = customers or (source.customer,)
            cause = {"customer": customers}
        since = [n for at, n in source.series if at >= source.onset]
        rate = sum(since) / max(len(since), 1)
        end = source.series[-1][0] - CALM_MIN + 1 if ended else None
        usual = round(source.usual, 3)
        return Finding(
            key=f"acl_denied:{key}:{source.onset}",
            signal="acl_denied",
            cause=cause,
            onset_ms=source.onset * MINUTE_MS,
            ended_ms=None if end is None else end * MINUTE_MS,
            score=20.0,
            figures=(
                Figure(
                    "acl_denied",
                    "denials a minute",
                    round(rate, 2),
                    usual,
                    0.0,
                    usual * self.ratio,
                    int(sum(since)),
                    "calls",
                ),
            ),
            series=tuple(Point(at * MINUTE_MS, int(n), n, usual, 0.0, usual * self.ratio) for at, n in source.series),
            notes=(f"{source.kind} {source.peer} is denied",),
            customers=customers,
        )

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {"sources": self.sources, "age_min": self.age_min}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.sources, self.age_min = state["sources"], state["age_min"]  # type: ignore[assignment]
