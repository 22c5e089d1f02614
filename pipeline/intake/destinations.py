"""The destination of a dialled number: the directory's longest prefix."""

from __future__ import annotations

import polars as pl

from pipeline.directory import Directory


def resolve(frame: pl.DataFrame, directory: Directory) -> pl.DataFrame:
    """CDR `frame` with `destination` filled from the longest prefix of `dialed` where it is null.

    One lookup per prefix length, longest first; a leading `+` is passed over. Of two destinations with the same
    prefix the first in the directory wins. What no prefix matches stays null.
    """
    prefixes: dict[int, dict[str, str]] = {}
    for destination in directory.destinations:
        for prefix in destination.prefixes:
            digits = prefix.lstrip("+")
            prefixes.setdefault(len(digits), {}).setdefault(digits, destination.name)
    if not prefixes or not frame["destination"].null_count():
        return frame
    longest = max(prefixes)
    # Names of prefixes repeat: look up each distinct head of a number once, then spread the answer.
    head = pl.col("dialed").str.strip_prefix("+").str.slice(0, longest)
    heads = frame.filter(pl.col("destination").is_null()).select(head.alias("head")).unique().drop_nulls()
    named = heads.with_columns(
        pl.coalesce(
            pl.when(pl.col("head").str.len_chars() >= length).then(
                pl.col("head").str.slice(0, length).replace_strict(table, default=None, return_dtype=pl.String)
            )
            for length, table in sorted(prefixes.items(), reverse=True)
        ).alias("named")
    )
    spread = frame.select(head.alias("head")).join(named, on="head", how="left", maintain_order="left")["named"]
    return frame.with_columns(pl.col("destination").fill_null(spread))
