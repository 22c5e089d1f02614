"""Who is hit: last attempts of the calls that touched the cause, per customer, added up minute by minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.incidents import Impact
from pipeline.names import Names
from pipeline.quality.cause import Codes, inside
from pipeline.quality.recent import Minute
from pipeline.settings import SeveritySettings

TOUCHED_LEAST = 2
MAJOR_LEAST = 5
JUDGED_MIN = 10
DOUBT_NATS = 4.6
"""One in a hundred."""


@dataclass(slots=True)
class Tally:
    """Per customer: attempts, failures, expected failures within the cause, and all its attempts."""

    rows: dict[str, list[float]] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=dict)

    def add(self, closed: Minute, cause: Codes, names: Names) -> None:
        """Add one closed minute."""
        rows = closed.rows
        if not len(rows):
            return
        within = inside(cause, rows.codes)
        touched = rows.last & np.isin(rows.call, np.unique(rows.call[within]))
        customer = rows.of("customer")
        size = names.count("customer")
        total = np.bincount(customer[touched], minlength=size)
        failed = np.bincount(customer[touched & ~rows.answered], minlength=size)
        normal = np.where(np.isnan(closed.answer), rows.answered, closed.answer)
        missed = np.bincount(customer[touched], 1 - normal[touched], size)
        everything = np.bincount(customer[rows.last], minlength=size)
        for code in np.flatnonzero(total).tolist():
            row = self.rows.setdefault(names.name("customer", code), [0.0, 0.0, 0.0])
            row[0] += float(total[code])
            row[1] += float(failed[code])
            row[2] += float(missed[code])
        for code in np.flatnonzero(everything).tolist():
            name = names.name("customer", code)
            self.own[name] = self.own.get(name, 0) + int(everything[code])

    def impacts(self, majors: frozenset[str], known: Iterable[str]) -> tuple[Impact, ...]:
        """The customers affected, most failures above normal first; `known` are affected whatever the calls say."""
        named = {name for name, row in self.rows.items() if row[0] >= TOUCHED_LEAST} | set(known)
        found = []
        for name in named:
            attempts, failures, missed = self.rows.get(name, [0.0, 0.0, 0.0])
            own = self.own.get(name, 0)
            share = round(attempts / own, 4) if own else 0.0
            found.append(Impact(name, name in majors, int(attempts), int(failures), round(missed, 2), min(share, 1.0)))
        return tuple(sorted(found, key=lambda i: (i.expected_failures - i.failures, i.customer)))


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
