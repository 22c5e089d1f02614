"""JSON documents, one a line, to text columns; a line that is not an object is refused alone."""

from __future__ import annotations

import io
from collections.abc import Mapping

import polars as pl
from polars.exceptions import PolarsError

from connectors.rows.lines import RAW_LIMIT, Rows, cut, refuse
from pipeline.ports import Reject

Shape = Mapping[str, pl.DataType]
"""The keys that are read, all text, or structs of text; others are skipped by the parser."""


def json_lines(data: bytes, source: str, first_line: int, shape: Shape) -> Rows:
    """Rows with a column `in.<key>` for each key of `shape`; the keys of a struct come as `in.<key>.<inner>`."""
    rows = cut(data, source, first_line)
    rejects = list(rows.rejects)
    rows = refuse(
        rows.frame,
        ~(pl.col("raw").str.contains(r"^\s*\{") & pl.col("raw").str.contains(r"\}\s*$")),
        source,
        "not_json",
        "one whole JSON object a line (half a record, or another format)",
    )
    rejects += rows.rejects
    good, broken = _parse(rows.frame, dict(shape), source)
    return Rows(_flat(good, shape), (*rejects, *broken))


def _parse(frame: pl.DataFrame, shape: dict[str, pl.DataType], source: str) -> tuple[pl.DataFrame, list[Reject]]:
    """Parses all lines at once; on trouble halves them until the broken line stands alone."""
    if frame.is_empty():
        return frame.hstack(pl.DataFrame(schema={f"in.{key}": kind for key, kind in shape.items()})), []
    try:
        parsed = pl.read_ndjson(io.BytesIO("\n".join(frame["raw"].to_list()).encode()), schema=shape)
    except PolarsError as wrong:
        if frame.height == 1:
            what = str(wrong).splitlines()[0][:200]
            line, raw = frame.row(0)
            return _parse(frame.clear(), shape, source)[0], [
                Reject(source, line, None, "not_json", f"a JSON object of the format ({what})", raw[:RAW_LIMIT])
            ]
        middle = frame.height // 2
        first, one = _parse(frame.head(middle), shape, source)
        second, two = _parse(frame.tail(frame.height - middle), shape, source)
        return pl.concat([first, second]), one + two
    return frame.hstack(parsed.rename({key: f"in.{key}" for key in shape})), []


def _flat(frame: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    for key, kind in shape.items():
        if isinstance(kind, pl.Struct):
            inner = [pl.col(f"in.{key}").struct.field(part.name).alias(f"in.{key}.{part.name}") for part in kind.fields]
            frame = frame.with_columns(inner).drop(f"in.{key}")
    return frame
