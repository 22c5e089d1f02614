"""A CDR format by its name, or a profile by its file, to the reader of it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, get_type_hints
from zoneinfo import available_timezones

from pydantic import TypeAdapter, ValidationError

from connectors.errors import ConnectorError
from connectors.profile import ProfileReader, load
from connectors.rows.understanding import Reader
from connectors.vendors import VENDORS

FORMATS: Final[dict[str, Callable[..., Reader]]] = {**VENDORS}
"""Every format that is read by name."""


def reader(name: str, options: Mapping[str, Any] | None = None) -> Reader:
    """A new reader of format `name`, or of the profile in the file `name` (ending `.toml`).

    Raises ConnectorError that names what is unknown or wrong, and what there is.
    """
    given = dict(options or {})
    if name.endswith(".toml"):
        if given:
            raise ConnectorError(
                f"{name}: a profile takes no options", f"put {', '.join(given)} into the profile itself"
            )
        return ProfileReader(load(Path(name)))
    make = FORMATS.get(name)
    if make is None:
        near = difflib.get_close_matches(name, FORMATS, 1)
        hint = (
            f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FORMATS))}, or a profile's .toml file"
        )
        raise ConnectorError(f"no CDR format is called {name!r}", hint)
    zone = given.get("zone")
    if zone and zone not in available_timezones():
        raise ConnectorError(f"{name}: zone {zone!r} is no IANA zone", "such as Europe/Paris, America/New_York or UTC")
    return _made(name, make, given)


def _made(name: str, make: Callable[..., Reader], given: Mapping[str, Any]) -> Reader:
    """A reader by its options; each is checked against the reader's own signature."""
    known = [option for option in inspect.signature(make).parameters]
    for option in given:
        if option not in known:
            near = difflib.get_close_matches(option, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"its options are {', '.join(known)}"
            raise ConnectorError(f"{name} has no option {option!r}", hint)
    hints = get_type_hints(make.__init__)
    checked = {}
    for option, value in given.items():
        try:
            checked[option] = TypeAdapter(hints[option]).validate_python(value)
        except ValidationError as wrong:
            said = wrong.errors(include_url=False)[0]["msg"].lower()
            raise ConnectorError(
                f"{name}: {option} = {value!r}: {said}", "docs/readers.md lists the options"
            ) from wrong
    return make(**checked)
