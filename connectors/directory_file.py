"""The directory of who is who from a TOML file, with errors that name the line and what would be right."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from connectors.errors import ConnectorError
from pipeline.directory import Customer, Destination, Directory, Switch, Terminator

_TABLES: Final[dict[str, type[BaseModel]]] = {
    "customers": Customer,
    "terminators": Terminator,
    "destinations": Destination,
    "switches": Switch,
}
_HINT: Final = "the directory's tables and fields are in docs/records.md"


def load_directory(path: Path) -> Directory:
    """The directory in `path`. Raises ConnectorError with file, line where known, entry and field."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as wrong:
        raise ConnectorError(f"{path}: no such file", "name the directory file with --directory") from wrong
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConnectorError(f"{path}: cannot be read: {wrong}", "it must be a readable TOML file in UTF-8") from wrong
    except tomllib.TOMLDecodeError as wrong:
        raise ConnectorError(f"{path}: not TOML: {wrong}", _HINT) from wrong
    try:
        directory = Directory.model_validate(content)
    except ValidationError as wrong:
        raise ConnectorError(*_told(path, text, wrong)) from wrong
    _distinct(path, text, directory)
    return directory


def _told(path: Path, text: str, wrong: ValidationError) -> tuple[str, str]:
    first, *more = wrong.errors(include_url=False)
    table, *rest = [*first["loc"], None, None][:3]
    number = rest[0] if isinstance(rest[0], int) else None
    field = str(rest[1]) if rest[1] is not None else None
    place = f"{path}{_line(text, str(table), number, field)}: "
    place += f"[[{table}]]" if number is not None else str(table)
    place += f" entry {number + 1}" if number is not None else ""
    place += f", {field}" if field else ""
    others = f" (and {len(more)} more)" if more else ""
    if first["type"] == "extra_forbidden":
        known = list(_TABLES[str(table)].model_fields) if field else list(_TABLES)
        near = difflib.get_close_matches(field or str(table), known, 1)
        hint = f"did you mean {near[0]}?" if near else "there are " + ", ".join(known)
        return f"{place}: unknown{others}", hint
    reason = first["msg"]
    return f"{place}: {reason[0].lower()}{reason[1:]}{others}", _HINT


def _line(text: str, table: str, number: int | None, field: str | None) -> str:
    """`:LINE` of an entry's field, or of the entry, or nothing: TOML may be written in ways not followed here."""
    seen, start = -1, None
    for at, line in enumerate(text.splitlines(), 1):
        head = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]?\]", line)
        if head:
            if start is not None:
                break
            seen += head[1] == table
            start = at if head[1] == table and seen == (number or 0) else None
        elif start is not None and field and re.match(rf"\s*{re.escape(field)}\s*=", line):
            return f":{at}"
    return "" if start is None else f":{start}"


def _distinct(path: Path, text: str, directory: Directory) -> None:
    """No id twice, no trunk or prefix with two owners: the second would silently lose."""
    owners: dict[tuple[str, str], str] = {}
    told: list[tuple[str, int, str, str, str]] = []
    tables: tuple[tuple[str, Any, str, str], ...] = (
        ("customers", directory.customers, "id", "trunks"),
        ("terminators", directory.terminators, "id", "egress_trunks"),
        ("destinations", directory.destinations, "name", "prefixes"),
        ("switches", directory.switches, "id", ""),
    )
    for table, entries, key, many in tables:
        for number, entry in enumerate(entries):
            name = getattr(entry, key)
            claims = [(key, name), *((many, value) for value in (getattr(entry, many) if many else ()))]
            for field, value in claims:
                owner = owners.setdefault((f"{table}.{field}", value), f"{name}#{number}")
                if owner != f"{name}#{number}":
                    told.append((table, number, field, value, owner.rpartition("#")[0]))
    if told:
        table, number, field, value, owner = told[0]
        place = f"{path}{_line(text, table, number, field)}: [[{table}]] entry {number + 1}, {field}"
        raise ConnectorError(f"{place}: {value!r} already belongs to {owner!r}", "one owner each: take one of them out")


def as_toml(directory: Directory) -> str:
    """The directory as the text of a TOML file that `load_directory` reads."""
    parts = []
    for table in _TABLES:
        for entry in getattr(directory, table):
            lines = [f"{name} = {_toml(value)}" for name, value in entry.model_dump().items() if value not in ("", ())]
            parts.append("\n".join([f"[[{table}]]", *lines]))
    return "\n\n".join(parts) + "\n" if parts else ""


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in text) + '"'
