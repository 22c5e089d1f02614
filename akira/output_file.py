"""A file that a command was asked to write: refused before the work, not after it, when it cannot be."""

from __future__ import annotations

import os
from pathlib import Path

from akira.errors import OperatorError

_HINT = "give a file in a directory that may be written"


def writable(path: Path | None) -> None:
    """Raises OperatorError when `path` cannot be written; nothing is made of it yet."""
    if path is None:
        return
    if path.is_dir():
        raise OperatorError(f"{path}: is a directory", _HINT)
    if not path.parent.is_dir():
        raise OperatorError(f"{path}: No such file or directory", _HINT)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OperatorError(f"{path}: Permission denied", _HINT)


def put(path: Path, text: str) -> None:
    """Write `text`. Raises OperatorError when the file cannot be written after all."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise OperatorError(f"{path}: {wrong.strerror}", _HINT) from wrong
