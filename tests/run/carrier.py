"""A small carrier of one morning with one fault, for tests of the whole way: seeded, not the product's simulator."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.records import BALANCE_SCHEMA, CDR_SCHEMA, SIP_SCHEMA, Kind

T0: Final = 1_760_000_040_000
"""On a minute."""
MINUTES: Final = 75
FAULT: Final = (45, 60)
"""Minutes in which terminator t-1 refuses two calls in three."""
CALLS_A_MINUTE: Final = 240


def cdrs(seed: int = 1) -> pl.DataFrame:
    """Call records in the order of arrival: 6 customers, 3 terminators, 4 destinations, one switch."""
    rng = np.random.default_rng(seed)
    count = MINUTES * CALLS_A_MINUTE
    ended = np.sort(T0 + rng.integers(0, MINUTES * 60_000, count))
    terminator = rng.integers(0, 3, count)
    minute = (ended - T0) // 60_000
    broken = (terminator == 1) & (minute >= FAULT[0]) & (minute < FAULT[1])
    answered = rng.random(count) < np.where(broken, 0.2, 0.6)
    talk = np.where(answered, rng.exponential(30_000, count).astype(np.int64) + 1000, 0)
    answered_at = ended - talk
    ringing_at = answered_at - rng.integers(500, 8000, count)
    setup_at = ringing_at - rng.integers(800, 1600, count)
    columns = {
        "call_id": [f"call-{n}" for n in range(count)],
        "attempt": np.ones(count, np.int32),
        "last_attempt": np.ones(count, bool),
        "switch": ["sw-1"] * count,
        "seq": np.arange(count),
        "customer": [f"cust-{n}" for n in rng.integers(0, 6, count)],
        "trunk": ["trunk-1"] * count,
        "destination": [f"dest-{n}" for n in rng.integers(0, 4, count)],
        "terminator": [f"t-{n}" for n in terminator],
        "setup_at": setup_at,
        "ringing_at": np.where(broken & ~answered, -1, ringing_at),
        "answered_at": np.where(answered, answered_at, -1),
        "ended_at": ended,
        "sip_code": np.where(answered, 200, np.where(broken, 503, rng.choice([486, 480, 487], count))),
        "emitted_at": ended,
    }
    frame = _framed(columns, CDR_SCHEMA)
    return frame.with_columns(pl.col("ringing_at", "answered_at").replace(-1, None))


def sips() -> pl.DataFrame:
    """Each minute every terminator answers OPTIONS; t-2 does not for six minutes."""
    minutes = np.repeat(np.arange(1, MINUTES), 3)
    peers = np.tile(np.arange(3), MINUTES - 1)
    down = (peers == 2) & (minutes >= 20) & (minutes < 26)
    columns = {
        "at": T0 + minutes * 60_000,
        "interval_ms": np.full(len(minutes), 60_000),
        "switch": ["sw-1"] * len(minutes),
        "peer": [f"t-{n}" for n in peers],
        "peer_kind": ["terminator"] * len(minutes),
        "metric": ["up"] * len(minutes),
        "value": np.where(down, 0.0, 1.0),
    }
    return _framed(columns, SIP_SCHEMA)


def balances() -> pl.DataFrame:
    """One customer is blocked in the tenth minute and pays in the fortieth."""
    columns = {
        "at": [T0 + 600_000, T0 + 2_400_000],
        "customer": ["cust-5", "cust-5"],
        "account": ["a-5", "a-5"],
        "event": ["blocked", "unblocked"],
        "balance_micro": [0, 50_000_000],
    }
    return _framed(columns, BALANCE_SCHEMA)


def morning() -> dict[Kind, pl.DataFrame]:
    """All records by kind."""
    return {"cdr": cdrs(), "sip": sips(), "balance": balances()}


def shuffled(kind: Kind, frame: pl.DataFrame, lateness_ms: int, seed: int) -> pl.DataFrame:
    """The rows out of order, each by less than the lateness."""
    arrival = frame["emitted_at" if kind == "cdr" else "at"].to_numpy()
    moved = arrival + np.random.default_rng(seed).integers(0, lateness_ms, len(arrival))
    return frame[np.argsort(moved, kind="stable")]


def _framed(columns: dict[str, object], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    given = pl.DataFrame(columns, schema_overrides={name: schema[name] for name in columns})
    return pl.concat([pl.DataFrame(schema=schema), given], how="diagonal").select(list(schema))
