"""The switches whose CDRs are read from files or taken by HTTP: section [[cdr]] of the settings, and its source."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.errors import ConnectorError
from connectors.formats import reader
from connectors.rows.understanding import Understanding
from connectors.spool import SUFFIX, Spool, SpoolSettings
from connectors.watchdir import WatchDir, WatchDirSettings
from pipeline.directory import Directory
from pipeline.intake import resolve
from pipeline.ports import Batch
from pipeline.records import empty


class SwitchSettings(BaseModel):
    """One switch: its format, and either the directory of its files or the spool of what it posts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$", description="part of the address it posts to")
    format: str = Field(min_length=1, description="a CDR format, or a profile's .toml file")
    options: dict[str, Any] = Field(default={}, description="of the format: zone, switch, …")
    files: WatchDirSettings | None = Field(default=None, description="the directory that it writes to")
    http: SpoolSettings | None = Field(default=None, description="it posts to /intake/cdr/NAME; kept here first")

    @model_validator(mode="after")
    def _one_way(self) -> SwitchSettings:
        if (self.files is None) == (self.http is None):
            raise ValueError("give `files` or `http`, one of them")
        return self


class Switches:
    """All of [[cdr]] as one source: the switch that is behind is read first, so that catching up keeps the order."""

    def __init__(
        self,
        settings: Sequence[SwitchSettings],
        directory: Directory,
        *,
        follow: bool = True,
        now: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        names = [one.name for one in settings]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ConnectorError(f"[[cdr]] has two switches of the name {twice}", "give each a name of its own")
        self.spools = {one.name: Spool(one.http) for one in settings if one.http}
        self._directory, self._follow, self._wait = directory, follow, wait
        self._open = True
        self._sources: dict[str, WatchDir] = {}
        self._understood: dict[str, Understanding] = {}
        self._poll_s = 1.0
        for one in settings:
            files = one.files or _of_spool(one.http)
            made = reader(one.format, one.options)
            self._understood[one.name] = made.understanding
            self._sources[one.name] = WatchDir(files, made, directory, follow=follow, now=now, wait=lambda s: None)
            self._poll_s = min(self._poll_s, files.poll_s)

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Batches from `positions` on; an empty one when no switch has anything new."""
        going = {name: source.read(positions) for name, source in self._sources.items()}
        clocks = dict.fromkeys(going, 0)
        while self._open and going:
            idle: set[str] = set()
            while behind := [name for name in going if name not in idle]:
                name = min(behind, key=clocks.__getitem__)
                batch = next(going[name], None)
                if batch is None:
                    del going[name]
                elif batch.frame.is_empty() and not batch.rejects and not batch.positions:
                    idle.add(name)
                else:
                    latest = batch.frame["emitted_at"].max()
                    clocks[name] = max(clocks[name], latest if isinstance(latest, int) else 0)
                    frame = resolve(batch.frame, self._directory)
                    told = self._understood[name].told_of(frame)
                    yield Batch("cdr", frame, batch.rejects, batch.positions, disabled=told)
            if self._follow:
                yield Batch("cdr", empty("cdr"))
                self._wait(self._poll_s)

    def lag(self) -> dict[str, int]:
        """Bytes that a switch wrote and we have not read, by its name."""
        return {name: source.lag() for name, source in self._sources.items()}

    def oldest_ms(self) -> int | None:
        """When the oldest file was written to that may be read now and is not read yet; None when there is none."""
        return min((at for s in self._sources.values() if (at := s.oldest_ms()) is not None), default=None)

    def mark(self, positions: Mapping[str, int]) -> None:
        """The journal stands at `positions`: files need no word of it."""

    def close(self) -> None:
        """No further look is taken; the spools let go of their files."""
        self._open = False
        for source in self._sources.values():
            source.close()
        for spool in self.spools.values():
            spool.close()


def _of_spool(spool: SpoolSettings | None) -> WatchDirSettings:
    """The watch on a spool's directory."""
    assert spool is not None
    return WatchDirSettings(path=spool.path, pattern=f"*{SUFFIX}", poll_s=0.25)
