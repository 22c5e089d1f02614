"""Prepaid accounts: spending, top-ups, thresholds and blocking."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from akira.simulate.calendar import HOUR_MS
from akira.simulate.chance import Floats, uniform
from akira.simulate.effects import Account, Effects
from akira.simulate.world import World
from pipeline.records import BALANCE_SCHEMA

_DAYS_IN_HAND: Final = 3.0
_SPEND_PER_CALL_MICRO: Final = 90_000.0
_THRESHOLD_SHARE: Final = 0.1
_TOPUP_SHARE: Final = 0.35
_SPENT_SHARE: Final = 0.07
Row = tuple[int, str, str, str, int, int, str, str | None]


class Accounts:
    """Balances of the prepaid customers, an event an hour each, and what faults do to them."""

    def __init__(self, world: World, effects: Effects) -> None:
        self._world, self._effects = world, effects
        daily = world.customers.share * world.scale.calls_per_day * _SPEND_PER_CALL_MICRO
        self._full: Floats = np.maximum(daily * _DAYS_IN_HAND, 20_000_000.0)
        self._balance = self._full * (0.5 + 0.5 * uniform(world.seed + 31, np.arange(len(daily), dtype=np.int64)))
        self._hourly: Floats = daily / 24.0

    def events(self, begin_ms: int, end_ms: int) -> pl.DataFrame:
        """Events of [begin, end), in order of time, in contract columns."""
        rows: list[Row] = []
        for hour in range(-(-begin_ms // HOUR_MS), -(-end_ms // HOUR_MS)):
            for c in np.flatnonzero(self._world.customers.prepaid):
                rows += self._hour(int(c), hour * HOUR_MS)
        for account in self._effects.all:
            if isinstance(account, Account):
                rows += [row for row in self._put(account) if begin_ms <= row[0] < end_ms]
        frame = pl.DataFrame(rows, schema=BALANCE_SCHEMA, orient="row")
        return frame.filter(pl.col("at") < end_ms).sort("at", maintain_order=True)

    def _hour(self, c: int, at: int) -> list[Row]:
        if any(
            isinstance(e, Account) and c in (e.scope.customer or ()) and e.start - HOUR_MS <= at < e.end + HOUR_MS
            for e in self._effects.all
        ):
            return []
        at += c * 97 % 3_000 * 1_000
        self._balance[c] -= self._hourly[c]
        if self._balance[c] < _TOPUP_SHARE * self._full[c]:
            self._balance[c] = self._full[c]
            return [self._row(at, c, "topup", self._balance[c], None)]
        return [self._row(at, c, "balance", self._balance[c], None)]

    def _put(self, fault: Account) -> list[Row]:
        rows: list[Row] = []
        for c in fault.scope.customer or ():
            low = _SPENT_SHARE * self._full[c] if fault.event == "threshold" else -0.01 * self._full[c]
            rows.append(self._row(fault.start, c, fault.event, low, fault.reason))
            if fault.event == "blocked":
                rows.append(self._row(fault.end, c, "unblocked", self._full[c], None))
            rows.append(self._row(fault.end, c, "topup", self._full[c], None))
        return rows

    def _row(self, at: int, c: int, event: str, balance: float, reason: str | None) -> Row:
        people = self._world.customers
        threshold = int(_THRESHOLD_SHARE * self._full[c])
        return (at, people.ids[c], people.accounts[c][0], event, int(balance), threshold, "EUR", reason)
