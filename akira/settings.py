"""All settings: akira.toml, then AKIRA_* of the environment on top; what is not known there is refused by name."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from akira.errors import OperatorError
from akira.web.auth.oidc_settings import OidcSettings
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.kafka.settings import KafkaSettings
from connectors.mail.settings import MailSettings
from connectors.outlets.kinds import Outlets
from connectors.prometheus.getting import ScrapeSettings
from connectors.switches import SwitchSettings
from pipeline.desk.policy import DeskPolicy, DeskSettings
from pipeline.settings import WatchSettings

FILE: Final = "akira.toml"
PREFIX: Final = "AKIRA_"
LETTERS: Final = "deadletters.ndjson"
APART: Final = ("AKIRA_SETTINGS", "AKIRA_TOKEN", "AKIRA_TEST_")
"""Beginnings of names that are no settings: where the file is, the caller's own API token, what the tests are told."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Section):
    """Section [store]: where tickets, outbox, positions and snapshots are kept."""

    url: SecretStr = Field(
        default=SecretStr("sqlite:///akira.db"),
        description="sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DB",
    )
    keep_sent_days: int = Field(
        default=30, ge=1, le=3650, description="so long messages that were taken by their target stay in the outbox"
    )


class RunSettings(_Section):
    """Section [run]: the live loop."""

    source: Literal["kafka", "switches"] = Field(
        default="kafka", description="where records come from: the topics, or the files and posts of [[cdr]]"
    )
    sinks: tuple[Literal["kafka"], ...] = Field(
        default=("kafka",), description="where ticket events are sent; default with `switches`: nowhere"
    )
    deadletters: str = Field(
        default="kafka",
        description=f"refused records: `kafka`, or a file they are added to; default with `switches`: `{LETTERS}`",
    )
    checkpoint_min: int = Field(default=5, ge=1, le=120, description="event-minutes between checkpoints")
    checkpoint_s: float = Field(default=10.0, ge=0, le=3600, description="and at least these seconds, for catching up")
    tick_after_s: float = Field(default=15.0, gt=0, le=600, description="silence of all sources before the clock ticks")

    @model_validator(mode="before")
    @classmethod
    def _without_kafka(cls, given: Any) -> Any:
        """Who reads switches needs no broker for the rest either."""
        if isinstance(given, dict) and given.get("source") == "switches":
            return {"sinks": (), "deadletters": LETTERS, **given}
        return given


class WebSettings(_Section):
    """Section [web]: console, API, /metrics, /healthz and /readyz."""

    host: str = Field(default="127.0.0.1", description="the loopback by default; anything else needs a proxy with TLS")
    port: int = Field(default=8080, ge=0, le=65535, description="0 takes a free one and says which")
    address: str = Field(
        default="http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="of the console as people reach it, for links",
    )
    ready_lag_s: float = Field(default=300.0, gt=0, description="/readyz says no when the loop is silent for longer")
    oidc: OidcSettings = OidcSettings()


class Settings(_Section):
    """The whole of akira.toml."""

    directory: str | None = Field(default=None, description="the directory file, relative to akira.toml")
    store: StoreSettings = StoreSettings()
    run: RunSettings = RunSettings()
    kafka: KafkaSettings = KafkaSettings()
    watch: WatchSettings = WatchSettings()
    desk: DeskSettings = DeskSettings()
    web: WebSettings = WebSettings()
    alertmanager: AlertmanagerSettings = AlertmanagerSettings()
    mail: MailSettings = MailSettings()
    cdr: tuple[SwitchSettings, ...] = Field(
        default=(), description='the switches of `source = "switches"`, [[cdr]] each; see docs/running.md'
    )
    scrape: tuple[ScrapeSettings, ...] = Field(
        default=(), description="metrics pages of `akira scrape`, or the Prometheus that scraped them, [[scrape]] each"
    )

    outlet: Outlets = Field(
        default=(), description="tools that hear of tickets, [[outlet]] each; see docs/integrations.md"
    )

    @property
    def policy(self) -> DeskPolicy:
        """What the desk goes by."""
        return DeskPolicy.of(self.desk, self.watch)


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings of `path`, else of AKIRA_SETTINGS, else of ./akira.toml when it is there, else the defaults."""
    named = path or (Path(environ["AKIRA_SETTINGS"]) if environ.get("AKIRA_SETTINGS") else None)
    place = named or Path(FILE)
    values = _read(place) if named or place.exists() else {}
    origin: dict[tuple[str, ...], str] = {}
    for name in sorted(environ):
        if name.startswith(PREFIX) and not name.startswith(APART):
            keys = tuple(name.removeprefix(PREFIX).lower().split("__"))
            _put(values, keys, _value(environ[name]), name)
            origin[keys] = name
    try:
        settings = Settings.model_validate(values)
    except ValidationError as wrong:
        raise OperatorError(*_told(wrong, str(place), origin)) from wrong
    if settings.directory and not Path(settings.directory).is_absolute():
        settings = settings.model_copy(update={"directory": str(place.parent / settings.directory)})
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as wrong:
        raise OperatorError(
            f"{path}: no such file", "name the settings file with --settings or AKIRA_SETTINGS"
        ) from wrong
    except (OSError, UnicodeDecodeError) as wrong:
        raise OperatorError(f"{path}: cannot be read: {wrong}", "it must be a readable UTF-8 file") from wrong
    except tomllib.TOMLDecodeError as wrong:
        raise OperatorError(f"{path}: not TOML: {wrong}", "see docs/settings.md for an example") from wrong


def _value(text: str) -> Any:
    """Lists and tables as TOML has them (`["kafka"]`); all else is text, which the model reads as its type."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(values: dict[str, Any], keys: tuple[str, ...], value: Any, name: str) -> None:
    for key in keys[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise OperatorError(f"{name}: {key} is no section", "see docs/settings.md")
    values[keys[-1]] = value


def _told(wrong: ValidationError, file: str, origin: Mapping[tuple[str, ...], str]) -> tuple[str, str]:
    """Message and hint for the first thing that is wrong (and how many more are)."""
    first, *more = wrong.errors(include_url=False)
    keys = tuple(str(key) for key in first["loc"])
    section = f"[{'.'.join(keys[:-1])}] " if keys[:-1] else ""
    written = f"{file}: {section}{keys[-1] if keys else ''}"
    place = next((name for at, name in origin.items() if at == keys[: len(at)]), written)
    rest = f" (and {len(more)} more)" if more else ""
    if first["type"] == "extra_forbidden":
        near = _nearest(keys)
        hint = f"did you mean {near}?" if near else "see docs/settings.md for what there is"
        return f"{place}: unknown setting{rest}", hint
    reason = first["msg"].removeprefix("Value error, ")
    return f"{place}: {reason[0].lower()}{reason[1:]}{rest}", "see docs/settings.md for its meaning and bounds"


def _nearest(keys: tuple[str, ...]) -> str:
    """The setting whose name is most like the last of `keys`: in its section first, then anywhere."""
    every = dict(paths(Settings))
    here = {path[-1]: ".".join(path) for path in every if path[:-1] == keys[:-1]}
    found = difflib.get_close_matches(keys[-1], here, 1, 0.6)
    if found:
        return here[found[0]]
    anywhere = {path[-1]: ".".join(path) for path in every}
    found = difflib.get_close_matches(keys[-1], anywhere, 1, 0.8)
    return anywhere[found[0]] if found else ""


def paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every setting and section below `model` as (path, pydantic field)."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, field in model.model_fields.items():
        path = (*above, name)
        found.append((path, field))
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += paths(field.annotation, path)
    return found
