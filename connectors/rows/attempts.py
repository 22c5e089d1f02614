"""Numbers the rows that one call wrote as its attempts."""

from __future__ import annotations

import polars as pl


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `attempt` and `last_attempt` to rows with `call_id` and `raw`, in their order.

    A row whose text is the same as an earlier one of its call is a copy and keeps that one's number, so that the
    duplicate is seen as such.
    """
    if frame["call_id"].n_unique() == frame.height:
        return frame.with_columns(attempt=pl.lit(1, pl.Int32), last_attempt=pl.lit(True))
    order = (
        frame.select("call_id", "raw")
        .unique(maintain_order=True)
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("call_id").alias("attempt"))
        .with_columns((pl.col("attempt") == pl.col("attempt").max().over("call_id")).alias("last_attempt"))
    )
    return frame.join(order, on=["call_id", "raw"], how="left", nulls_equal=True, maintain_order="left")
