"""Text to epoch milliseconds; what does not parse or lies outside 2000–2100 is null, and so found by `settle`."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.intake.limits import TIME_MAX_MS, TIME_MIN_MS

EARLIEST_MS: Final = TIME_MIN_MS
LATEST_MS: Final = TIME_MAX_MS - 1
"""Seconds taken for milliseconds (or the reverse) fall outside these years, which is how a wrong unit shows."""


def never(column: pl.Expr, *signs: str) -> pl.Expr:
    """`column` with the format's ways of saying "it did not happen" as null."""
    return pl.when(~column.is_in(list(signs))).then(column)


def epoch(column: pl.Expr, per_second: int) -> pl.Expr:
    """Epoch time as decimal text in units of `per_second` a second, to ms."""
    return _sane((column.cast(pl.Float64, strict=False) * (1000.0 / per_second)).round().cast(pl.Int64, strict=False))


def local(column: pl.Expr, form: str, zone: str) -> pl.Expr:
    """Local time in `form` (strftime) of the IANA `zone`. Of the hour that comes twice in autumn the first is taken;
    a time in the hour that spring leaves out is null."""
    naive = column.str.to_datetime(form, time_unit="ms", strict=False)
    if zone == "UTC":
        return _sane(naive.dt.epoch("ms"))
    return _sane(naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms"))


def rfc3339(column: pl.Expr) -> pl.Expr:
    """RFC 3339 with `Z` or an offset, any number of decimals."""
    text = column.str.replace(r"[zZ]$", "+00:00").str.replace(" ", "T", literal=True)
    return _sane(text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ms", strict=False).dt.epoch("ms"))


def seconds(column: pl.Expr) -> pl.Expr:
    """Decimal seconds to integer ms."""
    return (column.cast(pl.Float64, strict=False) * 1000.0).round().cast(pl.Int64, strict=False)


def _sane(ms: pl.Expr) -> pl.Expr:
    return pl.when(ms.is_between(EARLIEST_MS, LATEST_MS)).then(ms)
