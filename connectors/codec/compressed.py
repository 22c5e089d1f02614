"""Bytes of a file, plain, gz or zst, in pieces; a broken archive keeps what came before and says where it broke."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from connectors.errors import ConnectorError

_READ: Final = 1 << 20
_MAX_EXPANSION: Final = 1_000
"""A megabyte that grows to a thousand is a bomb, not an archive of records."""


class Truncated(Exception):
    """The archive ends or breaks before its end; `at` is the byte of the (compressed) file, `why` the reason."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.at = at
        self.why = why


def inner_suffix(path: Path) -> str:
    """The format's ending: `.ndjson` of `calls.ndjson.gz`."""
    return Path(path.stem).suffix.lower() if path.suffix.lower() in (".gz", ".zst") else path.suffix.lower()


def pieces(path: Path) -> Iterator[bytes]:
    """The file's content in pieces of about a megabyte or more.

    Raises ConnectorError when it cannot be opened, Truncated after the last sound piece.
    """
    try:
        if path.suffix.lower() == ".gz":
            yield from _gunzip(path)
        elif path.suffix.lower() == ".zst":
            yield from _unzst(path)
        else:
            with path.open("rb") as file:
                while piece := file.read(_READ):
                    yield piece
    except OSError as wrong:
        raise ConnectorError(
            f"{path}: {wrong.strerror or wrong}", "check the name and the rights of the file"
        ) from wrong


def _gunzip(path: Path) -> Iterator[bytes]:
    """Every member of a gzip file (RFC 1952); trailing zero bytes are padding."""
    unzip = zlib.decompressobj(wbits=31)
    at, open_member = 0, False
    with path.open("rb") as file:
        while piece := file.read(_READ):
            while piece:
                try:
                    out = unzip.decompress(piece, _READ * _MAX_EXPANSION)
                except zlib.error as wrong:
                    raise Truncated(at, f"gzip is damaged ({wrong})") from wrong
                if unzip.unconsumed_tail:
                    raise Truncated(at, f"a megabyte of gzip holds more than {_MAX_EXPANSION} MB")
                at += len(piece) - len(unzip.unused_data)
                open_member = not unzip.eof
                if out:
                    yield out
                piece = unzip.unused_data.lstrip(b"\0") if unzip.eof else b""
                if unzip.eof:
                    at += len(unzip.unused_data) - len(piece)
                    unzip = zlib.decompressobj(wbits=31)
    if open_member:
        rest = unzip.flush()
        if rest:
            yield rest
        raise Truncated(at, "gzip ends before its end mark")


def _unzst(path: Path) -> Iterator[bytes]:
    with pa.OSFile(str(path)) as file:
        size = file.size()
        if not size:
            return
        stream = pa.CompressedInputStream(file, "zstd")
        grown = 0
        while True:
            try:
                piece = stream.read(_READ)
            except OSError as wrong:
                raise Truncated(min(file.tell(), size), f"zstd is cut off or damaged ({wrong})") from wrong
            if not piece:
                return
            grown += len(piece)
            if grown > max(size, _READ) * _MAX_EXPANSION:
                raise Truncated(file.tell(), f"zstd grows more than {_MAX_EXPANSION} times")
            yield piece
