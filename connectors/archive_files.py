"""How the files of an archive are opened: the record contract, a CDR format, or recorded pages of metrics."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from connectors.codec.files import blocks, read_file
from connectors.codec.lines import as_object
from connectors.errors import ConnectorError
from connectors.prometheus.page import PageReader
from connectors.rows.understanding import Read, Understanding
from pipeline.directory import Directory
from pipeline.intake.limits import RAW_MAX, TIME_MAX_MS, TIME_MIN_MS
from pipeline.ports import Batch, Reject
from pipeline.records import Kind, empty

_HIDDEN: Final = (".", "_")


class Files(Protocol):
    """Reads the files of one input, one after the other."""

    kind: Kind

    def read(self, path: Path) -> Iterator[Batch]:
        """Batches of one file."""
        ...

    def finish(self) -> Batch:
        """What the files left open."""
        ...


class LinesReader(Protocol):
    """A reader of lines, as `connectors.rows.understanding.Reader`, of any kind of record."""

    def whole(self, data: bytes) -> int:
        """Bytes of `data` up to the end of its last whole record."""
        ...

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of `data`, whose first line is line `first_line` (1-based) of `source`."""
        ...

    def finish(self, source: str, directory: Directory) -> Read:
        """What is still held at the end of the input."""
        ...


class ContractFiles:
    """Files of the record contract."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def read(self, path: Path) -> Iterator[Batch]:
        """Batches of a file in its own order."""
        return read_file(self.kind, path)

    def finish(self) -> Batch:
        """Nothing is held."""
        return Batch(self.kind, empty(self.kind))


class ReaderFiles:
    """Files of another format, by its reader."""

    def __init__(
        self, kind: Kind, reader: LinesReader, directory: Directory, told: Understanding | None = None
    ) -> None:
        """`told` is what the reader takes a format of call records to mean."""
        self.kind = kind
        self._reader = reader
        self._told = told
        self._directory = directory
        self._source = ""

    def read(self, path: Path) -> Iterator[Batch]:
        """Batches of a file, plain or as gz or zst, whatever its ending."""
        self._source = str(path)
        line = 1
        for block in blocks(path, self._reader.whole):
            if isinstance(block, Reject):
                yield Batch(self.kind, empty(self.kind), (block,))
                continue
            frame, rejects = self._reader.read(block, self._source, line, self._directory)
            line += block.count(b"\n")
            yield self._batch(frame, rejects)

    def finish(self) -> Batch:
        """What the reader held: halves of calls, an open interval."""
        return self._batch(*self._reader.finish(self._source, self._directory))

    def _batch(self, frame: pl.DataFrame, rejects: tuple[Reject, ...]) -> Batch:
        return Batch(self.kind, frame, rejects, disabled=self._told.told_of(frame) if self._told else {})


class PageFiles:
    """Recorded pages of metrics: one `{"at": epoch ms, "text": the page}` a line, in order of time."""

    kind: Kind = "sip"

    def __init__(self, opened: Callable[[str], PageReader]) -> None:
        """`opened` gives the reader that suits the first pages: a counter is on none before its first count."""
        self._opened = opened
        self._pages: PageReader | None = None

    def read(self, path: Path) -> Iterator[Batch]:
        """Samples of the pages of a file."""
        first = 1
        for block in blocks(path):
            if isinstance(block, Reject):
                yield Batch("sip", empty("sip"), (block,))
                continue
            self._pages = self._pages or self._opened(block.decode("utf-8", "replace"))
            frames, rejects = [empty("sip")], []
            for line, raw in enumerate(block.split(b"\n"), first):
                if not raw.strip():
                    continue
                page = as_object(raw)
                at, text = (page.get("at"), page.get("text")) if page else (None, None)
                if not isinstance(at, int) or not TIME_MIN_MS <= at < TIME_MAX_MS or not isinstance(text, str):
                    cut = raw[:RAW_MAX].decode("utf-8", "replace")
                    expected = '{"at": epoch ms, "text": the page}'
                    rejects.append(Reject(str(path), line, None, "not_a_page", expected, cut))
                    continue
                read = self._pages.read(at, text, f"{path}:{line}")
                frames.append(read.frame)
                rejects += read.rejects
            first += block.count(b"\n")
            yield Batch("sip", pl.concat(frames), tuple(rejects))

    def finish(self) -> Batch:
        """Nothing is held."""
        return Batch("sip", empty("sip"))


def found(patterns: Sequence[str | Path]) -> list[Path]:
    """Files of names, patterns (`*`, `**`) and directories (all files in it), sorted within each, each once.

    Raises ConnectorError for one that names nothing.
    """
    paths: dict[Path, None] = {}
    for pattern in patterns:
        here = Path(pattern)
        if here.is_dir():
            matches = sorted(p for p in here.iterdir() if p.is_file() and not p.name.startswith(_HIDDEN))
        elif here.is_file():
            matches = [here]
        else:
            matches = sorted(Path(name) for name in glob.glob(str(pattern), recursive=True) if Path(name).is_file())
        if not matches:
            what = "no file in it" if here.is_dir() else "no such file"
            raise ConnectorError(f"{pattern}: {what}", "check the name; quote patterns so that the shell leaves them")
        paths.update(dict.fromkeys(matches))
    return list(paths)
