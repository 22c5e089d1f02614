"""What the SIP elements count every minute: calls and responses of switches, health of trunks and suppliers."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from akira.simulate.calendar import MINUTE_MS
from akira.simulate.chance import Floats, Ints
from akira.simulate.effects import Denied, Effects, Gauge
from akira.simulate.legs import Legs
from akira.simulate.traffic import Calls
from akira.simulate.world import World
from pipeline.records import SIP_SCHEMA

_COUNTED: Final = ("invites", "answers", "responses_4xx", "responses_5xx", "responses_6xx", "active_calls")
_DENIED_PER_MINUTE: Final = 1.5
_REFUSED_REGISTERS_PER_MINUTE: Final = 2.0
_LOST_PROBE: Final = 1e-5
_TAIL_MINUTES: Final = 720
"""Calls may end so long after the run: counted, never shown."""


class Samples:
    """Counts calls as they are simulated and gives the samples of each stretch of minutes."""

    def __init__(self, world: World, effects: Effects, rng: np.random.Generator, start_ms: int, minutes: int) -> None:
        self._world, self._effects, self._rng, self._start = world, effects, rng, start_ms
        self._minutes = minutes + _TAIL_MINUTES
        self._counts = {name: np.zeros((len(world.switches), self._minutes)) for name in _COUNTED}
        self._denied_switch = np.zeros((len(world.switches), self._minutes))
        self._denied_trunk = np.zeros((len(world.trunks.ids), self._minutes))
        self._registered = 10.0 + 190.0 * np.random.default_rng([world.seed, 3]).random(len(world.trunks.ids))

    def count(self, legs: Legs, lost: list[tuple[int, Calls]]) -> None:
        """Add attempts, and calls tried in vain that an ACL denied."""
        switch = self._world.trunks.switch[legs.trunk]
        skew = self._world.skew_ms[switch]
        first, last = legs.attempt == 1, legs.last
        self._add("invites", switch[first], (legs.setup + skew)[first])
        self._add("active_calls", switch[first], (legs.setup + skew)[first])
        self._add("active_calls", switch[last], (legs.ended + skew)[last], -1.0)
        answered = last & (legs.code == 200)
        self._add("answers", switch[answered], (legs.answered + skew)[answered])
        for digit in (4, 5, 6):
            rows = last & (legs.code // 100 == digit)
            self._add(f"responses_{digit}xx", switch[rows], (legs.ended + skew)[rows])
        for fault, calls in lost:
            for denied in self._effects.all:
                if isinstance(denied, Denied) and denied.fault == fault:
                    place = calls.trunk if denied.trunk else self._world.trunks.switch[calls.trunk]
                    table = self._denied_trunk if denied.trunk else self._denied_switch
                    np.add.at(table, (place, self._minute(calls.setup)), 1.0)

    def minutes(self, begin_ms: int, end_ms: int) -> pl.DataFrame:
        """Samples of [begin, end), in order of time, in contract columns."""
        span = slice((begin_ms - self._start) // MINUTE_MS, (end_ms - self._start) // MINUTE_MS)
        at = np.arange(begin_ms, end_ms, MINUTE_MS, dtype=np.int64)
        parts = [self._switch_part(name, table[:, span], at) for name, table in self._shown().items()]
        parts += self._peer_parts(span, at)
        return pl.concat(parts).sort("at", maintain_order=True)

    def _shown(self) -> dict[str, Floats]:
        shown = dict(self._counts)
        shown["active_calls"] = np.cumsum(self._counts["active_calls"], axis=1)
        return shown

    def _switch_part(self, metric: str, table: Floats, at: Ints) -> pl.DataFrame:
        return self._frame("switch", metric, self._bent("switch", metric, table, at), at)

    def _peer_parts(self, span: slice, at: Ints) -> list[pl.DataFrame]:
        world, rng = self._world, self._rng
        switches, trunks, suppliers = len(world.switches), len(world.trunks.ids), len(world.terminators)
        n = len(at)
        denied = rng.poisson(_DENIED_PER_MINUTE / switches, (switches, n)) + self._denied_switch[:, span]
        refused = rng.poisson(_REFUSED_REGISTERS_PER_MINUTE / switches, (switches, n)).astype(np.float64)
        parts = [self._switch_part("acl_denied", denied, at), self._switch_part("register_failures", refused, at)]
        for kind, size in (("trunk", trunks), ("terminator", suppliers)):
            up = (rng.random((size, n)) >= _LOST_PROBE).astype(np.float64)
            parts.append(self._frame(kind, "up", self._bent(kind, "up", up, at), at))
        rtt = 18.0 + 4.0 * rng.random((suppliers, n))
        parts.append(self._frame("terminator", "rtt_ms", self._bent("terminator", "rtt_ms", rtt, at), at))
        alive = np.round(self._registered[:, None] * (1.0 + 0.02 * rng.standard_normal((trunks, n))))
        alive = self._bent("trunk", "registrations", alive, at)
        parts.append(self._frame("trunk", "registrations", alive, at, np.flatnonzero(world.trunks.registers)))
        hit = np.flatnonzero(self._denied_trunk[:, span].any(axis=1))
        parts.append(self._frame("trunk", "acl_denied", self._denied_trunk[:, span], at, hit))
        return parts

    def _bent(self, kind: str, metric: str, table: Floats, at: Ints) -> Floats:
        table = table.astype(np.float64)
        for gauge in self._effects.of(Gauge, int(at[0]), int(at[-1]) + MINUTE_MS):
            if gauge.metric == metric and gauge.peer_kind == kind:
                columns = np.flatnonzero((at + MINUTE_MS > gauge.start) & (at + MINUTE_MS <= gauge.end))
                place = np.ix_(np.array(gauge.peers, dtype=np.int64), columns)
                table[place] = np.round(table[place] * gauge.factor + gauge.add)
        return table

    def _frame(self, kind: str, metric: str, table: Floats, at: Ints, rows: Ints | None = None) -> pl.DataFrame:
        world = self._world
        rows = np.arange(len(table), dtype=np.int64) if rows is None else rows
        peer, n = np.repeat(rows, len(at)), len(rows) * len(at)
        if kind == "trunk":
            switch, names, owner = world.trunks.switch[peer], world.trunks.ids, world.trunks.customer[peer]
        elif kind == "terminator":
            switch, names, owner = peer % len(world.switches), world.terminators, None
        else:
            switch, names, owner = peer, (), None
        owners = None if owner is None else pl.Series(world.customers.ids).gather(owner)
        frame = pl.DataFrame(
            {
                "at": np.tile(at + MINUTE_MS, len(rows)),
                "switch": pl.Series(world.switches).gather(switch),
                "peer": pl.Series(names).gather(peer) if names else pl.Series([None] * n, dtype=pl.String),
                "customer": owners if owners is not None else pl.Series([None] * n, dtype=pl.String),
                "value": table[rows].ravel(),
            }
        ).with_columns(interval_ms=pl.lit(MINUTE_MS), peer_kind=pl.lit(kind), metric=pl.lit(metric))
        return frame.select(pl.col(name).cast(dtype) for name, dtype in SIP_SCHEMA.items())

    def _add(self, metric: str, switch: Ints, at: Ints, weight: float = 1.0) -> None:
        np.add.at(self._counts[metric], (switch, self._minute(at)), weight)

    def _minute(self, at: Ints) -> Ints:
        return np.clip((at - self._start) // MINUTE_MS, 0, self._minutes - 1)
