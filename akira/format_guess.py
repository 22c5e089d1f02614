"""Which formats would read a sample that the named one does not: most often the wrong name was given."""

from __future__ import annotations

from typing import Final

from connectors.formats import FORMATS, reader
from pipeline.directory import Directory

GUESS_BYTES: Final = 64 << 10
"""So much of the sample is tried with every format."""
_EXPECTED: Final = ("set_aside", "half_call")


def readable_by(data: bytes, source: str, directory: Directory) -> list[str]:
    """Names of the formats that, without options, take more of the sample's beginning than they refuse."""
    found = []
    for name in sorted(FORMATS):
        read = reader(name)
        start = data if len(data) <= GUESS_BYTES else data[: read.whole(data[:GUESS_BYTES])]
        first, refused = read.read(start, source, 1, directory)
        last, half = read.finish(source, directory)
        wrong = sum(reject.reason not in _EXPECTED for reject in (*refused, *half))
        if first.height + last.height > wrong:
            found.append(name)
    return found
