"""Watches a directory of CDR files: growing logs, rotated ones, files with a done-marker; every position resumable."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.codec.compressed import Truncated, pieces
from connectors.errors import ConnectorError
from connectors.rows.understanding import Reader
from pipeline.directory import Directory
from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Batch, Reject
from pipeline.records import empty

BLOCK_BYTES: Final = 8 << 20
PIECE_BYTES: Final = 1 << 20
_HEAD_BYTES: Final = 4096
_PACKED: Final = (".gz", ".zst")
When = Literal["growing", "settled", "marker"]


class WatchDirSettings(BaseModel):
    """Where the files are and when they may be read.

    `growing`: line by line while the switch writes; the last line of a file once a newer file is there.
    `settled`: a whole file once it has not changed for `settle_s` (one document a file; compressed files always).
    `marker`: a whole file once NAME + `marker` is there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    pattern: str = Field("*", min_length=1, description="a glob of the files' names")
    when: When = "growing"
    marker: str = Field(".done", min_length=1, description="the ending of a marker file")
    settle_s: float = Field(5.0, ge=0.0, le=86_400.0, description="a file unchanged for so long is finished")
    poll_s: float = Field(1.0, gt=0.0, le=3_600.0, description="the pause between two looks at the directory")
    recall_files: int = Field(4, ge=0, le=10_000, description="files read again at the start by a joining reader")


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is now. `key` names its content: it survives a rename, and a new file of the old name differs."""

    path: Path
    key: str
    size: int
    written_ms: int
    over: bool
    """No more will be written to it."""


class WatchDir:
    """A source of the files in one directory. Yields an empty batch when there is nothing new.

    Files are only read: never moved, never deleted. With `follow` false it ends when it has read what is there.
    """

    def __init__(
        self,
        settings: WatchDirSettings,
        reader: Reader,
        directory: Directory,
        *,
        follow: bool = True,
        now: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        if not settings.path.is_dir():
            raise ConnectorError(
                f"{settings.path}: no such directory", "give the directory the switch writes its CDRs to"
            )
        self.settings, self.reader, self.directory = settings, reader, directory
        self._follow, self._now, self._wait = follow, now, wait
        self._open = True
        self._at: dict[str, int] = {}
        self._line: dict[str, int] = {}
        self._unpacked: dict[str, int] = {}
        """Size of each compressed file that was read to its end."""
        self._waiting: dict[str, int] = {}
        """Files of the last look that are not read yet, and when each was written to."""

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Batches from `positions` (a file's key to the bytes read) on, oldest file first."""
        self._at = {key: at for key, at in positions.items() if key.startswith(f"{self.settings.path}/")}
        self._recall()
        while self._open:
            idle = True
            files = self._files()
            self._waiting = {file.key: file.written_ms for file in files if self._unread(file)}
            for file in files:
                for batch in self._take(file):
                    idle = False
                    yield batch
                self._waiting.pop(file.key, None)
            if not self._follow:
                frame, rejects = self.reader.finish(str(self.settings.path), self.directory)
                yield Batch("cdr", frame, rejects)
                return
            if idle:
                yield Batch("cdr", empty("cdr"))
                self._wait(self.settings.poll_s)

    def close(self) -> None:
        """The next look at the directory is not taken."""
        self._open = False

    def lag(self) -> int:
        """Bytes of plain files that may be read now and were not."""
        return sum(
            max(0, file.size - self._at.get(file.key, 0))
            for file in self._files()
            if file.path.suffix.lower() not in _PACKED
        )

    def oldest_ms(self) -> int | None:
        """When the oldest file was written to that may be read now and is not read yet; None when there is none."""
        return min(self._waiting.values(), default=None)

    def _unread(self, file: _File) -> bool:
        if file.path.suffix.lower() in _PACKED:
            return self._unpacked.get(file.key) != file.size
        return file.size != self._at.get(file.key, 0)

    def _files(self) -> list[_File]:
        """Files that may be read now, oldest first; their state is one look, taken before any is read."""
        s = self.settings
        found = []
        for path in s.path.glob(s.pattern):
            if path.name.endswith(s.marker) or path.name.startswith(".") or not path.is_file():
                continue
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found.append((stat.st_mtime, path.name, stat.st_ino, stat.st_size, path))
        found.sort(key=lambda entry: entry[:2])
        files = []
        for mtime, name, inode, size, path in found:
            quiet = self._now() - mtime >= s.settle_s
            packed = path.suffix.lower() in _PACKED
            marked = path.with_name(name + s.marker).exists()
            over = marked if s.when == "marker" else quiet and (packed or s.when == "settled" or name != found[-1][1])
            if (over or (s.when == "growing" and not packed)) and (key := self._key(path, inode, over)):
                files.append(_File(path, key, size, int(mtime * 1000), over))
        return files

    def _key(self, path: Path, inode: int, over: bool) -> str | None:
        """Directory, inode and a hash of the first line with a digit (headers have none); None before it is written."""
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except FileNotFoundError:
            return None
        lines = head.split(b"\n")
        whole = lines if over or len(head) == _HEAD_BYTES else lines[:-1]
        first = next((line for line in whole if re.search(rb"\d", line)), None)
        if first is None:
            return None
        return f"{self.settings.path}/{inode}.{hashlib.blake2b(first, digest_size=6).hexdigest()}"

    def _take(self, file: _File) -> Iterator[Batch]:
        """Batches of what is new in a file."""
        if not self._unread(file):
            return
        at = self._at.get(file.key, 0)
        packed = file.path.suffix.lower() in _PACKED
        if not packed and file.size < at:
            # Cut in place (copytruncate): it begins anew.
            at, self._line[file.key] = 0, 1
        line = self._line.get(file.key) or self._lines_before(file, at)
        for block, where, why in self._blocks(file, at):
            frame, rejects = self.reader.read(block, str(file.path), line, self.directory)
            line += block.count(b"\n")
            if why is not None:
                raw = block[-RAW_MAX:].decode("utf-8", "replace")
                rejects = (*rejects, Reject(str(file.path), line, None, "truncated", f"a whole archive: {why}", raw))
            self._at[file.key], self._line[file.key] = where, line
            yield Batch("cdr", frame, rejects, {file.key: where})
        if packed:
            self._unpacked[file.key] = file.size

    def _blocks(self, file: _File, at: int) -> Iterator[tuple[bytes, int, str | None]]:
        """(whole lines, position after them, what broke) from `at` on; the last line of a finished file too."""
        held, start = b"", at
        try:
            for piece in self._bytes(file, at):
                held += piece
                cut = self.reader.whole(held)
                if len(held) < BLOCK_BYTES or not cut:
                    continue
                start += cut
                yield held[:cut], start, None
                held = held[cut:]
        except Truncated as broken:
            yield held, start + len(held), broken.why
            return
        cut = len(held) if file.over else self.reader.whole(held)
        if cut:
            yield held[:cut], start + cut, None

    def _bytes(self, file: _File, at: int) -> Iterator[bytes]:
        """The content from `at` on, up to the size seen (positions of compressed files count what they hold)."""
        if file.path.suffix.lower() in _PACKED:
            skip = at
            for piece in pieces(file.path):
                if skip < len(piece):
                    yield piece[skip:]
                skip = max(0, skip - len(piece))
            return
        try:
            with file.path.open("rb") as opened:
                opened.seek(at)
                left = file.size - at
                while left > 0 and (piece := opened.read(min(left, PIECE_BYTES))):
                    left -= len(piece)
                    yield piece
        except FileNotFoundError:
            return

    def _lines_before(self, file: _File, at: int) -> int:
        """The number of the first line at byte `at`."""
        count, left = 1, at
        for piece in self._bytes(replace(file, size=at), 0):
            count += piece[:left].count(b"\n")
            left -= len(piece)
            if left <= 0:
                break
        return count

    def _recall(self) -> None:
        """Lets a joining reader see again what it had read before a restart: its open halves are in no journal."""
        if not self.reader.joins or not self.settings.recall_files:
            return
        known = [file for file in self._files() if self._at.get(file.key)]
        for file in known[-self.settings.recall_files :]:
            line = 1
            for block, _, _ in self._blocks(replace(file, size=self._at[file.key], over=True), 0):
                self.reader.read(block, str(file.path), line, self.directory)
                line += block.count(b"\n")
