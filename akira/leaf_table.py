"""Tables of counts, one row a leaf, from CSV or Parquet: read, checked, and joined to earlier minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from akira.errors import OperatorError
from pipeline.explain import Leaves
from pipeline.explain.expectation import expected_counts, expected_hits

if TYPE_CHECKING:
    from pathlib import Path

MINUTE_COLUMNS: Final = ("minute", "min")
"""Taken for the minute of a row when no column is named."""
MOST_ROWS: Final = 20_000_000
_CSV: Final = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst")
_COUNTS: Final = ("hits", "total", "was_hits", "was_total")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns to read: dimensions, the count, the total it is out of (None: a pure count), the minute."""

    dims: tuple[str, ...]
    count: str
    total: str | None
    minute: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """`frame`: dim_0, dim_1, ... as text (null: absent), hits and total as float64; `minutes`: how many it holds."""

    frame: pl.DataFrame
    minutes: int


def read_table(path: Path, columns: Columns) -> Table:
    """Read one file. Raises OperatorError that names the file, the column and the row, and what would be right."""
    return table_of(_load(path), path, columns)


def table_of(raw: pl.DataFrame, path: Path, columns: Columns) -> Table:
    """Check and keep the columns of a frame that came from `path`. Raises OperatorError like `read_table`."""
    if columns.minute is not None and columns.minute not in raw.columns:
        raise _missing(path, columns.minute, raw.columns)
    for column in (*columns.dims, columns.count, *([columns.total] if columns.total else [])):
        if column not in raw.columns:
            raise _missing(path, column, raw.columns)
    if not 0 < len(raw) <= MOST_ROWS:
        raise OperatorError(f"{path}: {len(raw)} rows", f"would be right: 1 to {MOST_ROWS} rows, one a leaf")
    hits = _numbers(path, raw, columns.count)
    total = _numbers(path, raw, columns.total) if columns.total else pl.Series("total", np.zeros(len(raw)))
    if columns.total and len(over := (hits > total).arg_true()):
        row = int(over[0])
        raise OperatorError(
            f"{path}, row {row + 1}: {columns.count} is {hits[row]:g} of {columns.total} {total[row]:g}",
            f"would be right: {columns.count} at most {columns.total}; for counts that are no part of it, no --total",
        )
    frame = raw.select(pl.col(dim).cast(pl.String).alias(f"dim_{place}") for place, dim in enumerate(columns.dims))
    return Table(frame.with_columns(hits.alias("hits"), total.alias("total")), _minutes(raw, columns))


def leaves(now: Table, before: list[Table], columns: Columns) -> Leaves:
    """Leaves of now with what the earlier minutes let expect of them. Raises OperatorError when these are empty."""
    dims = [f"dim_{place}" for place in range(len(columns.dims))]
    earlier = pl.concat([table.frame for table in before]).rename({"hits": "was_hits", "total": "was_total"})
    if columns.total and not earlier["was_total"].sum() > 0:
        raise OperatorError(f"--before: {columns.total} is 0 in every row", "would be right: minutes with traffic")
    joined = pl.concat([now.frame, earlier], how="diagonal").group_by(dims).agg(pl.col(_COUNTS).sum())
    ranks = joined.select((pl.col(dims).rank("dense").cast(pl.Int32) - 1).fill_null(-1))
    labels = joined.select(pl.col(dims).drop_nulls().unique().sort().implode()).row(0)
    codes, names = ranks.to_numpy(), tuple(tuple(column) for column in labels)
    hits, total, was_hits, was_total = (joined[name].to_numpy() for name in _COUNTS)
    if columns.total:
        expected = expected_hits(codes, was_hits, was_total, total)
    else:
        expected = expected_counts(codes, was_hits, sum(table.minutes for table in before)) * now.minutes
    return Leaves(columns.dims, codes, names, total, hits, expected)


def _load(path: Path) -> pl.DataFrame:
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            return pl.read_parquet(path)
        if name.endswith(_CSV):
            return pl.read_csv(path, infer_schema=False, separator="\t" if ".tsv" in name else ",")
    except FileNotFoundError:
        raise OperatorError(f"{path}: no such file", "would be right: a CSV or Parquet file that exists") from None
    except (pl.exceptions.PolarsError, OSError) as wrong:
        raise OperatorError(
            f"{path}: cannot be read: {wrong}", "would be right: CSV with a header line, or Parquet"
        ) from None
    raise OperatorError(f"{path}: unknown kind of file", f"would be right: {', '.join((*_CSV, '.parquet'))}")


def _missing(path: Path, column: str, present: list[str]) -> OperatorError:
    return OperatorError(f"{path}: no column {column}", f"columns of the file: {', '.join(present)}")


def _numbers(path: Path, raw: pl.DataFrame, column: str) -> pl.Series:
    numbers = raw[column].cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() | ~numbers.is_finite().fill_null(False) | (numbers < 0).fill_null(True)).arg_true()
    if len(wrong):
        row = int(wrong[0])
        raise OperatorError(
            f"{path}, row {row + 1}: {column} is {raw[column][row]!r}", "would be right: a number, 0 or more"
        )
    return numbers


def _minutes(raw: pl.DataFrame, columns: Columns) -> int:
    """How many minutes a file holds: the values of its minute column, or how often its most frequent leaf occurs."""
    named = columns.minute or next((c for c in MINUTE_COLUMNS if c in raw.columns and c not in columns.dims), None)
    if named:
        return raw[named].n_unique()
    return max(raw.group_by(columns.dims).len()["len"].to_list())
