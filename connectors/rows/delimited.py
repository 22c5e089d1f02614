"""Delimited text to columns, with or without quotes; one broken line never spoils its neighbours."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from connectors.rows.lines import BOM, LINE_END, Rows, cut, refuse

_QUOTE: Final = ord('"')


@dataclass(frozen=True, slots=True)
class _Form:
    """How the fields of a line stand: the names of all of them, and those that are read."""

    names: list[str]
    read: list[str]
    separator: str
    quoted: bool


def delimited(
    data: bytes,
    source: str,
    first_line: int,
    columns: Sequence[str],
    *,
    separator: str = ",",
    quoted: bool = True,
    at_least: int | None = None,
    wanted: Collection[str] | None = None,
) -> Rows:
    """Rows with a text column `in.<name>` for each of `columns`, in their order; surplus fields are left alone.

    A line with fewer than `at_least` fields (all by default), or with a quote that is not closed, is refused.
    `wanted` are the columns that are read; all by default.
    """
    rows = cut(data, source, first_line)
    least = len(columns) if at_least is None else at_least
    read = [name for name in columns if wanted is None or name in wanted or name == columns[least - 1]]
    form = _Form([f"in.{name}" for name in columns], [f"in.{name}" for name in read], separator, quoted)
    fields = _at_once(rows.frame, data, first_line, form, least)
    if fields is None:
        rows = _whole(rows, source, form, least)
        fields = _split(rows.frame["raw"], form)
    if rows.frame["raw"].str.contains(f"{separator} ", literal=True).any():
        fields = fields.with_columns(pl.all().str.strip_chars(" "))
    return Rows(rows.frame.hstack(fields), rows.rejects)


def _whole(rows: Rows, source: str, form: _Form, least: int) -> Rows:
    """Without the lines that are no whole records, which are refused."""
    rejects = list(rows.rejects)
    if form.quoted:
        rows = refuse(
            rows.frame,
            pl.col("raw").str.count_matches('"', literal=True) % 2 == 1,
            source,
            "open_quote",
            "a record on one line with every quote closed (the end of this one may be missing)",
        )
        rejects += rows.rejects
    rows = refuse(
        rows.frame,
        _separators(form) < least - 1,
        source,
        "few_fields",
        f"at least {least} fields separated by {form.separator!r} (half a record, or another format)",
    )
    return Rows(rows.frame, (*rejects, *rows.rejects))


def _separators(form: _Form) -> pl.Expr:
    return pl.col("raw").str.count_matches(form.separator, literal=True)


def _at_once(frame: pl.DataFrame, data: bytes, first_line: int, form: _Form, least: int) -> pl.DataFrame | None:
    """The fields of `frame`, the lines of `data`, in one go; None when any line wants a closer look."""
    last = frame["line"].max()
    if last != first_line + frame.height - 1 or b"\r" in data or (form.quoted and _open_quote(data)):
        return None
    fields = _parsed(data.removeprefix(BOM), form)
    if fields.height != frame.height:
        return None
    # A line whose last field was read has them all.
    doubtful = frame.filter(fields[form.names[least - 1]].is_null())
    return None if doubtful.select((_separators(form) < least - 1).any()).item() else fields


def _open_quote(data: bytes) -> bool:
    """Whether any line has an odd number of quotes."""
    text = np.frombuffer(data, np.uint8)
    starts = np.flatnonzero(text[:-1] == LINE_END) + 1
    return bool(np.bitwise_xor.reduceat((text == _QUOTE).view(np.uint8), np.append(0, starts)).any())


def _parsed(text: bytes, form: _Form) -> pl.DataFrame:
    """The fields of every line of `text`, empty ones null; no rows when it cannot be parsed."""
    # A first row of known width fixes the number of columns whatever the first record looks like.
    head = form.separator.join(["0"] * len(form.names)).encode()
    try:
        every = pl.scan_csv(
            b"\n".join([head, text]),
            has_header=False,
            schema=dict.fromkeys(form.names, pl.String()),
            separator=form.separator,
            quote_char='"' if form.quoted else None,
            truncate_ragged_lines=True,
        )
        return every.select(form.read).slice(1).collect()
    except PolarsError:
        return pl.DataFrame(schema=dict.fromkeys(form.read, pl.String()))


def _split(raw: pl.Series, form: _Form) -> pl.DataFrame:
    """The fields of each line; empty fields are null."""
    fields = _parsed("\n".join(raw.to_list()).encode(), form)
    if fields.height == raw.len():
        return fields
    # Quotes in odd places joined two lines: the careful parser takes each line by itself, and a carriage return for
    # the end of one.
    names = form.names
    parsed = (next(csv.reader([line.replace("\r", " ")], delimiter=form.separator)) for line in raw)
    cut_rows = [[value or None for value in (row + [""] * len(names))[: len(names)]] for row in parsed]
    return pl.DataFrame(cut_rows, schema=dict.fromkeys(names, pl.String()), orient="row").select(form.read)
