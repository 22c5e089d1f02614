"""Cumulative counters and gauges, as scraped, to samples per interval in the columns of the record contract.

Counter resets follow the rule of Prometheus (a value below its predecessor started again at zero). A labelled series
that appears on a page whose predecessor carried its family counts from zero: a SIP element makes a series of a code
at its first reply, and that first reply is news. A whole family that appears (a module switched on) counts from its
second reading only, and so does the first page of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.records import MINUTE_MS, SIP_SCHEMA

READING_SCHEMA: Final[dict[str, pl.DataType]] = {
    "at": pl.Int64(),
    "switch": pl.String(),
    "peer": pl.String(),
    "peer_kind": pl.String(),
    "customer": pl.String(),
    "metric": pl.String(),
    "mode": pl.String(),
    "fold": pl.String(),
    "family": pl.String(),
    "series": pl.String(),
    "value": pl.Float64(),
}
"""One row per sample of a page: `mode` is `counter` or `gauge`, `fold` (`sum`, `max`, `min`, `mean`) says how the
samples of one metric and peer are put together, `series` is the sample's own identity on its switch."""

_CARRIED: Final = ("switch", "family", "series", "at", "value", "mode")
_SERIES: Final = ["switch", "series"]
_SAMPLE: Final = ["at", "switch", "peer", "peer_kind", "customer", "metric"]
FORGET_MS: Final = 24 * 60 * MINUTE_MS
"""A series unseen for a day is forgotten, so that labels that come and go do not fill the memory."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The last reading of every series, which the next page is compared with."""

    last: pl.DataFrame

    @staticmethod
    def none() -> Carried:
        """Nothing read yet."""
        return Carried(pl.DataFrame(schema={name: READING_SCHEMA[name] for name in _CARRIED}))


def intervals(readings: pl.DataFrame, carried: Carried) -> tuple[pl.DataFrame, Carried]:
    """Samples (`SIP_SCHEMA`, in order of time) of `readings` (`READING_SCHEMA`), and what the next call starts from.

    Counts are per interval, `interval_ms` the time since the reading before. Readings not later than what their
    series already had (a page read twice) are left out.
    """
    fresh = (
        readings.unique(["at", *_SERIES], keep="first", maintain_order=True)
        .join(carried.last.select(*_SERIES, pl.col("at").alias("_had")), on=_SERIES, how="left")
        .filter(pl.col("_had").is_null() | (pl.col("at") > pl.col("_had")))
        .drop("_had")
    )
    if fresh.is_empty():
        return pl.DataFrame(schema=SIP_SCHEMA), carried
    rows = pl.concat(
        [carried.last.with_columns(_old=pl.lit(True)), fresh.with_columns(_old=pl.lit(False))], how="diagonal"
    )
    rows = _steps(rows).filter(~pl.col("_old"))
    samples = pl.concat([_counted(rows), _gauged(rows)]).sort("at", "switch", "metric", "peer", nulls_last=True)
    return samples.select(*SIP_SCHEMA), _carry(carried, fresh)


def _steps(rows: pl.DataFrame) -> pl.DataFrame:
    """Each reading beside its predecessor: `_before`, `_since` (ms), and the page before of its family and switch."""
    pages = rows.select("switch", "family", "at").unique().sort("at")
    pages = pages.with_columns(_family_at=pl.col("at").shift(1).over("switch", "family"))
    return (
        rows.sort("at", maintain_order=True)
        .with_columns(_before=pl.col("value").shift(1).over(_SERIES), _since=pl.col("at").shift(1).over(_SERIES))
        .join(pages, on=["switch", "family", "at"], how="left")
        .with_columns(interval_ms=pl.col("at") - pl.coalesce("_since", "_family_at"))
    )


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    before, value = pl.col("_before"), pl.col("value")
    increase = (
        pl.when(before.is_null() & pl.col("_family_at").is_null())
        .then(None)
        .when(before.is_null() | (value < before))
        .then(value)
        .otherwise(value - before)
    )
    counted = rows.filter(pl.col("mode") == "counter").with_columns(_increase=increase).drop_nulls("_increase")
    return counted.group_by(_SAMPLE).agg(pl.col("interval_ms").max(), value=pl.col("_increase").sum())


def _gauged(rows: pl.DataFrame) -> pl.DataFrame:
    value, fold = pl.col("value"), pl.col("fold").first()
    folded = (
        pl.when(fold == "max")
        .then(value.max())
        .when(fold == "min")
        .then(value.min())
        .when(fold == "mean")
        .then(value.mean())
        .otherwise(value.sum())
    )
    gauges = rows.filter(pl.col("mode") == "gauge").group_by(_SAMPLE)
    return gauges.agg(pl.col("interval_ms").max().fill_null(MINUTE_MS), value=folded)


def _carry(carried: Carried, fresh: pl.DataFrame) -> Carried:
    last = pl.concat([carried.last, fresh.select(_CARRIED)]).sort("at", maintain_order=True)
    last = last.unique(_SERIES, keep="last", maintain_order=True)
    return Carried(last.filter(pl.col("at") > pl.col("at").max() - FORGET_MS))
