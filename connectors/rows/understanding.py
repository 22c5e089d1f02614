"""What a reader takes a format to mean, said in words that an operator can check, and the shape of every reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import polars as pl

from connectors.rows.lines import last_line_whole
from pipeline.directory import Directory
from pipeline.ports import Reject
from pipeline.records import empty

DurationMeaning = Literal["from setup", "from answer", "billed", "not used"]
Read = tuple[pl.DataFrame, tuple[Reject, ...]]
"""Records in `CDR_SCHEMA` and what was refused."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """Units, zone, meaning of the duration, failures, legs, identity, and the signals that cannot be asked."""

    format: str
    times: str
    """Unit and resolution of the times, e.g. `epoch seconds, 3 decimals`."""
    zone: str
    """IANA name of the zone of local times, or `UTC` where the format fixes it."""
    duration: DurationMeaning
    answered_only: bool
    """True when failed calls are absent from the records: ASR and NER then say nothing about the switch."""
    legs: str
    identity: tuple[str, ...]
    """The format's own fields that identify a record."""
    disabled: tuple[tuple[str, str], ...] = ()
    """Pairs (signal kind, why it cannot be asked of this format)."""

    def told_of(self, frame: pl.DataFrame) -> dict[str, dict[str, str]]:
        """What the watch must know of the switches in a frame of CDRs: for each, signal kind to reason."""
        switches = frame["switch"].unique().to_list() if self.disabled else []
        return {switch: dict(self.disabled) for switch in switches}


class Reader(Protocol):
    """One CDR format. `read` may be called with any run of whole lines; bad records come back as `Reject`."""

    name: str
    joins: bool
    """It holds halves of calls between two reads, and must see them again after a restart."""

    @property
    def understanding(self) -> Understanding: ...

    def whole(self, data: bytes) -> int:
        """Bytes of `data` up to the end of its last whole record: what may be read while a file still grows."""
        ...

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of `data`, whose first line is line `first_line` (1-based) of `source`."""
        ...

    def finish(self, source: str, directory: Directory) -> Read:
        """What a joining reader still holds, at the end of the input; nothing for the others."""
        ...


class ByLine:
    """A reader whose records are lines."""

    joins = False

    def whole(self, data: bytes) -> int:
        """Up to and with the last line end."""
        return last_line_whole(data)


class OneToOne(ByLine):
    """A reader of lines that keeps nothing between two reads."""

    def finish(self, source: str, directory: Directory) -> Read:
        """Nothing is held."""
        return empty("cdr"), ()
