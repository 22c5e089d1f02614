"""Form fields to commands: names are those of the command's fields, `intake.customer` reaches into a part of it."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError

from akira.web.problems import Problem

C = TypeVar("C")


async def posted(request: Request) -> dict[str, str]:
    """The fields of a form as text, read before the handler is given to a thread."""
    return {key: value for key, value in (await request.form()).items() if isinstance(value, str)}


Posted = Annotated[dict[str, str], Depends(posted)]


def read_command(kind: type[C], form: Mapping[str, str]) -> C:
    """The command of `kind` that `form` says; Problem 422 naming each field that is missing or wrong.

    Times (`…_ms`) are `2026-11-24T14:02` in UTC, lists are one a line, an absent tick box is false, an empty optional
    field is none.
    """
    try:
        command: C = TypeAdapter(kind).validate_python(_gather(kind, form, ""))
    except ValidationError as wrong:
        lines = [f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in wrong.errors()]
        raise Problem(422, "missing", "The form lacks something", missing=lines) from wrong
    return command


def _gather(kind: type[Any], form: Mapping[str, str], prefix: str) -> dict[str, Any]:
    hints = get_type_hints(kind)
    gathered: dict[str, Any] = {}
    for field in fields(kind):
        hint, name = hints[field.name], prefix + field.name
        part = next((option for option in (hint, *get_args(hint)) if is_dataclass(option)), None)
        if isinstance(part, type):
            if any(key.startswith(f"{name}.") for key in form):
                gathered[field.name] = _gather(part, form, f"{name}.")
        elif hint is bool:
            if name in form or _has_siblings(form, prefix):
                gathered[field.name] = form.get(name) is not None
        elif name in form:
            value = _value(hint, name, form[name])
            if value is not None or _optional(hint):
                gathered[field.name] = value
    return gathered


def _has_siblings(form: Mapping[str, str], prefix: str) -> bool:
    """A browser leaves out an unticked box: it is false when the rest of its part was sent."""
    return not prefix or any(key.startswith(prefix) for key in form)


def _value(hint: Any, name: str, text: str) -> Any:
    text = text.strip()
    if get_origin(hint) is tuple:
        return tuple(line.strip() for line in text.replace("\r", "").split("\n") if line.strip())
    if name.endswith("_ms"):
        return moment(name, text) if text else None
    return None if not text and (hint is int or _optional(hint)) else text


def _optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def moment(name: str, text: str) -> int:
    """A time of a form field in epoch ms; Problem 422 when it cannot be read."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        line = f"{name}: write it as 2026-11-24T14:02 (UTC)"
        raise Problem(422, "invalid", "A time cannot be read", missing=[line]) from wrong
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
