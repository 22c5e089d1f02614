"""Records of `key=value` pairs in any order to text columns."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def pairs(frame: pl.DataFrame, columns: Sequence[str], *, between: str, within: str) -> pl.DataFrame:
    """Adds a text column `in.<name>` for each of `columns` to `frame` (`line`, `raw`); empty values are null.

    `raw` is cut at `between` into pairs, each pair at its first `within`. Keys count without regard to case and
    surrounding blanks; of a key that comes twice in a record the first value counts.
    """
    long = frame.select(pl.int_range(pl.len()).alias("_row"), pl.col("raw").str.split(between).alias("_pair"))
    return frame.hstack(gathered(long.explode("_pair"), frame.height, columns, within))


def gathered(long: pl.DataFrame, height: int, columns: Sequence[str], within: str) -> list[pl.Series]:
    """The same from one pair a row: `_row` (number of the record, from 0) and `_pair`."""
    cut = (
        long.lazy()
        .with_columns(pl.col("_pair").str.splitn(within, 2).struct.rename_fields(["_key", "_value"]))
        .unnest("_pair")
        .with_columns(pl.col("_key").str.strip_chars().str.to_uppercase(), pl.col("_value").str.strip_chars(' \t"'))
        .filter(pl.col("_value") != "")
        .collect()
    )
    by_key = cut.partition_by("_key", as_dict=True, include_key=False)
    found = []
    for name in columns:
        part = by_key.get((name.upper(),), cut.clear()).unique("_row", keep="first", maintain_order=True)
        if part.height == height:
            found.append(part["_value"].alias(f"in.{name}"))
        else:
            nothing = pl.Series(f"in.{name}", [None], dtype=pl.String).new_from_index(0, height)
            found.append(nothing.scatter(part["_row"], part["_value"]))
    return found
