"""How many attempts a slice usually has: a recent level and the level of the same hour on earlier days.

Expected is the smaller of the two, so that a night lull or a slow decline never looks like a fault. The recent level is
a mean over as long as fifty calls take (20 minutes to 12 hours), and a fall moves it only slowly.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import HOURS
from pipeline.leaves import FAMILIES, Leaves

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
WATCHED: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("customer",),
    ("trunk",),
    ("terminator",),
    ("switch",),
)
"""Not destinations: their traffic moves with prices, and a carrier that is offered less has no fault."""
CALLS: Final = 50.0
QUICKEST_MIN: Final = 20.0
SLOWEST_MIN: Final = 720.0
SEEN_MIN: Final = 60
FOLLOWED_MIN: Final = 60
SLOWLY: Final = 0.75
FIRST_DAY: Final = 0.5
"""A falling level is moved as if at least this share of it had come: a fault must not become normal while it is
weighed, an evening must, and more so before the hour is known from an earlier day."""
REMEMBERED_MIN: Final = 60 * 14
KEPT: Final = ("slices", "looked_at", "level", "age", "hourly", "hours_seen")


class Levels:
    """Levels of the watched slices; every array has a row for each of `slices` (ascending slice numbers)."""

    def __init__(self, leaves: Leaves) -> None:
        self.leaves = leaves
        self.slices: Ints = np.zeros(0, np.int64)
        self.looked_at = 0
        self.level: Floats = np.zeros(0)
        self.age: Floats = np.zeros(0)
        self.hourly: Floats = np.zeros((0, HOURS))
        self.hours_seen: Floats = np.zeros((0, HOURS))

    def grow(self) -> int:
        """Take in the slices that are new; how many there are now."""
        family = self.leaves.slice_family[self.looked_at :]
        fresh = self.looked_at + np.flatnonzero(np.array([f in WATCHED for f in FAMILIES])[family])
        self.looked_at = self.leaves.slice_count()
        if len(fresh):
            self.slices = np.concatenate([self.slices, fresh])
            for name in ("level", "age", "hourly", "hours_seen"):
                held = getattr(self, name)
                setattr(self, name, np.concatenate([held, np.zeros((len(fresh), *held.shape[1:]))]))
        return len(self.slices)

    def count(self, leaf: Ints, calls: Floats) -> Floats:
        """[slices] calls, from calls per leaf."""
        fan = self.leaves.fan(leaf)
        found = np.zeros(len(self.slices))
        if not len(self.slices):
            return found
        at = np.searchsorted(self.slices, fan.slices)
        at[at == len(self.slices)] = 0
        ours = self.slices[at] == fan.slices
        found[at[ours]] = fan.sums(calls)[ours]
        return found

    def expected(self, hour: int) -> Floats:
        """[slices] calls expected in a minute of this hour; nan where that is not known: a slice too quiet for its
        recent level to follow the day needs the same hour of an earlier day (of the other kind of day, if need be)."""
        usual = self._usual(hour)
        known = np.where(np.isnan(usual), self.level, np.minimum(self.level, usual))
        return np.where(np.isnan(usual) & (self.level * FOLLOWED_MIN < CALLS), np.nan, known)

    def _usual(self, hour: int) -> Floats:
        """[slices] level of this hour on earlier days; nan where it was never seen."""
        usual = np.where(self.hours_seen[:, hour] >= SEEN_MIN, self.hourly[:, hour], np.nan)
        other = (hour + HOURS // 2) % HOURS
        return np.where(np.isnan(usual) & (self.hours_seen[:, other] >= SEEN_MIN), self.hourly[:, other], usual)

    def learn(self, count: Floats, hour: int, held: npt.NDArray[np.bool_], falling: npt.NDArray[np.bool_]) -> None:
        """Learn a minute; slices under watch (`held`) are left as they are, `falling` ones move down slowly."""
        reach = np.clip(CALLS / np.maximum(self.level, 1e-9), QUICKEST_MIN, SLOWEST_MIN)
        pace = 1 / np.minimum(np.maximum(self.age, 1), reach)
        least = np.where(np.isnan(self._usual(hour)), FIRST_DAY, SLOWLY) * self.level
        counted = np.where(falling, np.maximum(count, least), count)
        self.level = np.where(held, self.level, self.level + (counted - self.level) * pace)
        self.age += 1
        weight = 1 / np.minimum(self.hours_seen[:, hour] + 1, REMEMBERED_MIN)
        self.hourly[:, hour] += np.where(held, 0.0, (count - self.hourly[:, hour]) * weight)
        self.hours_seen[:, hour] += ~held
