"""Cuts bytes into numbered lines: one row per line that is not blank, with its number in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Reject

LINE_MAX: Final = 1 << 20
"""Bytes of the longest line."""
BOM: Final = b"\xef\xbb\xbf"
LINE_END: Final = 10
_CACHED: Final = 1 << 18


def count(data: bytes, byte: bytes) -> int:
    """How often a byte occurs: in parts that the cache holds, several times as quick as in one or as `bytes.count`."""
    whole = np.frombuffer(data, np.uint8)
    parts = (whole[at : at + _CACHED] for at in range(0, len(whole), _CACHED))
    return sum(int(np.count_nonzero(part == byte[0])) for part in parts)


@dataclass(frozen=True, slots=True)
class Rows:
    """`line` (Int64), `raw` (String) and the format's own text columns named `in.<column>`; plus what was refused."""

    frame: pl.DataFrame
    rejects: tuple[Reject, ...] = ()


def cut(data: bytes, source: str, first_line: int) -> Rows:
    """Lines of `data` as columns `line` and `raw`; blank lines are skipped, over-long ones refused.

    Bytes that are not UTF-8 become U+FFFD: some switches put Latin-1 names into fields that nobody measures.
    """
    raw = _lines(_utf8(data).removeprefix(BOM))
    frame = raw.to_frame().select(pl.int_range(first_line, first_line + pl.len(), dtype=pl.Int64).alias("line"), "raw")
    if frame["raw"].str.ends_with("\r").any():
        frame = frame.with_columns(pl.col("raw").str.strip_chars_end("\r"))
    length = pl.col("raw").str.len_bytes()
    # Only short lines can be blank: asking long ones would read the file again.
    short = frame.filter(length <= 64)
    if short.height and short.select((pl.col("raw").str.strip_chars() == "").any()).item():
        frame = frame.filter((length > 64) | (pl.col("raw").str.strip_chars() != ""))
    return refuse(frame, length > LINE_MAX, source, "too_long", f"a line of at most {LINE_MAX} bytes")


def _utf8(data: bytes) -> bytes:
    """`data` itself when it is UTF-8."""
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace").encode()
    return data


def _lines(data: bytes) -> pl.Series:
    """UTF-8 `data` cut at its line ends, as texts that lie in it: no copy is made."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == LINE_END)
    # Every second piece is a line, the pieces between them are the line ends.
    edges = np.zeros(2 * len(ends) + 2, np.int64)
    edges[1:-1:2], edges[2::2], edges[-1] = ends, ends + 1, len(data)
    pieces = pa.LargeStringArray.from_buffers(len(edges) - 1, pa.py_buffer(edges), pa.py_buffer(data))
    return pl.Series("raw", pieces, pl.String).gather_every(2)


def refuse(
    frame: pl.DataFrame, bad: pl.Expr, source: str, reason: str, expected: str, field: str | None = None
) -> Rows:
    """Splits `frame` at `bad`: the rows that stay, and a `Reject` for each of the others."""
    marked = frame.with_columns(bad.fill_null(False).alias("_bad"))
    if not marked["_bad"].any():
        return Rows(frame)
    out = marked.filter(pl.col("_bad"))
    rejects = tuple(
        Reject(source, line, field, reason, expected, raw[:RAW_MAX])
        for line, raw in zip(out["line"].to_list(), out["raw"].to_list(), strict=True)
    )
    return Rows(marked.filter(~pl.col("_bad")).drop("_bad"), rejects)


def last_line_whole(data: bytes) -> int:
    """Bytes of `data` up to and with its last line end: what may be read while the file still grows."""
    return data.rfind(b"\n") + 1
