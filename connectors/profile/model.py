"""What a profile may say about a CDR file: columns, units, zone, durations, failures, legs, identity, code maps."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from connectors.errors import ConnectorError
from pipeline.records import CDR_SCHEMA

Unit = Literal["s", "ms", "us", "ns", "min"]
PER_UNIT_MS: Final[dict[str, float]] = {"s": 1000.0, "ms": 1.0, "us": 1e-3, "ns": 1e-6, "min": 60_000.0}
EPOCHS: Final[dict[str, int]] = {"epoch_s": 1, "epoch_ms": 1000, "epoch_us": 1_000_000, "epoch_ns": 1_000_000_000}
MAPPED: Final = frozenset(CDR_SCHEMA) - {"billed_ms", "charge_micro", "last_attempt", "emitted_at"} | {"charge"}
"""Contract fields that `[fields]` may name; `billed` stands under `[durations]`."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
"""One column, or several that are tried in order (of `call_id`: joined)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Duration(_Part):
    """A column that holds a duration, and its unit."""

    column: str
    unit: Unit = "s"


class Durations(_Part):
    """Each duration under the name of what it means; the file may have any of them."""

    from_setup: Duration | None = None
    from_answer: Duration | None = None
    billed: Duration | None = None
    ringing_after: Duration | None = None
    """Post-dial delay: from set-up to the first 18x."""


class Rule(_Part):
    """Rows whose `column` has one of `values`."""

    column: str
    values: Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Profile(_Part):
    """One CDR format. Times are in `times` (strftime, `epoch_s`, `epoch_ms`, `epoch_us`, `rfc3339`) of `zone`."""

    name: str = "profile"
    format: Literal["csv", "json"]
    columns: tuple[str, ...] = ()
    """Of CSV: all columns in order; as one text they are parted by `separator`."""
    separator: str = Field(",", min_length=1, max_length=1)
    quoted: bool = True
    header: bool = False
    """CSV: the first line names the columns and is passed over; it must be `columns`."""
    times: str
    zone: str = "UTC"
    never: tuple[str, ...] = ("", "0")
    """Texts of a time that mean "it did not happen"."""
    switch: str = "default"
    answered_only: bool = False
    """True when failed calls are not in the file: ASR and NER are then not asked of it."""
    fields: dict[str, Columns]
    durations: Durations = Durations()
    answered: Rule | None = None
    """Rows that were answered, where the answer time alone does not say so."""
    keep: Rule | None = None
    """Rows that count (a leg, a run, a record kind); the others are set aside."""
    codes: dict[str, dict[str, str | int]] = {}
    """Of a contract field: the file's texts and what they mean."""
    currency: str = ""

    @model_validator(mode="before")
    @classmethod
    def _split(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and isinstance(raw.get("columns"), str):
            raw = {**raw, "columns": [part.strip(' "') for part in raw["columns"].split(raw.get("separator", ","))]}
        return raw

    @model_validator(mode="after")
    def _whole(self) -> Profile:
        known = ", ".join(sorted(MAPPED))
        for field in (*self.fields, *self.codes):
            if field not in MAPPED:
                raise ValueError(f"`{field}` is no field of a call record; there are {known}")
        for field in ("call_id", "setup_at"):
            if field not in self.fields:
                raise ValueError(f"[fields] needs {field}")
        if not {"customer", "account", "trunk", "source_ip"} & set(self.fields):
            raise ValueError("[fields] needs customer, account, trunk or source_ip: who sent the call")
        d = self.durations
        if "ended_at" not in self.fields and d.from_setup is None and d.from_answer is None:
            raise ValueError("give [fields] ended_at, or [durations] from_setup or from_answer")
        if "answered_at" not in self.fields and d.from_answer is None:
            raise ValueError("give [fields] answered_at, or [durations] from_answer")
        if self.zone not in available_timezones():
            raise ValueError(f"zone {self.zone!r} is no IANA zone, such as Europe/Paris or UTC")
        if self.times not in EPOCHS and self.times != "rfc3339" and not re.search(r"%[A-Za-z]", self.times):
            raise ValueError(
                f"times {self.times!r}: use {', '.join(EPOCHS)}, rfc3339 or a form such as %Y-%m-%d %H:%M:%S"
            )
        missing = sorted(self.used() - set(self.columns)) if self.format == "csv" else []
        if missing:
            raise ValueError(f"columns has no {', '.join(missing)}: it must list every column of a line, in order")
        return self

    def used(self) -> set[str]:
        """Every column that the profile reads."""
        d = self.durations
        durations = [part.column for part in (d.from_setup, d.from_answer, d.billed, d.ringing_after) if part]
        rules = [rule.column for rule in (self.answered, self.keep) if rule]
        return {column for columns in self.fields.values() for column in columns} | set(durations) | set(rules)


def load(path: Path) -> Profile:
    """The profile in a TOML file. Raises ConnectorError that names the file, the key and what would be right."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as wrong:
        raise ConnectorError(
            f"{path}: {wrong.strerror or wrong}", "give the name of a CDR format or of a profile"
        ) from wrong
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise ConnectorError(f"{path}: not TOML: {wrong}", "docs/readers.md shows a whole profile") from wrong
    try:
        return Profile.model_validate({"name": path.stem, **raw})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "profile"
        said = first["msg"].removeprefix("Value error, ")
        raise ConnectorError(f"{path}: {where}: {said}", "docs/readers.md lists the keys of a profile") from wrong
