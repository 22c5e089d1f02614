"""CSV to records (RFC 4180, header required); one broken record costs that record only."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

import polars as pl

from connectors.codec.settle import Origin, settle
from connectors.errors import ConnectorError
from pipeline.intake.limits import RAW_MAX
from pipeline.intake.wire import FIELDS
from pipeline.ports import Batch, Reject
from pipeline.records import Kind, empty

_SPAN: Final = 20
"""A quoted field may hold this many line breaks; beyond it the quote was never closed."""


class Sheet:
    """The CSV of one file, given block by block (each of whole lines)."""

    def __init__(self, kind: Kind, source: str) -> None:
        self._kind = kind
        self._source = source
        self._header: list[str] = []
        self._delimiter = ","
        self._line = 1
        self._open: list[bytes] = []
        """Lines of a quoted record that the last block left open."""

    def decode(self, block: bytes) -> Batch:
        """Records of the block; a record whose quotes close in the next one waits for it."""
        if not self._header:
            head, _, block = block.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
            self._name(head)
        return self._records(block, final=False)

    def finish(self) -> Batch:
        """What the end of the file leaves open."""
        return self._records(b"", final=True)

    def _name(self, head: bytes) -> None:
        text = head.decode("utf-8", "replace").strip("\r\n")
        self._delimiter = max(",;\t", key=text.count)
        self._header = [name.strip() for name in next(csv.reader([text], delimiter=self._delimiter), [])]
        known = [field.wire for field in FIELDS[self._kind]]
        if not set(known) & set(self._header):
            raise ConnectorError(
                f"{self._source}: line 1 names no field of a {self._kind} record",
                "the first line must be a header such as " + ",".join(known[:8]),
            )
        twice = sorted({name for name in self._header if name in known and self._header.count(name) > 1})
        if twice:
            raise ConnectorError(f"{self._source}: line 1 names {', '.join(twice)} twice", "name each field once")
        self._line = 2

    def _labels(self) -> list[str]:
        """Header names, with those that are no field of the contract made distinct."""
        known = {field.wire for field in FIELDS[self._kind]}
        return [name if name in known else f"#{number}" for number, name in enumerate(self._header)]

    def _records(self, block: bytes, *, final: bool) -> Batch:
        rows, numbers, texts, rejects = [], [], [], []
        for line, text in self._logical(block, final):
            try:
                cells = self._cells(text.decode().rstrip("\r\n"))
            except (UnicodeDecodeError, csv.Error) as wrong:
                rejects.append(self._reject(line, "not_csv", f"CSV (RFC 4180) in UTF-8: {wrong}", text))
                continue
            if len(cells) != len(self._header):
                expected = f"{len(self._header)} fields as in the header, not {len(cells)}"
                rejects.append(self._reject(line, "not_csv", expected, text))
                continue
            rows.append(cells)
            numbers.append(line)
            texts.append(text)
        if not rows:
            return Batch(self._kind, empty(self._kind), tuple(rejects))
        columns = zip(*rows, strict=True)
        sheet = pl.DataFrame(
            [pl.Series(name, column, pl.String) for name, column in zip(self._labels(), columns, strict=True)]
        )
        batch = self._settle(
            sheet,
            Origin(
                self._source,
                lambda row: numbers[row],
                lambda row: texts[row].decode("utf-8", "replace"),
                lambda row: sheet.row(row, named=True),
            ),
        )
        both = sorted((*rejects, *batch.rejects), key=lambda reject: reject.line or 0)
        return Batch(self._kind, batch.frame, tuple(both))

    def _cells(self, record: str) -> list[str]:
        if '"' not in record:
            return record.split(self._delimiter)
        return next(csv.reader(record.splitlines(keepends=True), delimiter=self._delimiter, strict=True))

    def _settle(self, sheet: pl.DataFrame, origin: Origin) -> Batch:
        frame, rejects = settle(self._kind, sheet, origin)
        return Batch(self._kind, frame, rejects)

    def _logical(self, block: bytes, final: bool) -> Iterator[tuple[int, bytes]]:
        """(line number, bytes) of each record: the lines of an open quote together, an unclosed one on its own."""
        lines = self._open + block.split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        self._open = []
        at = 0
        while at < len(lines):
            quotes, end = lines[at].count(b'"'), at + 1
            while quotes % 2 and end < len(lines) and end - at < _SPAN:
                quotes += lines[end].count(b'"')
                end += 1
            if quotes % 2:
                if end == len(lines) and end - at < _SPAN and not final:
                    self._open = lines[at:]
                    self._line += at
                    return
                end = at + 1
            if lines[at].strip():
                yield self._line + at, b"\n".join(lines[at:end])
            at = end
        self._line += len(lines)

    def _reject(self, line: int, reason: str, expected: str, text: bytes) -> Reject:
        return Reject(self._source, line, None, reason, expected, text[:RAW_MAX].decode("utf-8", "replace"))
