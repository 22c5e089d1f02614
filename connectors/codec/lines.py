"""NDJSON to records: a whole block by the column parser, and line by line only around what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

import numpy as np
import polars as pl

from connectors.codec.settle import Origin, settle
from connectors.rows.lines import count
from pipeline.intake.wire import FIELDS, Sort
from pipeline.ports import Batch
from pipeline.records import KINDS, Kind

_TEXT: Final = {kind: {field.wire: pl.String() for field in FIELDS[kind]} for kind in KINDS}
"""Every value as its text: what a block is read with when one line of it has another type than is usual."""
_DTYPES: Final[dict[Sort, pl.DataType]] = {
    "time": pl.Int64(),
    "whole": pl.Int64(),
    "flag": pl.Boolean(),
    "real": pl.Float64(),
    "seconds": pl.Float64(),
    "money": pl.Float64(),
}
_TYPED: Final = {kind: {field.wire: _DTYPES.get(field.sort, pl.String()) for field in FIELDS[kind]} for kind in KINDS}
_NAMES: Final = {kind: [field.wire for field in FIELDS[kind] if field.sort == "text"] for kind in KINDS}
_PIECE: Final = 256
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_BOM: Final = b"\xef\xbb\xbf"


def decode(kind: Kind, data: bytes, source: str, first_line: int | Sequence[int] = 1) -> Batch:
    """Valid records of a block of NDJSON `data`, and a reject with its line for each other line; empty lines count
    as lines and hold nothing.

    `first_line` is the number of the block's first line (a stream's offset), or one number per line.
    """
    data = data.removeprefix(_BOM)
    block = _Block(data, source, first_line)
    raw = _parse(kind, data)
    rows = None if raw is not None and raw.height == block.height else block.filled()
    if raw is not None and (rows is None or raw.height == len(rows)):
        apart = block.surrogates()
        if count(data, b"{") > raw.height or b"[" in data:
            apart += _nested(kind, raw, rows)
    else:
        raw, rows, apart = _sift(kind, block, block.filled())
    frame, rejects = settle(kind, raw, block.origin(), apart, rows)
    return Batch(kind, frame, rejects)


def decode_messages(kind: Kind, messages: Sequence[bytes], source: str, offsets: Sequence[int]) -> Batch:
    """As `decode`, for messages of a stream with the offset of each; a line break inside a message is a space."""
    flat = (m.replace(b"\n", b" ") if b"\n" in m else m for m in messages)
    return decode(kind, b"\n".join(flat), source, offsets)


def _parse(kind: Kind, data: bytes) -> pl.DataFrame | None:
    """The block by the column parser, with the usual types or else as texts; None when a line is broken."""
    if not data or data.isspace():
        return pl.DataFrame(schema=_TYPED[kind])
    for schema in (_TYPED[kind], _TEXT[kind]):
        try:
            return pl.read_ndjson(data, schema=schema)
        except pl.exceptions.PolarsError:
            continue
    return None


class _Block:
    """The lines of a block, split only when one of them is asked for."""

    def __init__(self, data: bytes, source: str, first_line: int | Sequence[int]) -> None:
        self._data = data
        self._source = source
        self._first = first_line
        self._lines: list[bytes] | None = None
        self.height = count(data, b"\n") + (not data.endswith(b"\n") and bool(data))

    @property
    def lines(self) -> list[bytes]:
        if self._lines is None:
            self._lines = self._data.split(b"\n")
        return self._lines

    def filled(self) -> pl.Series:
        """Numbers of the lines that hold something."""
        return pl.Series([n for n, line in enumerate(self.lines) if line.strip()], dtype=pl.Int64)

    def surrogates(self) -> list[int]:
        """Lines with an escaped surrogate: a lone one is no character, and the column parser does not say so."""
        if b"\\" not in self._data or not _SURROGATE.search(self._data):
            return []
        return [n for n, line in enumerate(self.lines) if _SURROGATE.search(line)]

    def origin(self) -> Origin:
        return Origin(self._source, self._line, self._text, self._record)

    def _line(self, row: int) -> int:
        return self._first + row if isinstance(self._first, int) else int(self._first[row])

    def _text(self, row: int) -> str:
        return self.lines[row].rstrip(b"\r").decode("utf-8", "replace")

    def _record(self, row: int) -> Mapping[str, object] | None:
        return as_object(self.lines[row])


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def as_object(line: bytes) -> Mapping[str, object] | None:
    """The JSON object on a line, or None."""
    try:
        record = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _nested(kind: Kind, raw: pl.DataFrame, rows: pl.Series | None) -> list[int]:
    """Lines where a text may have been an object or a list, which the column parser hands over as its JSON."""
    opens = pl.any_horizontal(
        (pl.col(name).str.starts_with("{") | pl.col(name).str.starts_with("[")).fill_null(False)
        for name in _NAMES[kind]
    )
    found = raw.select(opens.alias("n"))["n"].arg_true()
    return (found if rows is None else rows[found]).to_list()


def _sift(kind: Kind, block: _Block, lines: pl.Series) -> tuple[pl.DataFrame, pl.Series, list[int]]:
    """A block with broken lines in pieces: whole pieces by the column parser, the lines of a bad piece one by one."""
    frames, numbers, apart = [], [], []
    filled = lines.to_numpy()
    for start in range(0, len(filled), _PIECE):
        piece = filled[start : start + _PIECE]
        raw = _piece(kind, block, piece)
        if raw is None:
            sound = [n for n in piece if as_object(block.lines[n]) is not None]
            apart += sorted(set(piece.tolist()) - set(sound))
            piece = np.array(sound, dtype=np.int64)
            raw = _piece(kind, block, piece)
        if raw is None:
            apart += piece.tolist()
            continue
        rows = pl.Series(piece, dtype=pl.Int64)
        apart += _nested(kind, raw, rows)
        frames.append(raw)
        numbers.append(rows)
    whole = pl.concat(frames) if frames else pl.DataFrame(schema=_TEXT[kind])
    return whole, pl.concat(numbers) if numbers else pl.Series([], dtype=pl.Int64), apart + block.surrogates()


def _piece(kind: Kind, block: _Block, piece: np.ndarray) -> pl.DataFrame | None:
    if not len(piece):
        return pl.DataFrame(schema=_TEXT[kind])
    try:
        raw = pl.read_ndjson(b"\n".join(block.lines[n] for n in piece), schema=_TEXT[kind])
    except pl.exceptions.PolarsError:
        return None
    return raw if raw.height == len(piece) else None
