"""Decode and validate call records on one core: CDR a second from Parquet and NDJSON, beside two rivals.

Rivals in the same run: pydantic row by row (`model_validate_json`), and polars `read_ndjson` alone, which checks
nothing. Times are CPU seconds of this process; run with one thread:

    POLARS_MAX_THREADS=1 python -m benchmarks.intake [ROWS]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from connectors.codec import decode, read_file, write
from pipeline.intake.exact import Cdr
from pipeline.records import CDR_SCHEMA

_START = 1_790_000_000_000


def records(rows: int, seed: int = 1) -> pl.DataFrame:
    """A busy carrier: 500 customers, 80 terminators, 900 destinations, 52 % answered."""
    draw = np.random.default_rng(seed)
    setup = _START + np.sort(draw.integers(0, 3_600_000, rows))
    ring = setup + draw.integers(300, 4_000, rows)
    answered = draw.random(rows) < 0.52
    answer = ring + draw.integers(500, 20_000, rows)
    end = answer + np.where(answered, draw.integers(1_000, 300_000, rows), 0)
    number = pl.Series(draw.integers(10**10, 10**11, rows)).cast(pl.String)
    frame = pl.DataFrame(
        {
            "call_id": pl.Series(draw.integers(10**17, 10**18, rows)).cast(pl.String) + "@198.51.100.7",
            "attempt": np.ones(rows, np.int32),
            "last_attempt": np.ones(rows, np.bool_),
            "switch": "sw-" + pl.Series(draw.integers(0, 4, rows)).cast(pl.String),
            "customer": "cust-" + pl.Series(draw.zipf(1.3, rows) % 500).cast(pl.String),
            "trunk": "trunk-" + pl.Series(draw.integers(0, 240, rows)).cast(pl.String),
            "cli": number,
            "dialed": number.reverse(),
            "destination": "dest-" + pl.Series(draw.zipf(1.3, rows) % 900).cast(pl.String),
            "terminator": "term-" + pl.Series(draw.zipf(1.3, rows) % 80).cast(pl.String),
            "setup_at": setup,
            "ringing_at": ring,
            "answered_at": pl.select(pl.when(pl.lit(pl.Series(answered))).then(pl.lit(pl.Series(answer)))).to_series(),
            "ended_at": end,
            "sip_code": np.where(answered, 200, 480).astype(np.int16),
            "q850": np.where(answered, 16, 18).astype(np.int16),
            "billed_ms": np.where(answered, end - answer, 0),
            "charge_micro": draw.integers(0, 10**6, rows),
            "currency": pl.repeat("EUR", rows, eager=True),
            "rating": pl.repeat("rated", rows, eager=True),
            "emitted_at": end + draw.integers(50, 900, rows),
        }
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in CDR_SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in CDR_SCHEMA.items())


def _rate(name: str, rows: int, work: Callable[[], int], rounds: int = 5) -> None:
    spent = []
    for _ in range(rounds):
        before = time.process_time()
        done = work()
        spent.append(time.process_time() - before)
        if done != rows:
            raise SystemExit(f"{name}: {done} records of {rows}")
    print(f"{name:44s} {rows / float(np.median(spent)):>12,.0f} CDR/s (median of {rounds})")


def main(rows: int) -> None:
    """Print the rates."""
    frame = records(rows)
    with tempfile.TemporaryDirectory() as folder:
        parquet, ndjson, sheet = (Path(folder) / f"cdr.{ending}" for ending in ("parquet", "ndjson", "csv"))
        for path in (parquet, ndjson, sheet):
            write("cdr", frame, path)
        lines = ndjson.read_bytes().splitlines()
        stamped = ndjson.read_bytes().splitlines()
        some = lines[: rows // 10]
        broken = b"\n".join(line[:-9] if number % 100 == 0 else line for number, line in enumerate(stamped))
        print(f"{rows:,} records, {os.environ.get('POLARS_MAX_THREADS', 'all')} polars threads")
        _rate("Parquet, decode and validate", rows, lambda: sum(b.frame.height for b in read_file("cdr", parquet)))
        _rate("NDJSON, decode and validate", rows, lambda: sum(b.frame.height for b in read_file("cdr", ndjson)))
        _rate("NDJSON, messages of 5,000", rows, lambda: _messages(lines))
        _rate("NDJSON, 1 % of the lines broken", rows, lambda: _all("cdr", broken), 3)
        _rate("CSV, decode and validate", rows, lambda: sum(b.frame.height for b in read_file("cdr", sheet)), 3)
        _rate("rival: polars read_ndjson alone", rows, lambda: pl.read_ndjson(ndjson).height)
        _rate("rival: pydantic, row by row", len(some), lambda: len([Cdr.model_validate_json(x) for x in some]), 3)


def _messages(lines: list[bytes]) -> int:
    return sum(decode("cdr", b"\n".join(lines[n : n + 5_000]), "x").frame.height for n in range(0, len(lines), 5_000))


def _all(kind: str, data: bytes) -> int:
    batch = decode("cdr", data, kind)
    return batch.frame.height + len(batch.rejects)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000)
