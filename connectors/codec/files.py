"""A file of contract records to batches, in blocks of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from connectors.codec.compressed import Truncated, inner_suffix, pieces
from connectors.codec.lines import decode
from connectors.codec.parquet import read_parquet
from connectors.codec.sheets import Sheet
from connectors.errors import ConnectorError
from connectors.rows.lines import count, last_line_whole
from pipeline.ports import Batch, Reject
from pipeline.records import Kind, empty

BLOCK_BYTES: Final = 16 << 20
LINE_MAX: Final = 4 << 20
"""The longest line; a file without line breaks must not fill the memory."""
_NDJSON: Final = (".ndjson", ".jsonl", ".json")
_CSV: Final = (".csv", ".tsv")
ENDINGS: Final = (*_NDJSON, *_CSV, ".parquet")


def read_file(kind: Kind, path: Path) -> Iterator[Batch]:
    """Batches of a contract file in its own order; the format is told by the ending, with `.gz` or `.zst` after it.

    A position is the number of bytes (Parquet: rows) read so far. Raises ConnectorError for a file that cannot be
    opened or whose ending is unknown; a broken archive gives what came before and one reject `truncated`.
    """
    suffix = inner_suffix(path)
    if not path.is_file():
        raise ConnectorError(f"{path}: no such file", "check the name; quote patterns so that the shell leaves them")
    if suffix == ".parquet":
        yield from read_parquet(kind, path)
    elif suffix in _CSV:
        yield from _csv(kind, path)
    elif suffix in _NDJSON:
        yield from _ndjson(kind, path)
    else:
        raise ConnectorError(
            f"{path}: cannot tell the format from the ending {suffix or '(none)'}",
            "use " + ", ".join(ENDINGS) + ", with .gz or .zst after it if compressed",
        )


def _ndjson(kind: Kind, path: Path) -> Iterator[Batch]:
    line = 1
    for block in blocks(path):
        if isinstance(block, Reject):
            yield Batch(kind, empty(kind), (block,))
            continue
        yield decode(kind, block, str(path), line)
        line += count(block, b"\n")


def _csv(kind: Kind, path: Path) -> Iterator[Batch]:
    sheet = Sheet(kind, str(path))
    for block in blocks(path):
        if isinstance(block, Reject):
            yield Batch(kind, empty(kind), (block,))
            continue
        yield sheet.decode(block)
    yield sheet.finish()


def blocks(path: Path, whole: Callable[[bytes], int] = last_line_whole) -> Iterator[bytes | Reject]:
    """Whole records of a text file, some megabytes at a time; a reject where the archive or a record breaks off.

    `whole` gives the bytes of its argument up to the end of the last whole record.
    """
    rest: list[bytes] = []
    held, lines = 0, 0
    try:
        for piece in pieces(path):
            rest.append(piece)
            held += len(piece)
            if held < BLOCK_BYTES:
                continue
            block = b"".join(rest)
            cut = whole(block)
            if not cut and held > BLOCK_BYTES + LINE_MAX:
                yield _cut(path, lines + 1, "too_long", f"lines of at most {LINE_MAX} bytes", block)
                return
            rest, held = [block[cut:]], len(block) - cut
            if cut:
                block = block[:cut]
                lines += count(block, b"\n")
                yield block
    except Truncated as broken:
        block = b"".join(rest)
        cut = whole(block)
        if cut:
            yield block[:cut]
        lines += block[:cut].count(b"\n")
        expected = f"a whole archive: {broken.why} at byte {broken.at}; lines before {lines + 1} were read"
        yield _cut(path, lines + 1, "truncated", expected, block[cut:])
        return
    if block := b"".join(rest):
        yield block


def _cut(path: Path, line: int, reason: str, expected: str, raw: bytes) -> Reject:
    return Reject(str(path), line, None, reason, expected, raw[:2_000].decode("utf-8", "replace"))
