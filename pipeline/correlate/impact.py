"""Who is hit: last attempts of the calls that touched the cause, per customer, added up minute by minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.hashes import known
from pipeline.incidents import Impact
from pipeline.names import Names
from pipeline.quality.cause import Codes, inside
from pipeline.quality.recent import Minute
from pipeline.settings import SeveritySettings

Floats = npt.NDArray[np.float64]
TOUCHED_LEAST = 2
MAJOR_LEAST = 5
JUDGED_MIN = 10
DOUBT_NATS = 4.6
"""One in a hundred."""


def _none() -> Floats:
    return np.zeros(0)


@dataclass(slots=True)
class Tally:
    """Per customer, by its code: attempts, failures, expected failures within the cause, and all its attempts."""

    attempts: Floats = field(default_factory=_none)
    failures: Floats = field(default_factory=_none)
    missed: Floats = field(default_factory=_none)
    own: Floats = field(default_factory=_none)

    def add(self, closed: Minute, cause: Codes, names: Names) -> None:
        """Add one closed minute."""
        rows = closed.rows
        if not len(rows):
            return
        within = inside(cause, rows.codes)
        touched = rows.last & within
        others = np.flatnonzero(rows.last & ~within)
        touched[others] = known([np.sort(rows.call[within])], rows.call[others])
        customer, size = rows.of("customer"), names.count("customer")
        normal = np.where(np.isnan(closed.answer), rows.answered, closed.answer)
        self.attempts = _added(self.attempts, np.bincount(customer[touched], minlength=size))
        self.failures = _added(self.failures, np.bincount(customer[touched & ~rows.answered], minlength=size))
        self.missed = _added(self.missed, np.bincount(customer[touched], 1 - normal[touched], size))
        self.own = _added(self.own, np.bincount(customer[rows.last], minlength=size))

    def impacts(self, names: Names, majors: frozenset[str], named: Iterable[str]) -> tuple[Impact, ...]:
        """The customers affected, most failures above normal first; `named` are affected whatever the calls say."""
        columns = (self.attempts, self.failures, self.missed, self.own)
        rows = dict(zip(names.lists["customer"], zip(*(c.tolist() for c in columns), strict=True), strict=False))
        chosen = {name for name, row in rows.items() if row[0] >= TOUCHED_LEAST} | set(named)
        found = [_impact(name, majors, *rows.get(name, (0.0, 0.0, 0.0, 0.0))) for name in chosen]
        return tuple(sorted(found, key=lambda i: (i.expected_failures - i.failures, i.customer)))


def _added(sums: Floats, more: npt.NDArray[np.float64] | npt.NDArray[np.intp]) -> Floats:
    """Sums with a minute's, which may have new customers."""
    return np.pad(sums, (0, len(more) - len(sums))) + more


def _impact(name: str, majors: frozenset[str], attempts: float, failures: float, missed: float, own: float) -> Impact:
    share = round(attempts / own, 4) if own else 0.0
    return Impact(name, name in majors, int(attempts), int(failures), round(missed, 2), min(share, 1.0))


def unable(
    minutes: Sequence[Minute], names: Names, customers: Mapping[str, Impact], settings: SeveritySettings
) -> tuple[str, ...]:
    """Customers whose last-attempt success over all their traffic is below the share of expectation, with support, and
    too low for one whose traffic outside the cause works. Each is judged by its last ten minutes, or by as many more as
    give it enough calls."""
    share = np.array([customers[n].share_of_own if n in customers else 0.0 for n in names.lists["customer"]])
    mostly, size = share >= 0.5, len(share)
    total, answered, normal = np.zeros(size), np.zeros(size), np.zeros(size)
    for age, closed in enumerate(reversed(minutes)):
        asked = mostly & ((normal < 2 * DOUBT_NATS) | (age < JUDGED_MIN))
        if not asked.any():
            break
        rows = closed.rows
        customer = rows.of("customer")
        last = rows.last & ~np.isnan(closed.answer) & asked[customer]
        total += np.bincount(customer[last], minlength=size)
        answered += np.bincount(customer[last], rows.answered[last], size)
        normal += np.bincount(customer[last], closed.answer[last], size)
    works = np.maximum((1 - share) * normal, 1e-9)
    # Chernoff's bound of so few answers when so many are expected
    nats = works - answered + answered * np.log(np.maximum(answered, 1e-9) / works)
    sure = (nats >= DOUBT_NATS) | (1 - share < settings.unable_success)
    bad = (total >= settings.unable_support) & (answered < settings.unable_success * normal) & sure
    return tuple(names.name("customer", code) for code in np.flatnonzero(mostly & bad).tolist())


def carried(minutes: Iterable[Minute], cause: Codes) -> bool:
    """Whether failover saves at least as many answers as are missing: of calls that left the cause for elsewhere, those
    that were answered or still are under way, against the answers that calls which touched the cause lack.

    A call's first attempt and its last may arrive minutes apart, so the calls are joined over the whole time.
    """
    closed_ones = [closed for closed in minutes if len(closed.rows)]
    if not closed_ones:
        return True
    call = np.concatenate([closed.rows.call for closed in closed_ones])
    within = np.concatenate([inside(cause, closed.rows.codes) for closed in closed_ones])
    last = np.concatenate([closed.rows.last for closed in closed_ones])
    answered = np.concatenate([closed.rows.answered for closed in closed_ones])
    normal = np.concatenate([closed.answer for closed in closed_ones])
    left = np.unique(call[within & ~last])
    elsewhere = np.isin(call, left) & last & ~within
    under_way = len(left) - len(np.intersect1d(left, call[last]))
    ended = last & np.isin(call, call[within]) & ~np.isnan(normal)
    missing = float(normal[ended].sum()) - float(answered[ended].sum())
    return int(answered[elsewhere].sum()) + under_way >= missing
