"""What a fault or a confounder does to calls, records, metrics and accounts: small effects that recipes combine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

import numpy as np

from akira.simulate.chance import Bools, Floats, Ints

Codes = tuple[tuple[int, float], ...]
"""SIP final codes and their shares."""

CONFOUNDER: Final = -1
"""The `fault` of an effect that is no fault."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The calls an effect touches: those whose every named dimension has one of the indices; None names nothing."""

    customer: tuple[int, ...] | None = None
    destination: tuple[int, ...] | None = None
    terminator: tuple[int, ...] | None = None
    trunk: tuple[int, ...] | None = None
    switch: tuple[int, ...] | None = None

    def holds(self, **columns: Ints) -> Bools:
        """Which rows are inside; a dimension that is named here but absent from `columns` is an error of the caller."""
        inside: Bools | None = None
        for name in ("customer", "destination", "terminator", "trunk", "switch"):
            wanted = getattr(self, name)
            if wanted is not None:
                here = np.isin(columns[name], np.array(wanted, dtype=np.int64))
                inside = here if inside is None else inside & here
        if inside is None:
            return np.ones(len(next(iter(columns.values()))), dtype=np.bool_)
        return inside


ANYTHING: Final = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """In force for calls set up in [start, end), epoch ms. `fault` numbers the fault it belongs to."""

    start: int
    end: int
    fault: int = CONFOUNDER
    scope: Scope = ANYTHING

    def during(self, at: Ints) -> Bools:
        """Which of these instants lie in it."""
        return (at >= self.start) & (at < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume(Effect):
    """Traffic multiplied by `factor`, in a straight line over `ramp_ms`. `vanish`: the calls are tried in vain."""

    factor: float
    ramp_ms: int = 0
    vanish: bool = False

    def at(self, times: Ints) -> Floats:
        """The factor at each instant, 1 outside."""
        if self.ramp_ms:
            up = np.clip((times - self.start) / self.ramp_ms, 0.0, 1.0)
            down = np.clip((self.end - times) / self.ramp_ms, 0.0, 1.0)
            return np.where(self.during(times), 1.0 + (self.factor - 1.0) * np.minimum(up, down), 1.0)
        return np.where(self.during(times), self.factor, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix(Effect):
    """The customers in scope call other destinations: their shares are drawn anew."""

    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Effect):
    """Local clocks of customers are `shift_h` ahead (daylight saving), or keep Sunday's hours (`sunday`)."""

    shift_h: float = 0.0
    sunday: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialler(Effect):
    """Extra calls of one customer at `per_minute`; a share of the numbers does not exist, answers are brief."""

    per_minute: float
    garbage: float
    answers: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries(Effect):
    """A failed call is tried again with this probability instead of the usual one."""

    again: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Effect):
    """The switch refuses calls before any supplier is tried."""

    code: int
    reason: str
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Divert(Effect):
    """Least-cost routing prefers `to` where it would have chosen a supplier in scope."""

    to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage(Effect):
    """A supplier is dead, its calls go to the next. Quiet: dropped from routing after `notice_ms`; loud: tried on."""

    terminator: int
    notice_ms: int
    loud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(Effect):
    """A call that a supplier in scope fails comes back to it, or goes to and fro among them, and nowhere else: `tries`
    attempts in all."""

    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail(Effect):
    """Answers survive with probability `keep`; what is lost, and `spoil` of the subscriber's own failures, ends so."""

    keep: float
    codes: Codes
    spoil: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow(Effect):
    """Post-dial delay grows by `add_ms`."""

    add_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shorten(Effect):
    """Talk is multiplied by `factor`; `one_way`: no media comes from the supplier."""

    factor: float
    one_way: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAnswer(Effect):
    """The supplier answers before the subscriber does, so that `share` of its answers are false."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrun(Effect):
    """The supplier passes the subscriber's hanging up on too late, in `share` of the cases."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Late(Effect):
    """Records of the switches in scope are written `lag_ms` later."""

    lag_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose(Effect):
    """A share of the records is written nowhere, though the switch counted them."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Effect):
    """A share of the records is written twice."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Misrate(Effect):
    """Rating fails on a share of the answered calls."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Effect):
    """A metric of these peers is multiplied by `factor` and raised by `add` per minute."""

    metric: str
    peer_kind: Literal["trunk", "terminator", "switch"]
    peers: tuple[int, ...]
    factor: float = 1.0
    add: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(Effect):
    """Calls of this fault tried in vain count as ACL denials, of the trunk or (`trunk=False`) of the switch."""

    trunk: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Effect):
    """Accounts of customers in scope are blocked, or fall below their threshold, and are put right at the end."""

    event: Literal["threshold", "blocked"]
    reason: str


E = TypeVar("E", bound=Effect)


@dataclass(frozen=True, slots=True)
class Effects:
    """All effects of a run."""

    all: tuple[Effect, ...] = field(default=())

    def of(self, kind: type[E], start: int, end: int) -> list[E]:
        """Those of one kind that touch [start, end), in order."""
        return [e for e in self.all if isinstance(e, kind) and e.start < end and e.end > start]


def gather(groups: Iterable[Iterable[Effect]]) -> Effects:
    """One bag of the effects of many faults."""
    return Effects(tuple(effect for group in groups for effect in group))
