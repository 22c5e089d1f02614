"""Mails in a folder: `*.eml`, or the `new` of a Maildir. What is taken moves to `done`, what cannot be to `failed`."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from connectors.errors import ConnectorError
from connectors.mail.inlet import AT_ONCE, Waiting

SETTLED_S: Final = 1.0
"""A file that was written to just now may not be whole; a Maildir's `new` holds whole mails only."""


class DropDir:
    """An `Inlet` of one folder, made with its `done` and `failed` when it is not there."""

    name = "mail-drop"

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._done, self._failed = folder / "done", folder / "failed"

    def waiting(self) -> Iterator[Waiting]:
        """The oldest names first."""
        try:
            for each in (self._folder, self._done, self._failed):
                each.mkdir(exist_ok=True)
            before = time.time() - SETTLED_S
            loose = (path for path in sorted(self._folder.glob("*.eml")) if _regular(path, before))
            maildir = (path for path in sorted((self._folder / "new").glob("*")) if _regular(path, None))
            for path in islice((*loose, *maildir), AT_ONCE):
                with path.open("rb") as file:
                    raw = file.read(self._max_bytes + 1)
                yield Waiting(str(path), raw)
        except OSError as wrong:
            raise self._unusable(wrong) from wrong

    def done(self, mail: Waiting) -> None:
        """Move it to `done`."""
        self._move(mail, self._done)

    def failed(self, mail: Waiting, why: str) -> None:
        """Move it to `failed`, the reason beside it."""
        place = self._move(mail, self._failed)
        try:
            place.with_name(f"{place.name}.reason").write_text(f"{why}\n", encoding="utf-8", errors="replace")
        except OSError as wrong:
            raise self._unusable(wrong) from wrong

    def close(self) -> None:
        """Nothing is kept open."""

    def _move(self, mail: Waiting, to: Path) -> Path:
        """Under its own name; one that is taken by another mail gets a digest before it."""
        source = Path(mail.key)
        place = to / source.name
        if place.exists():
            place = to / f"{hashlib.sha256(mail.raw).hexdigest()[:16]}-{source.name}"[:250]
        try:
            os.replace(source, place)
        except OSError as wrong:
            raise self._unusable(wrong) from wrong
        return place

    def _unusable(self, wrong: OSError) -> ConnectorError:
        hint = "[mail] drop must be a folder in which Akira may read, write and move"
        return ConnectorError(f"{self._folder}: {wrong}", hint)


def _regular(path: Path, before_s: float | None) -> bool:
    """A file of its own: a link could lead out of the folder."""
    try:
        known = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(known.st_mode) and (before_s is None or known.st_mtime <= before_s)
