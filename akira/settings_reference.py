"""docs/settings.md, written from the settings model itself: `python -m akira.settings_reference docs/settings.md`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from akira.settings import Settings, paths
from connectors.outlets.settings import Secret

HEAD = """# Settings

`akira.toml` holds the settings; every one has a default, so the file may be empty or absent. Which file:
`--settings FILE`, else the environment's `AKIRA_SETTINGS`, else `akira.toml` in the working directory.

The environment goes over the file: `AKIRA_`, then section and name joined by two underscores, in capitals:
`AKIRA_KAFKA__BOOTSTRAP=127.0.0.1:9092`, `AKIRA_KAFKA__TOPICS__SIP=""`. Lists are written as in TOML:
`AKIRA_RUN__SINKS='["kafka"]'`. Secrets belong there, not in the file; those of an `[[outlet]]` are
written `{ env = "NAME" }` and read from that variable. A setting that is not listed here is refused,
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
        parts += _of_list(f"[[{'.'.join(path)}]]", field)
    return "\n".join(parts)


def _of_list(title: str, field: FieldInfo) -> list[str]:
    """The section of a list of tables; where there are kinds, what is common to them and what each has of its own."""
    models = _each(field)
    if len(models) < 2:
        return [_table(title, _sentence(each), _rows(each)) for each in models]
    common = next(each for each in models[0].__mro__ if all(issubclass(one, each) for one in models))
    assert issubclass(common, BaseModel)
    shared = {name: (one.annotation, one.default) for name, one in common.model_fields.items()}
    parts = [_table(title, _sentence(common), _rows(common))]
    for each in models:
        own = [(path, one) for path, one in _rows(each) if shared.get(path[-1]) != (one.annotation, one.default)]
        kind = get_args(each.model_fields["kind"].annotation)[0]
        rows = [row for row in own if row[0] != ("kind",)]
        parts.append(_table(f'{title} kind = "{kind}"', _sentence(each), rows))
    return parts


def _table(
    title: str, about: str, rows: list[tuple[tuple[str, ...], FieldInfo]], defaults: BaseModel | None = None
) -> str:
    """A section; without `defaults` those of the fields themselves, and models in it are settings like others."""
    lines = [f"## {title}", "", *([about, ""] if about else [])]
    plain = [(path[-1], field) for path, field in rows if defaults is None or not _model(field)]
    if plain:
        lines += ["| setting | kind | default | bounds | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, field in plain:
        default = _own(field) if defaults is None else _default(getattr(defaults, name))
        cells = (f"`{name}`", _kind(field.annotation), default, _bounds(field), field.description or "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _each(field: FieldInfo) -> list[type[BaseModel]]:
    """The models of which a setting is a list: one, or one for each kind."""
    inner = get_args(field.annotation)[:1] if get_origin(field.annotation) is tuple else ()
    of = [part for one in inner for part in (get_args(get_args(one)[0]) if get_origin(one) is Annotated else (one,))]
    return [part for part in of if isinstance(part, type) and issubclass(part, BaseModel)]


def _rows(model: type[BaseModel]) -> list[tuple[tuple[str, ...], FieldInfo]]:
    return [((name,), field) for name, field in model.model_fields.items()]


def _own(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    default = field.get_default(call_default_factory=True)
    return "none" if isinstance(default, BaseModel) else _default(default)


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
    names = {str: "text", int: "integer", float: "number", bool: "true/false", SecretStr: "secret", Secret: "secret"}
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
