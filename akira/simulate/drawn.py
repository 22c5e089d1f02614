"""Faults and confounders drawn from a seed: kinds in turn, strengths from a grid, slices busy enough to be worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from akira.errors import OperatorError
from akira.simulate.scenario import Draw, Event
from akira.simulate.world import Scale

_EARLIEST_MIN: Final = 6 * 60
_LATEST_MIN: Final = 21 * 60 + 30
_LAST_MIN: Final = 24 * 60 - 1
_GAP_MIN: Final = 25
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind with a style and strength, and how many calls of its slice make it worth a ticket."""

    kind: str
    style: str
    strength: float | None
    calls: int
    count: int = 1


GRID: Final[tuple[Choice, ...]] = (
    Choice("asr_drop", "terminator", 0.5, 600),
    Choice("asr_drop", "terminator_destination", 0.2, 210),
    Choice("asr_drop", "customer_destination", 0.2, 210),
    Choice("asr_drop", "destination", 0.5, 600),
    Choice("asr_drop", "terminator", 0.0, 210),
    Choice("asr_drop", "terminator", 0.7, 1700),
    Choice("asr_drop", "trunk", 0.0, 210),
    Choice("asr_drop", "customer", 0.5, 600),
    Choice("ner_drop", "terminator", 0.6, 400),
    Choice("acd_drop", "terminator", 0.5, 700),
    Choice("acd_drop", "terminator_destination", 0.4, 500),
    Choice("pdd_rise", "terminator", 5.0, 200),
    Choice("pdd_rise", "terminator_destination", 10.0, 150),
    Choice("pdd_rise", "destination", 5.0, 200),
    Choice("fas", "terminator_destination", 0.4, 250),
    Choice("fas", "terminator", 0.2, 700),
    Choice("traffic_drop", "customer", 0.05, 200),
    Choice("sip_unreachable", "", None, 80),
    Choice("registration_loss", "", None, 80),
    Choice("acl_denied", "", None, 120),
    Choice("acl_denied", "trunk", None, 120),
    Choice("route_failover", "quiet", None, 300),
    Choice("route_failover", "loud", None, 300),
    Choice("route_failover", "loop", None, 300),
    Choice("cdr_delayed", "", 600.0, 0),
    Choice("cdr_missing", "", 0.3, 0),
    Choice("cdr_duplicated", "", 0.5, 0),
    Choice("rating_failure", "", 0.5, 0),
    Choice("balance_threshold", "", None, 0),
    Choice("balance_blocked", "", None, 0, 1),
    Choice("balance_blocked", "", None, 0, 6),
    Choice("platform_down", "", None, 0),
    Choice("platform_down", "silent", None, 0),
)
_CONFOUNDERS: Final = (
    "mix_shift", "ramp", "surge", "dialler", "outage_end", "retries", "benign_lcr", "price_move", "new_customer",
    "new_destination", "dst_step",
)  # fmt: skip


def draw(wanted: Draw, scale: Scale, days: int, seed: int) -> tuple[list[tuple[Event, float]], list[Event]]:
    """Events with the least share of all calls that their slice should have, and confounders."""
    rng = np.random.default_rng([seed, 2])
    grid = [c for c in GRID if not wanted.kinds or c.kind in wanted.kinds]
    if not grid:
        raise OperatorError(f"no such kinds of fault: {', '.join(wanted.kinds)}", "see docs/simulator.md")
    chosen = _turns(grid, wanted.faults, rng)
    shortest, longest = np.log(wanted.shortest_min), np.log(wanted.longest_min)
    length = np.exp(rng.uniform(shortest, longest, len(chosen))).astype(int)
    per_day = -(-len(chosen) // days) if chosen else 0
    faults: list[tuple[Event, float]] = []
    for day in range(days):
        some = range(day * per_day, min((day + 1) * per_day, len(chosen)))
        lengths = [int(length[i]) for i in some]
        for place, at in zip(some, _overlapping(_times(lengths, rng), lengths, wanted.overlaps, rng), strict=True):
            faults.append(_event(chosen[place], day, at, int(length[place]), scale))
    likenesses = _turns(wanted.confounder_kinds or _CONFOUNDERS, wanted.confounders, rng)
    return faults, [_confounder(kind, days, rng) for kind in likenesses]


def _turns(grid: Sequence[T], size: int, rng: np.random.Generator) -> list[T]:
    """Every choice of the grid once before any comes again."""
    order = np.concatenate([rng.permutation(len(grid)) for _ in range(-(-size // len(grid)) or 1)])[:size]
    return [grid[int(i)] for i in order]


def _times(lengths: list[int], rng: np.random.Generator) -> list[int]:
    """Minutes of the day, one after another with random spaces; when the day is too short for all they overlap."""
    room = _LATEST_MIN - _EARLIEST_MIN - sum(lengths) - _GAP_MIN * len(lengths)
    spaces = rng.dirichlet(np.ones(len(lengths) + 1)) * max(room, 0)
    at, times = float(_EARLIEST_MIN), []
    for space, length in zip(spaces[:-1], lengths, strict=True):
        at += space
        times.append(max(int(min(at, _LATEST_MIN - length)), 0))
        at += length + _GAP_MIN
    return times


def _overlapping(times: list[int], lengths: list[int], share: float, rng: np.random.Generator) -> list[int]:
    """The times, where a share of the faults begins while the one before lasts."""
    if share:
        for place in range(1, len(times)):
            if rng.random() < share:
                begins = times[place - 1] + rng.uniform(0.2, 0.8) * lengths[place - 1]
                times[place] = min(int(begins), _LAST_MIN)
    return times


def _event(choice: Choice, day: int, at: int, length: int, scale: Scale) -> tuple[Event, float]:
    per_minute = scale.calls_per_day / 1440.0
    event = Event(
        kind=choice.kind,
        at=f"{day}d {at // 60:02d}:{at % 60:02d}",
        lasts=f"{length}m",
        strength=choice.strength,
        style=choice.style,
        count=choice.count,
    )
    return event, choice.calls / (per_minute * length)


def _confounder(kind: str, days: int, rng: np.random.Generator) -> Event:
    day = int(rng.integers(days))
    at = int(rng.integers(_EARLIEST_MIN, _LATEST_MIN - 120))
    length = int(rng.integers(40, 120))
    return Event(kind=kind, at=f"{day}d {at // 60:02d}:{at % 60:02d}", lasts=f"{length}m")
