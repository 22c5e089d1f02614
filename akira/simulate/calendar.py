"""When people call: hours of the day, days of the week, local clocks."""

from __future__ import annotations

from typing import Final

import numpy as np

from akira.simulate.chance import Bools, Floats, Ints, frailty
from akira.simulate.effects import Clock, Effects
from akira.simulate.world import World

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
_OFFICE: Final = np.array(
    [4, 3, 3, 3, 4, 8, 20, 50, 85, 100, 105, 105, 92, 98, 105, 102, 95, 78, 55, 40, 28, 18, 10, 6], dtype=np.float64
)
_HOME: Final = np.array(
    [16, 10, 8, 6, 6, 8, 15, 30, 45, 55, 62, 66, 68, 66, 68, 72, 80, 92, 105, 112, 108, 90, 60, 32], dtype=np.float64
)
_WEEK_OFFICE: Final = np.array([1.0, 1.05, 1.05, 1.03, 0.95, 0.45, 0.35])
_WEEK_HOME: Final = np.array([0.97, 0.97, 0.98, 1.0, 1.05, 1.08, 1.1])
_FRAILTY_VARIANCE: Final = 0.1
_SUNDAY: Final = 6


def local_hours(at_ms: Ints, phase_h: Floats) -> Floats:
    """Hour of the local day, 0-24."""
    hours: Floats = (at_ms / HOUR_MS + phase_h) % 24.0
    return hours


def weekday(at_ms: Ints, phase_h: Floats) -> Ints:
    """Day of the local week, Monday is 0 (1970-01-01 was a Thursday)."""
    return (np.floor(at_ms / DAY_MS + phase_h / 24.0).astype(np.int64) + 3) % 7


def rates(world: World, effects: Effects, start_ms: int, minutes: int) -> Floats:
    """Calls a minute of every customer (rows) in every minute (columns) from `start_ms`, without faults."""
    people = world.customers
    at = start_ms + MINUTE_MS * np.arange(minutes, dtype=np.int64)[None, :]
    phase, sunday = _clocks(world, effects, at)
    hours, day = local_hours(at, phase), weekday(at, phase)
    day = np.where(sunday, _SUNDAY, day)
    business = people.business[:, None]
    shape = np.where(
        business,
        _curve(_OFFICE, hours) * _WEEK_OFFICE[day],
        _curve(_HOME, hours) * _WEEK_HOME[day],
    )
    who = np.arange(len(people.ids), dtype=np.int64)[:, None]
    hour = np.unique(at // HOUR_MS)
    luck = frailty(world.seed + 11, _FRAILTY_VARIANCE, who, hour[None, :])[:, np.searchsorted(hour, at[0] // HOUR_MS)]
    per_minute: Floats = people.share[:, None] * (world.scale.calls_per_day / 1440.0) * shape * luck
    return per_minute


def _curve(table: Floats, hours: Floats) -> Floats:
    below = hours.astype(np.int64) % 24
    part = hours - np.floor(hours)
    level = table / table.mean()
    value: Floats = level[below] * (1 - part) + level[(below + 1) % 24] * part
    return value


def _clocks(world: World, effects: Effects, at: Ints) -> tuple[Floats, Bools]:
    phase = np.broadcast_to(world.customers.phase_h[:, None], (len(world.customers.ids), at.shape[1])).copy()
    sunday = np.zeros(phase.shape, dtype=np.bool_)
    who = np.arange(len(world.customers.ids), dtype=np.int64)
    for clock in effects.of(Clock, int(at[0, 0]), int(at[0, -1]) + MINUTE_MS):
        rows = clock.scope.holds(customer=who)
        here = rows[:, None] & clock.during(at)
        phase += clock.shift_h * here
        sunday |= here & clock.sunday
    return phase, sunday
