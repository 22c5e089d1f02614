"""What a fault loses: answers that are missing against the hour before it, and what one of them would have brought.

Calls are counted by their set-up: at first only failures have ended, and calls from before the onset go on ending.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.hashes import Hashes, filed, known
from pipeline.quality.cause import Codes, inside
from pipeline.quality.recent import Minute
from pipeline.records import MINUTE_MS
from pipeline.rows import Rows, currency_name

HOUR_MS: Final = 60 * MINUTE_MS
LATE_MS: Final = 30 * MINUTE_MS
"""An hour's loss is that of so long a time."""
CHARGED_LEAST: Final = 30
"""A mean of fewer charges says little: they spread as widely as talk times do."""
CHARGED_SHARE: Final = 0.5
"""Of the answered calls. Where most bear no charge, what the others bring says nothing of them."""
WILD: Final = 1000
"""Times the median of its currency: dear destinations and long talks do not come near it."""
MISSING_SHARE: Final = 0.05
MISSING_SD: Final = 2.0
"""Fewer missing answers, of those expected or in standard deviations, may be chance."""
REMEMBERED_MIN: Final = 60
"""A call that touched the cause is known for at least so long: its answer elsewhere is told when it has ended."""
NEVER_MS: Final = 1 << 60


@dataclass(slots=True)
class Touched:
    """Calls that touched a cause, re-attempts apart, and answers of such calls, by the minute of their set-up."""

    since_ms: int = 0
    until_ms: int = NEVER_MS
    """Set-ups from `since_ms` to before `until_ms` count."""
    calls: dict[int, int] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)
    tried: list[Hashes] = field(default_factory=list)
    tried_before: list[Hashes] = field(default_factory=list)
    """Calls with an attempt at a terminator of the cause, in this hour and the one before."""
    turned: int = 0

    def add(self, cause: Codes, closed: Minute) -> None:
        """Add a closed minute."""
        rows = closed.rows
        within = inside(cause, rows.codes)
        if "terminator" in cause:
            first, answered = self._through(rows, within, closed.minute)
        else:
            first = np.flatnonzero(within & (rows.attempt == 1) & ~rows.retry)
            answered = np.flatnonzero(within & rows.answered)
        self._note(self.calls, rows.setup_at[first])
        self._note(self.answers, rows.setup_at[answered])

    def _through(
        self, rows: Rows, within: npt.NDArray[np.bool_], minute: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Of calls through a terminator: the first attempt there, and the answer wherever it came from."""
        if minute - self.turned >= REMEMBERED_MIN:
            self.tried, self.tried_before, self.turned = [], self.tried, minute
        at, ended = np.flatnonzero(within), np.flatnonzero(rows.answered)
        calls, place = np.unique(rows.call[at], return_index=True)
        fresh = ~known([*self.tried, *self.tried_before], calls)
        self.tried = filed(self.tried, calls[fresh])
        first = at[place[fresh]]
        answers = rows.call[ended]
        ended = ended[np.argsort(answers)]
        return first[~rows.retry[first]], ended[known([*self.tried, *self.tried_before], np.sort(answers))]

    def _note(self, table: dict[int, int], setup_at: npt.NDArray[np.int64]) -> None:
        counted = setup_at[(setup_at >= self.since_ms) & (setup_at < self.until_ms)] // MINUTE_MS
        for minute, number in zip(*(part.tolist() for part in np.unique(counted, return_counts=True)), strict=True):
            table[minute] = table.get(minute, 0) + number

    def sums(self, since_ms: int = 0, until_ms: int = NEVER_MS) -> tuple[int, int]:
        """Calls and answers of the minutes that begin in this time."""
        calls, answers = (
            sum(number for minute, number in table.items() if since_ms <= minute * MINUTE_MS < until_ms)
            for table in (self.calls, self.answers)
        )
        return calls, answers


@dataclass(slots=True)
class Charges:
    """What is normal for the calls of a slice; empty when too few of its answered calls bear a charge."""

    calls: int = 0
    """Calls, re-attempts apart."""
    answers: int = 0
    charged: int = 0
    by_currency: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Charged calls, and the sum of their charges in millionths."""

    @property
    def answered(self) -> float:
        """Answers a call; 0 when it is not known."""
        return min(self.answers / self.calls, 1.0) if self.calls >= CHARGED_LEAST else 0.0


@dataclass(slots=True)
class Loss:
    """What an incident has lost of the calls of its cause."""

    charges: Charges = field(default_factory=Charges)
    touched: Touched = field(default_factory=Touched)

    def add(self, cause: Codes, closed: Minute) -> None:
        """Add a closed minute; nothing where calls bear no charges."""
        if self.charges.charged:
            self.touched.add(cause, closed)

    def count(self, until_ms: int) -> tuple[float, float]:
        """Answers that are missing since the onset, and by the hour of late: of the calls set up before `until_ms`,
        expected less observed."""
        since_ms = max(self.touched.since_ms, until_ms - LATE_MS)
        late = self._missing(*self.touched.sums(since_ms - since_ms % MINUTE_MS, until_ms))
        missing = self._missing(*self.touched.sums(until_ms=until_ms))
        return missing, late * HOUR_MS / max(until_ms - since_ms, MINUTE_MS)

    def _missing(self, calls: int, answers: int) -> float:
        normal = self.charges
        missing = calls * normal.answered - answers
        variance = calls * normal.answered * (1 - normal.answered) * (1 + calls / max(normal.calls, 1))
        least = max(MISSING_SHARE * calls * normal.answered, MISSING_SD * float(np.sqrt(variance)))
        return missing if missing >= least else 0.0


def loss_of(cause: Codes, onset_ms: int, minutes: Sequence[Minute]) -> Loss:
    """What is normal for `cause` before the onset; its mean charge else since."""
    onset = onset_ms // MINUTE_MS
    before = [closed for closed in minutes if closed.minute < onset]
    charges = _charges(cause, before)
    if not _enough(charges):
        since = _charges(cause, [closed for closed in minutes if closed.minute >= onset])
        charges = replace(since, answers=0) if _enough(since) else Charges()
    if charges.charged and before:
        usual = Touched(until_ms=onset_ms)
        for closed in before:
            usual.add(cause, closed)
        charges.calls, charges.answers = usual.sums()
    return Loss(charges, Touched(onset_ms))


def _enough(found: Charges) -> bool:
    return found.charged >= max(CHARGED_LEAST, CHARGED_SHARE * found.answers)


def _charges(cause: Codes, minutes: Iterable[Minute]) -> Charges:
    found = Charges()
    parts: list[tuple[npt.NDArray[np.int16], npt.NDArray[np.int64]]] = []
    for closed in minutes:
        rows = closed.rows
        answered = inside(cause, rows.codes) & rows.answered
        found.answers += int(answered.sum())
        charged = np.flatnonzero(answered & (rows.charge_micro >= 0) & (rows.currency >= 0))
        parts.append((rows.currency[charged], rows.charge_micro[charged]))
    if parts:
        currency, charge = (np.concatenate(column) for column in zip(*parts, strict=True))
        for code in np.flatnonzero(np.bincount(currency)).tolist():
            ours = _believed(charge[currency == code])
            found.charged += len(ours)
            found.by_currency[currency_name(code)] = (len(ours), int(ours.sum()))
    return found


def _believed(charge: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Charges without those that no tariff explains: one in other units would outweigh all the rest of an hour."""
    usual = float(np.median(charge[charge > 0])) if charge.any() else 0.0
    return charge[charge <= WILD * usual]
