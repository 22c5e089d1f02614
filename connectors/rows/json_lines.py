"""JSON documents, one a line, to text columns; a line that is not an object is refused alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from connectors.rows.lines import Rows, cut, refuse
from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Reject

Shape = Mapping[str, pl.DataType]
"""The keys that are read, all text, or structs of text; others are skipped by the parser."""


_text: Final = pl.col("raw").str.strip_chars()


def json_lines(data: bytes, source: str, first_line: int, shape: Shape) -> Rows:
    """Rows with a column `in.<key>` for each key of `shape`; the keys of a struct come as `in.<key>.<inner>`."""
    rows = cut(data, source, first_line)
    fast = _at_once(rows.frame, data, dict(shape))
    if fast is not None:
        return Rows(_flat(fast, shape), rows.rejects)
    objects = refuse(
        rows.frame,
        ~(_text.str.starts_with("{") & _text.str.ends_with("}")),
        source,
        "not_json",
        "one whole JSON object a line (half a record, or another format)",
    )
    good, broken = _parse(objects.frame, dict(shape), source)
    return Rows(_flat(good, shape), (*rows.rejects, *objects.rejects, *broken))


def _at_once(frame: pl.DataFrame, data: bytes, shape: dict[str, pl.DataType]) -> pl.DataFrame | None:
    """All of `data` in one go, without a copy of it; None when any line of it is not as it should be."""
    try:
        parsed = pl.read_ndjson(data, schema=shape)
    except PolarsError:
        return None
    return frame.hstack(parsed.rename({key: f"in.{key}" for key in shape})) if parsed.height == frame.height else None


def _parse(frame: pl.DataFrame, shape: dict[str, pl.DataType], source: str) -> tuple[pl.DataFrame, list[Reject]]:
    """Parses all lines at once; on trouble halves them until the broken line stands alone."""
    if frame.is_empty():
        return frame.hstack(pl.DataFrame(schema={f"in.{key}": kind for key, kind in shape.items()})), []
    try:
        parsed = pl.read_ndjson("\n".join(frame["raw"].to_list()).encode(), schema=shape)
    except PolarsError as wrong:
        if frame.height == 1:
            what = str(wrong).splitlines()[0][:200]
            line, raw = frame.row(0)
            return _parse(frame.clear(), shape, source)[0], [
                Reject(source, line, None, "not_json", f"a JSON object of the format ({what})", raw[:RAW_MAX])
            ]
        middle = frame.height // 2
        first, one = _parse(frame.head(middle), shape, source)
        second, two = _parse(frame.tail(frame.height - middle), shape, source)
        return pl.concat([first, second]), one + two
    return frame.hstack(parsed.rename({key: f"in.{key}" for key in shape})), []


def _flat(frame: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    for key, kind in shape.items():
        if isinstance(kind, pl.Struct):
            inner = [f"in.{key}.{part.name}" for part in kind.fields]
            frame = frame.with_columns(pl.col(f"in.{key}").struct.rename_fields(inner)).unnest(f"in.{key}")
    return frame


def one_line(data: bytes) -> bytes:
    """A single document over many lines, on one line; anything else as it is."""
    if data.lstrip()[:2] not in (b"{\n", b"{\r"):
        return data
    try:
        return json.dumps(json.loads(data), ensure_ascii=False).encode()
    except ValueError:
        return data
