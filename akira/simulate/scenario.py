"""Scenarios: which faults and confounders strike when, named in a TOML file or drawn from a seed."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from akira.errors import OperatorError
from akira.simulate.calendar import DAY_MS, MINUTE_MS
from akira.simulate.faults import Order
from akira.simulate.site import DIMENSIONS

_AT: Final = re.compile(r"^(?:(\d+)d )?([01]?\d|2[0-3]):([0-5]\d)$")
_LASTS: Final = re.compile(r"^(\d+)(m|h)$")
Names = str | list[str] | None


class Event(BaseModel):
    """A fault or a confounder: `at` is a time of the first fault day (`10:15`) or a later one (`1d 10:15`), UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    at: str = "00:00"
    lasts: str = "40m"
    switch: Names = None
    terminator: Names = None
    destination: Names = None
    customer: Names = None
    trunk: Names = None
    strength: float | None = None
    style: str = ""
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    tolerated: bool = False
    calls_per_minute: Annotated[float, Field(ge=0.0, le=1e6)] = 0.0
    """A slice that is chosen has at least so many calls a minute, over the mean of the day."""

    @model_validator(mode="after")
    def _readable(self) -> Event:
        if not _AT.match(self.at):
            raise ValueError(f"at = {self.at!r}: write 10:15, or 1d 10:15 for the second fault day")
        if not _LASTS.match(self.lasts):
            raise ValueError(f"lasts = {self.lasts!r}: write 40m or 3h")
        return self

    def order(self, first_day_ms: int, number: int, label: str, least: float) -> Order:
        """The order of this event, with `first_day_ms` as midnight of the first fault day."""
        at, lasts = _AT.match(self.at), _LASTS.match(self.lasts)
        assert at and lasts
        start = first_day_ms + int(at[1] or 0) * DAY_MS + (int(at[2]) * 60 + int(at[3])) * MINUTE_MS
        minutes = int(lasts[1]) * (60 if lasts[2] == "h" else 1)
        named = {d: getattr(self, d) for d in DIMENSIONS if getattr(self, d) is not None}
        return Order(
            id=label,
            number=number,
            kind=self.kind,
            start=start,
            end=start + minutes * MINUTE_MS,
            names={d: (v,) if isinstance(v, str) else tuple(v) for d, v in named.items()},
            strength=self.strength,
            style=self.style,
            count=self.count,
            tolerated=self.tolerated,
            least=least,
        )


class Draw(BaseModel):
    """How many faults and confounders to draw from the seed, of which kinds (none named: those of `drawn`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    faults: Annotated[int, Field(ge=0, le=200)] = 6
    confounders: Annotated[int, Field(ge=0, le=200)] = 3
    kinds: tuple[str, ...] = ()
    confounder_kinds: tuple[str, ...] = ()
    shortest_min: Annotated[int, Field(ge=1, le=1440)] = 20
    longest_min: Annotated[int, Field(ge=1, le=1440)] = 90
    """Faults last so many minutes, log-uniform between the two."""
    overlaps: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Share of the faults that begin while the one before lasts."""

    @model_validator(mode="after")
    def _in_order(self) -> Draw:
        if self.shortest_min > self.longest_min:
            raise ValueError(f"shortest_min = {self.shortest_min} is more than longest_min = {self.longest_min}")
        return self


class Scenario(BaseModel):
    """A carrier's story: its scale, its days, what goes wrong in them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = "f"
    scale: str = "S"
    start: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    days_before: Annotated[int, Field(ge=0, le=60)] = 7
    days: Annotated[int, Field(ge=1, le=60)] = 1
    calls_per_day: Annotated[int, Field(ge=1_000, le=50_000_000)] | None = None
    overdispersion: Annotated[float, Field(ge=0.0, le=0.1)] = 0.01
    random: Draw | None = None
    faults: tuple[Event, ...] = ()
    confounders: tuple[Event, ...] = ()


def load(path: Path) -> Scenario:
    """The scenario of a TOML file; a mistake in it names the place and what would be right."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as wrong:
        raise OperatorError(f"cannot read scenario {path}: {wrong.strerror}", "see scenarios/ for examples") from wrong
    return parse(text, str(path))


def parse(text: str, name: str) -> Scenario:
    """The scenario of TOML text."""
    try:
        raw: dict[str, Any] = tomllib.loads(text)
        return Scenario.model_validate(raw)
    except tomllib.TOMLDecodeError as wrong:
        raise OperatorError(f"scenario {name} is not TOML: {wrong}") from wrong
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise OperatorError(f"scenario {name}: {place}: {first['msg']}", "see docs/simulator.md") from wrong
