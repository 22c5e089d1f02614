"""Delimited text to columns, with or without quotes; one broken line never spoils its neighbours."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import polars as pl
from polars.exceptions import PolarsError

from connectors.rows.lines import Rows, cut, refuse


def delimited(
    data: bytes,
    source: str,
    first_line: int,
    columns: Sequence[str],
    *,
    separator: str = ",",
    quoted: bool = True,
    at_least: int | None = None,
) -> Rows:
    """Rows with a text column `in.<name>` for each of `columns`, in their order; surplus fields are left alone.

    A line with fewer than `at_least` fields (all by default), or with a quote that is not closed, is refused.
    """
    rows = cut(data, source, first_line)
    rejects = list(rows.rejects)
    if quoted:
        rows = refuse(
            rows.frame,
            pl.col("raw").str.count_matches('"', literal=True) % 2 == 1,
            source,
            "open_quote",
            "a record on one line with every quote closed (the end of this one may be missing)",
        )
        rejects += rows.rejects
    least = len(columns) if at_least is None else at_least
    rows = refuse(
        rows.frame,
        pl.col("raw").str.count_matches(separator, literal=True) < least - 1,
        source,
        "few_fields",
        f"at least {least} fields separated by {separator!r} (half a record, or another format)",
    )
    rejects += rows.rejects
    fields = _split(rows.frame["raw"], [f"in.{name}" for name in columns], separator, quoted)
    if rows.frame["raw"].str.contains(f"{separator} ", literal=True).any():
        fields = fields.with_columns(pl.all().str.strip_chars(" "))
    return Rows(rows.frame.hstack(fields), tuple(rejects))


def _split(raw: pl.Series, names: list[str], separator: str, quoted: bool) -> pl.DataFrame:
    """The fields of each line; empty fields are null."""
    schema = dict.fromkeys(names, pl.String())
    if raw.is_empty():
        return pl.DataFrame(schema=schema)
    # A first row of known width fixes the number of columns whatever the first record looks like.
    head = separator.join(["0"] * len(names))
    try:
        fields = pl.read_csv(
            io.BytesIO("\n".join([head, *raw.to_list()]).encode()),
            has_header=False,
            schema=schema,
            separator=separator,
            quote_char='"' if quoted else None,
            truncate_ragged_lines=True,
        ).slice(1)
    except PolarsError:
        fields = pl.DataFrame(schema=schema)
    if fields.height == raw.len():
        return fields
    # Quotes in odd places joined two lines: the careful parser takes each line by itself.
    parsed = (next(csv.reader([line], delimiter=separator)) for line in raw)
    cut_rows = [[value or None for value in (row + [""] * len(names))[: len(names)]] for row in parsed]
    return pl.DataFrame(cut_rows, schema=schema, orient="row")
