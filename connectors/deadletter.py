"""Refused records to a file: NDJSON, bounded, counted by reason."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from connectors.errors import ConnectorError
from pipeline.ports import Reject

LIMIT_BYTES: Final = 256 << 20


class DeadLetterFile:
    """Appends rejects to `path`, one JSON object a line (`source line field reason expected raw`).

    At `limit_bytes` it stops writing and goes on counting: `counts` by reason, `dropped` for those not written.
    """

    def __init__(self, path: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self.dropped = 0
        try:
            self._file = path.open("ab")
        except OSError as wrong:
            hint = "give a file in a directory that exists and may be written"
            raise ConnectorError(f"{path}: {wrong.strerror}", hint) from wrong
        self._left = limit_bytes - self._file.tell()

    def write(self, rejects: tuple[Reject, ...]) -> None:
        """Add `rejects`; they are in the file when this returns."""
        for reject in rejects:
            self.counts[reject.reason] += 1
            # A lone surrogate has no UTF-8; the escape of it has.
            line = json.dumps(asdict(reject)).encode() + b"\n"
            if len(line) > self._left:
                self._left = 0
                self.dropped += 1
                continue
            self._left -= len(line)
            self._file.write(line)
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
