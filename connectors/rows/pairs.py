"""Records of `key=value` pairs in any order to text columns."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def pairs(frame: pl.DataFrame, columns: Sequence[str], *, between: str, within: str) -> pl.DataFrame:
    """Adds a text column `in.<name>` for each of `columns` to `frame` (`line`, `raw`).

    `raw` is cut at `between` (a regular expression's literal) into pairs, each pair at its first `within`. The first
    value of a key that comes twice counts. Keys are matched without regard to case and surrounding blanks.
    """
    long = (
        frame.select(
            pl.int_range(pl.len(), dtype=pl.Int64).alias("_row"), pl.col("raw").str.split(between).alias("_pair")
        )
        .explode("_pair")
        .with_columns(pl.col("_pair").str.splitn(within, 2).struct.rename_fields(["_key", "_value"]))
        .unnest("_pair")
        .with_columns(pl.col("_key").str.strip_chars().str.to_uppercase(), pl.col("_value").str.strip_chars(' \t"'))
    )
    wide = frame.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64))
    for name in columns:
        values = (
            long.filter((pl.col("_key") == name.upper()) & (pl.col("_value") != ""))
            .unique("_row", keep="first")
            .select("_row", pl.col("_value").alias(f"in.{name}"))
        )
        wide = wide.join(values, on="_row", how="left", maintain_order="left")
    return wide.drop("_row")
