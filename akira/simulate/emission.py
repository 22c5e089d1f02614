"""How switches write records out: their own clocks and counters, lag, stragglers, repeats, losses, rating."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from akira.simulate.chance import Ints
from akira.simulate.effects import Effects, Late, Lose, Misrate, Repeat
from akira.simulate.legs import NEVER, Legs
from akira.simulate.routing import REASONS
from akira.simulate.traffic import Calls
from akira.simulate.world import World
from pipeline.records import CDR_SCHEMA

_LAG_MS: Final = 250.0
_LAG_SPREAD: Final = 1.1
_STRAGGLER_SHARE: Final = 2e-4
_STRAGGLER_MS: Final = 20_000.0
_REPEAT_SHARE: Final = 1e-4
_MISRATE_SHARE: Final = 2e-4
_TIMES: Final = ("setup_at", "ringing_at", "answered_at", "ended_at", "emitted_at")
_RELEASED: Final = ("caller", "callee", "switch")


class Emission:
    """Turns attempts into records, held back until the switch has written them."""

    def __init__(self, world: World, effects: Effects, rng: np.random.Generator) -> None:
        self._world, self._effects, self._rng = world, effects, rng
        self._counter = np.zeros(len(world.switches), dtype=np.int64)
        self._calls = 0
        self._talking: pl.DataFrame | None = None
        self._unsent: pl.DataFrame | None = None

    def write(self, calls: Calls, legs: Legs, until_ms: int) -> pl.DataFrame:
        """Records that arrive before `until_ms`, in order of arrival, in contract columns."""
        rows = _joined(self._talking, self._rows(calls, legs)).sort("ended_at", maintain_order=True)
        self._talking = rows.filter(pl.col("ended_at") >= until_ms)
        sent = _joined(self._unsent, self._sent(rows.filter(pl.col("ended_at") < until_ms), until_ms))
        self._unsent = sent.filter(pl.col("emitted_at") >= until_ms)
        return self._contract(sent.filter(pl.col("emitted_at") < until_ms)).sort("emitted_at", maintain_order=True)

    def _rows(self, calls: Calls, legs: Legs) -> pl.DataFrame:
        row = legs.call
        first, self._calls = self._calls, self._calls + len(calls)
        return pl.DataFrame(
            {
                "call": first + row,
                "attempt": legs.attempt,
                "last_attempt": legs.last,
                "customer": legs.customer,
                "destination": legs.destination,
                "trunk": legs.trunk,
                "switch": self._world.trunks.switch[legs.trunk],
                "terminator": legs.terminator,
                "cli": calls.cli[row],
                "dialed": calls.dialed[row],
                "setup_at": legs.setup,
                "ringing_at": legs.ringing,
                "answered_at": legs.answered,
                "ended_at": legs.ended,
                "sip_code": legs.code,
                "q850": legs.q850,
                "reason": legs.reason,
                "release": legs.release,
                "rtp_rx": legs.rtp_rx,
                "rtp_tx": legs.rtp_tx,
            }
        )

    def _sent(self, rows: pl.DataFrame, until_ms: int) -> pl.DataFrame:
        n, rng = len(rows), self._rng
        ended, switch = rows["ended_at"].to_numpy(), rows["switch"].to_numpy()
        lag = _LAG_MS * np.exp(_LAG_SPREAD * rng.standard_normal(n))
        lag += np.where(rng.random(n) < _STRAGGLER_SHARE, _STRAGGLER_MS * np.exp(0.65 * rng.standard_normal(n)), 0.0)
        lost, twice = np.zeros(n, dtype=np.bool_), rng.random(n) < _REPEAT_SHARE
        start = int(ended.min()) if n else until_ms
        for late in self._effects.of(Late, start, until_ms):
            inside = late.during(ended) & late.scope.holds(switch=switch)
            lag += inside * late.lag_ms * rng.uniform(0.95, 1.05, n)
        for lose in self._effects.of(Lose, start, until_ms):
            lost |= lose.during(ended) & lose.scope.holds(switch=switch) & (rng.random(n) < lose.share)
        for repeat in self._effects.of(Repeat, start, until_ms):
            twice |= repeat.during(ended) & repeat.scope.holds(switch=switch) & (rng.random(n) < repeat.share)
        rows = rows.with_columns(
            seq=pl.Series(self._numbered(switch)),
            emitted_at=pl.Series(ended + lag.astype(np.int64)),
            rating=pl.Series(self._rating(rows, start, until_ms)),
        )
        again = rows.filter(pl.Series(twice & ~lost))
        later = pl.Series(rng.integers(200, 20_000, len(again)), dtype=pl.Int64)
        return pl.concat([rows.filter(pl.Series(~lost)), again.with_columns(pl.col("emitted_at") + later)])

    def _numbered(self, switch: Ints) -> Ints:
        seq = np.zeros(len(switch), dtype=np.int64)
        for s in range(len(self._counter)):
            mine = switch == s
            count = int(mine.sum())
            seq[mine] = self._counter[s] + 1 + np.arange(count)
            self._counter[s] += count
        return seq

    def _rating(self, rows: pl.DataFrame, start: int, until_ms: int) -> Ints:
        """0 not answered, 1 rated, 2 failed."""
        answered, ended = rows["answered_at"].to_numpy() != NEVER, rows["ended_at"].to_numpy()
        failed = self._rng.random(len(rows)) < _MISRATE_SHARE
        for wrong in self._effects.of(Misrate, start, until_ms):
            inside = wrong.during(ended) & wrong.scope.holds(
                customer=rows["customer"].to_numpy(), destination=rows["destination"].to_numpy()
            )
            failed |= inside & (self._rng.random(len(rows)) < wrong.share)
        return np.where(answered, np.where(failed, 2, 1), 0)

    def _contract(self, rows: pl.DataFrame) -> pl.DataFrame:
        world = self._world
        people, terminator = world.customers, rows["terminator"].to_numpy()
        skew = pl.Series(world.skew_ms[rows["switch"].to_numpy()])
        tariff = pl.Series(world.destinations.tariff_micro[rows["destination"].to_numpy()])
        talk = pl.col("ended_at") - pl.col("answered_at")
        billed = pl.when(pl.col("answered_at") != NEVER).then(talk)
        rated = pl.when(pl.col("rating") == 1)
        frame = rows.with_columns(
            call_id=pl.format("c{}-{}@sim", pl.lit(world.seed), pl.col("call")),
            account=_named([a[0] for a in people.accounts], rows["customer"]),
            source_ip=pl.format("192.0.2.{}", pl.col("trunk") % 250 + 1),
            customer=_named(people.ids, rows["customer"]),
            destination=_named(world.destinations.names, rows["destination"]),
            trunk=_named(world.trunks.ids, rows["trunk"]),
            switch=_named(world.switches, rows["switch"]),
            terminator=_named([*world.terminators, None], terminator),
            egress_trunk=_named([*(f"{t}-e1" for t in world.terminators), None], terminator),
            reason=_named([r or None for r in REASONS], rows["reason"]),
            released_by=_named(_RELEASED, rows["release"]),
            q850=pl.when(pl.col("q850") >= 0).then(pl.col("q850")),
            billed_ms=billed,
            charge_micro=rated.then((talk / 1000).ceil().cast(pl.Int64) * tariff // 60),
            currency=rated.then(pl.lit("EUR")),
            rating=_named([None, "rated", "failed"], rows["rating"]),
            **{name: pl.when(pl.col(name) != NEVER).then(pl.col(name) + skew) for name in _TIMES},
        )
        return frame.select(pl.col(name).cast(kind) for name, kind in CDR_SCHEMA.items())


def _joined(held: pl.DataFrame | None, rows: pl.DataFrame) -> pl.DataFrame:
    return rows if held is None or held.is_empty() else pl.concat([held, rows])


def _named(names: object, index: pl.Series | Ints) -> pl.Series:
    table = pl.Series(list(names), dtype=pl.String)  # type: ignore[call-overload]
    places = np.asarray(index)
    return table.gather(np.where(places < 0, len(table) + places, places))
