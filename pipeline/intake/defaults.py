"""What the contract fills in where a record is silent."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.records import MINUTE_MS, Kind

DEFAULT_SWITCH: Final = "default"
DEFAULT_INTERVAL_MS: Final = MINUTE_MS

_FILLED: Final[dict[Kind, tuple[pl.Expr, ...]]] = {
    "cdr": (
        pl.col("attempt").fill_null(1),
        pl.col("last_attempt").fill_null(True),
        pl.col("switch").fill_null(DEFAULT_SWITCH),
        pl.col("emitted_at").fill_null(pl.col("ended_at")),
        # A conversation without its code can only have been a 200; an unanswered call without one stays unknown.
        pl.when(pl.col("answered_at").is_not_null() & pl.col("sip_code").is_null())
        .then(pl.lit(200, pl.Int16))
        .otherwise(pl.col("sip_code"))
        .alias("sip_code"),
    ),
    "sip": (
        pl.col("interval_ms").fill_null(DEFAULT_INTERVAL_MS),
        pl.col("switch").fill_null(DEFAULT_SWITCH),
        # A sample that names no peer speaks of the switch itself.
        pl.when(pl.col("peer").is_null() & pl.col("peer_kind").is_null())
        .then(pl.lit("switch"))
        .otherwise(pl.col("peer_kind"))
        .alias("peer_kind"),
    ),
    "balance": (),
}


def fill(kind: Kind, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` (contract columns) with empty texts as null and the contract's defaults in place."""
    if frame.is_empty():
        return frame
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String()]
    shortest = frame.select(pl.col(texts).str.len_bytes().min()).row(0)
    blank = [name for name, length in zip(texts, shortest, strict=True) if length == 0]
    if blank:
        frame = frame.with_columns(
            pl.when(pl.col(name).str.len_bytes() > 0).then(pl.col(name)).alias(name) for name in blank
        )
    return frame.with_columns(_FILLED[kind])
