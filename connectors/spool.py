"""An append-only directory for records that cannot be asked for again: on disk before the sender hears "received"."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import ConnectorError

SUFFIX: Final = ".cdr"


class SpoolSettings(BaseModel):
    """Where the hourly files are, how much they may hold and for how long they are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    keep_h: int = Field(168, ge=1, le=8_760, description="hours after which a file is deleted")
    max_bytes: int = Field(10 << 30, ge=1 << 20, description="bytes of all files; beyond it senders are told to wait")


class SpoolFull(Exception):
    """The spool holds all that it may: the sender must keep its record and try again."""


class Spool:
    """Appends bodies to one file an hour; a `WatchDir` on the same directory reads them, resumable as any log."""

    def __init__(self, settings: SpoolSettings, *, now: Callable[[], float] = time.time) -> None:
        self.settings, self._now = settings, now
        self._lock = threading.Lock()
        self._file: int | None = None
        self._name = ""
        try:
            settings.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as wrong:
            raise ConnectorError(
                f"{settings.path}: {wrong.strerror}", "the spool needs a directory it may write to"
            ) from wrong
        self._bytes = sum(path.stat().st_size for path in settings.path.glob(f"*{SUFFIX}"))

    def append(self, body: bytes) -> None:
        """Writes `body` as whole lines and waits for the disk. Raises SpoolFull, or OSError when the disk refuses."""
        block = body if body.endswith(b"\n") else body + b"\n"
        with self._lock:
            if self._bytes + len(block) > self.settings.max_bytes:
                raise SpoolFull
            file = self._current()
            before = os.fstat(file).st_size
            try:
                written = os.write(file, block)
                while written < len(block):
                    written += os.write(file, block[written:])
                os.fsync(file)
            except OSError:
                # Half a block would join the sender's next try: the file ends where it did.
                os.ftruncate(file, before)
                raise
            self._bytes += len(block)

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file, self._name = None, ""

    def _current(self) -> int:
        """The descriptor of this hour's file."""
        at = self._now()
        name = time.strftime("%Y%m%d%H", time.gmtime(at)) + SUFFIX
        if self._file is None or name != self._name:
            if self._file is not None:
                os.close(self._file)
            self._file = os.open(self.settings.path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._name = name
            self._forget(at - self.settings.keep_h * 3600)
        return self._file

    def _forget(self, before: float) -> None:
        """Deletes the spool's own files that are older than it keeps them."""
        for path in self.settings.path.glob(f"*{SUFFIX}"):
            stat = path.stat()
            if stat.st_mtime < before and path.name != self._name:
                path.unlink()
                self._bytes -= stat.st_size
