"""docs/settings.md, written from the settings model itself: `python -m akira.settings_reference docs/settings.md`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from akira.settings import Settings, paths

HEAD = """# Settings

`akira.toml` holds the settings; every one has a default, so the file may be empty or absent. Which file:
`--settings FILE`, else the environment's `AKIRA_SETTINGS`, else `akira.toml` in the working directory.

The environment goes over the file: `AKIRA_`, then section and name joined by two underscores, in capitals:
`AKIRA_KAFKA__BOOTSTRAP=127.0.0.1:9092`, `AKIRA_KAFKA__TOPICS__SIP=""`. Lists are written as in TOML:
`AKIRA_RUN__SINKS='["kafka"]'`. Secrets belong there, not in the file. A setting that is not listed here is refused,
with the nearest right name.

This page is written from the program (`make docs`); a test holds the two together.
"""


def reference() -> str:
    """The whole page."""
    every, defaults = paths(Settings), Settings()
    parts = [HEAD, _table("Top level", "", [row for row in every if len(row[0]) == 1], defaults)]
    for path, field in every:
        model = _model(field)
        if model is not None:
            rows = [row for row in every if row[0][:-1] == path]
            section: BaseModel = defaults
            for key in path:
                section = getattr(section, key)
            parts.append(_table(f"[{'.'.join(path)}]", _sentence(model), rows, section))
    return "\n".join(parts)


def _table(title: str, about: str, rows: list[tuple[tuple[str, ...], FieldInfo]], defaults: BaseModel) -> str:
    lines = [f"## {title}", "", *([about, ""] if about else [])]
    plain = [(path[-1], field) for path, field in rows if not _model(field)]
    if plain:
        lines += ["| setting | kind | default | bounds | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, field in plain:
        default = _default(getattr(defaults, name))
        cells = (f"`{name}`", _kind(field.annotation), default, _bounds(field), field.description or "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _sentence(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(_kind(part) for part in inner if part is not type(None))
    if origin in (tuple, list):
        return f"list of {_kind(inner[0])}"
    names = {str: "text", int: "integer", float: "number", bool: "true/false", SecretStr: "secret"}
    return names.get(annotation, annotation.__name__ if isinstance(annotation, type) else "table")


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None:
        return "none"
    return f"`{json.dumps(value)}`"


def _bounds(field: FieldInfo) -> str:
    signs = {"ge": "≥ ", "gt": "> ", "le": "≤ ", "lt": "< ", "min_length": "length ≥ ", "max_length": "length ≤ "}
    told = [
        f"{sign}{getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in signs.items()
        if getattr(rule, name, None) is not None
    ]
    return ", ".join(told)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
