"""A small carrier for tests of the watch: Poisson calls over named customers, terminators and destinations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from akira.watching import new_watch
from pipeline.directory import Customer, Directory, Switch
from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.records import CDR_SCHEMA, MINUTE_MS
from pipeline.settings import WatchSettings
from pipeline.watch import Watch

START_MS = 1_795_516_800_000
CUSTOMERS = tuple(f"cust-{n}" for n in range(6))
TERMINATORS = ("term-0", "term-1", "term-2")
DESTINATIONS = ("Alpha", "Beta", "Gamma", "Delta")
SWITCHES = ("sw-0", "sw-1")
CURRENCIES = ("EUR", "USD")
DIRECTORY = Directory(
    customers=tuple(Customer(id=name, major=name == "cust-0") for name in CUSTOMERS),
    switches=tuple(Switch(id=name) for name in SWITCHES),
)
Columns = dict[str, np.ndarray]
Fault = Callable[[Columns, np.ndarray, np.random.Generator], None]
"""Changes the columns in place; `minute` of each call since the start is the second argument."""


@dataclass
class Carrier:
    """Calls of `minutes` at `rate` a minute, after the faults."""

    minutes: int = 90
    rate: float = 400.0
    seed: int = 1
    faults: list[Fault] = field(default_factory=list)

    def frame(self) -> pl.DataFrame:
        """The records, in order of arrival."""
        rng = np.random.default_rng(self.seed)
        n = int(rng.poisson(self.rate * self.minutes))
        setup = np.sort(rng.integers(0, self.minutes * MINUTE_MS, n)) + START_MS
        columns: Columns = {
            "customer": rng.integers(0, len(CUSTOMERS), n),
            "terminator": rng.integers(0, len(TERMINATORS), n),
            "destination": rng.integers(0, len(DESTINATIONS), n),
            "switch": rng.integers(0, len(SWITCHES), n),
            "answered": rng.random(n) < 0.6,
            "rang": rng.random(n) < 0.98,
            "pdd_ms": rng.lognormal(7.0, 0.4, n).astype(np.int64),
            "talk_ms": np.minimum(rng.lognormal(9.5, 0.8, n), 120_000).astype(np.int64),
            "sip_code": rng.choice([486, 480, 503], n, p=[0.6, 0.35, 0.05]),
            "lag_ms": np.full(n, 500),
            "keep": np.ones(n, np.bool_),
            "rating": np.ones(n, np.int64),
            "media": np.ones(n, np.int64),
            "tariff_micro": np.zeros(n, np.int64),
            "currency": np.zeros(n, np.int64),
        }
        for fault in self.faults:
            fault(columns, (setup - START_MS) // MINUTE_MS, rng)
        return _frame(columns, setup).filter(pl.Series(columns["keep"])).sort("emitted_at", "call_id")


def tariffs(c: Columns, minute: np.ndarray, rng: np.random.Generator) -> None:
    """A price for each destination."""
    c["tariff_micro"] = np.array([60_000, 120_000, 300_000, 30_000])[c["destination"]]


def _frame(c: Columns, setup: np.ndarray) -> pl.DataFrame:
    rang = c["rang"] & ~((c["sip_code"] == 503) & ~c["answered"])
    ringing = setup + c["pdd_ms"]
    answered = ringing + 1500
    ended = np.where(c["answered"], answered + c["talk_ms"], ringing + 4000)
    charged = c["answered"] & (c["rating"] == 1) & (c["tariff_micro"] > 0)
    frame = pl.DataFrame(
        {
            "call_id": [f"call-{n}" for n in range(len(setup))],
            "attempt": 1,
            "last_attempt": True,
            "switch": pl.Series(SWITCHES).gather(c["switch"]),
            "customer": pl.Series(CUSTOMERS).gather(c["customer"]),
            "terminator": pl.Series(TERMINATORS).gather(c["terminator"]),
            "destination": pl.Series(DESTINATIONS).gather(c["destination"]),
            "setup_at": setup,
            "ringing_at": pl.Series(np.where(rang, ringing, -1)).replace(-1, None),
            "answered_at": pl.Series(np.where(c["answered"], answered, -1)).replace(-1, None),
            "ended_at": ended,
            "sip_code": np.where(c["answered"], 200, c["sip_code"]),
            "rtp_rx": c["media"] * 100,
            "rating": pl.Series(["failed", "rated"]).gather(c["rating"]),
            "charge_micro": pl.Series(np.where(charged, c["talk_ms"] * c["tariff_micro"] // MINUTE_MS, -1)).replace(
                -1, None
            ),
            "currency": pl.Series(CURRENCIES).gather(c["currency"]),
            "emitted_at": ended + c["lag_ms"],
        }
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in CDR_SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(missing).select(list(CDR_SCHEMA)).cast(CDR_SCHEMA)  # type: ignore[arg-type]


def watch() -> Watch:
    """A fresh watch of this carrier."""
    return new_watch(DIRECTORY, WatchSettings())


def replay(*batches: Batch) -> list[Incident]:
    """Every revision of every incident."""
    fresh = watch()
    told = [incident for batch in batches for incident in fresh.feed(batch)]
    return told + fresh.finish()


def latest(told: list[Incident]) -> list[Incident]:
    """The last revision of each incident, in order of opening."""
    return list({incident.id: incident for incident in told}.values())
