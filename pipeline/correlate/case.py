"""One incident while it is being told: its findings, who leads, its grade with held downgrades."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipeline.correlate.cost import LOSING, costs
from pipeline.correlate.impact import Tally
from pipeline.correlate.loss import Loss
from pipeline.correlate.relate import narrowed
from pipeline.findings import Finding, NamedCause
from pipeline.incidents import Cost, Evidence, Incident, Moved, Severity
from pipeline.names import Names
from pipeline.quality.cause import coded
from pipeline.quality.recent import Minute
from pipeline.records import MINUTE_MS

RANK: Final[dict[Severity, int]] = {"SEV1": 0, "SEV2": 1, "SEV3": 2}
EXAMPLES_MOST: Final = 10
LINGER_MS: Final = 10 * MINUTE_MS


@dataclass(slots=True)
class Case:
    """An incident and what it was told."""

    id: str
    opened_at_ms: int
    findings: dict[str, Finding]
    lead: str = ""
    cause: NamedCause = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    tallied_until: int = -1
    users: tuple[str, ...] = ()
    """Customers that used the cause before it failed over."""
    loss: Loss = field(default_factory=Loss)
    severity: Severity = "SEV3"
    why: str = ""
    justified_ms: int = 0
    """When the present severity was last what the facts say."""
    seen_ms: int = 0
    """The end of the minute up to which it is told."""
    revision: int = 0
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    """What the severity table went by, and what the leading finding says of itself."""
    moves: tuple[Moved, ...] = ()
    flaps: int = 0
    parent: str | None = None
    ended_ms: int | None = None
    recovered_at_ms: int | None = None
    told: Incident | None = None

    @property
    def active(self) -> bool:
        """Some finding still holds."""
        return any(f.ended_ms is None for f in self.findings.values())

    def lasting(self) -> list[Finding]:
        """The findings that hold or held until a moment ago, or all of them when none does any more."""
        now = [f for f in self.findings.values() if f.ended_ms is None]
        if not now:
            return list(self.findings.values())
        newest = max(f.onset_ms for f in now)
        over = [f for f in self.findings.values() if f.ended_ms is not None and newest - f.ended_ms <= LINGER_MS]
        return now + [f for f in over if not self._superseded(f, now)]

    def _superseded(self, over: Finding, now: Sequence[Finding]) -> bool:
        """It has been over for a while, and what still fails is a part of it, or the platform is up again."""
        if self.seen_ms - (over.ended_ms or 0) <= LINGER_MS:
            return False
        # events know who is hit; what the calls go on showing for a while is not a part that is left
        still = [left for left in now if left.customers or not over.customers]
        parts = any(dict(left.cause) != dict(over.cause) and narrowed(over, left, {}) for left in still)
        return parts or over.signal == "platform_down"

    def onset_ms(self) -> int:
        """The earliest onset."""
        return min(f.onset_ms for f in self.findings.values())

    def count(self, minutes: Iterable[Minute], names: Names) -> None:
        """Add closed minutes to what its customers suffer."""
        codes = coded(self.cause, names)
        for closed in minutes:
            self.tally.add(closed, codes, names)
            self.loss.add(codes, closed)
            self.tallied_until = closed.minute

    def count_until_end(self, minutes: Sequence[Minute], names: Names, ended_ms: int) -> None:
        """Count anew without the minutes that showed its recovery, when all of it is still at hand."""
        onset = self.onset_ms() // MINUTE_MS
        if minutes and minutes[0].minute <= onset:
            self.tally, codes = Tally(), coded(self.cause, names)
            for closed in minutes:
                if onset <= closed.minute and closed.minute * MINUTE_MS < ended_ms:
                    self.tally.add(closed, codes, names)

    def costs(self) -> tuple[Cost, ...]:
        """About what it costs by now; asked when a revision is told, and only worked out where calls bear charges."""
        if not self.loss.charges.charged or self.lead not in LOSING | {"rating_failure"}:
            return ()
        until_ms = self.ended_ms or self.seen_ms
        missing = self.loss.count(until_ms)
        return costs(self.lead, self.loss, missing, list(self.findings.values()), until_ms, self.ended_ms is not None)

    def grade(self, severity: Severity, why: str, now_ms: int, hold_ms: int, first: bool) -> None:
        """Take the grade of this minute: upwards at once, downwards after the hold."""
        if first or RANK[severity] <= RANK[self.severity]:
            self.severity, self.why, self.justified_ms = severity, why, now_ms
        elif now_ms - self.justified_ms >= hold_ms:
            self.severity, self.why, self.justified_ms = severity, why, now_ms

    def evidence(self) -> Evidence:
        """Figures of all findings, the lead's chart, examples and remarks."""
        ordered = sorted(self.findings.values(), key=lambda f: (f.signal != self.lead, f.ended_ms is not None, f.key))
        examples = list(dict.fromkeys(call for f in ordered for call in f.examples))
        notes = {re.sub(r"\d+", "", note): note for f in reversed(ordered) for note in reversed(f.notes)}
        charted = _charted(ordered)
        return Evidence(
            figures=tuple(figure for f in ordered for figure in f.figures),
            series=ordered[charted].series,
            examples=tuple(examples[:EXAMPLES_MOST]),
            notes=tuple(reversed(notes.values())),
            moves=self.moves,
            charted=sum(len(f.figures) for f in ordered[:charted]),
        )


def _charted(ordered: Sequence[Finding]) -> int:
    """The finding whose minutes are drawn: the leading one, or else the one that reaches furthest."""
    if ordered[0].series:
        return 0
    last = [f.series[-1].at_ms if f.series else -1 for f in ordered]
    return last.index(max(last))


def case_id(finding: Finding) -> str:
    """The stable id of an incident that begins with this finding."""
    text = f"{finding.signal}|{finding.onset_ms}|{sorted(finding.cause.items())}"
    return "INC-" + hashlib.sha256(text.encode()).hexdigest()[:12]
