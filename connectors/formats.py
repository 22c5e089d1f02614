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
from connectors.kamailio.cdr import KamailioCdr
from connectors.profile import ProfileReader, load
from connectors.rows.understanding import Reader
from connectors.vendors import VENDORS

FORMATS: Final[dict[str, Callable[..., Reader]]] = {**VENDORS, "kamailio": KamailioCdr}
"""Every format that is read by name."""


def reader(name: str, options: Mapping[str, Any] | None = None) -> Reader:
    """A new reader of format `name`, or of the profile in the file `name` (ending `.toml`).

    Options are the keywords of the format's reader; as text, a list is parted by `+`. Raises ConnectorError that names
    what is unknown or wrong, and what there is.
    """
    given = dict(options or {})
    if name.endswith(".toml"):
        if given:
            hint = f"put {', '.join(given)} into the profile itself"
            raise ConnectorError(f"{name}: a profile takes no options", hint)
        return ProfileReader(load(Path(name)))
    make = FORMATS.get(name)
    if make is None:
        longer = [known for known in sorted(FORMATS) if name and known.startswith(name)]
        near = " or ".join(longer or difflib.get_close_matches(name, FORMATS, 1))
        every = f"there are {', '.join(sorted(FORMATS))}, or a profile's .toml file"
        raise ConnectorError(f"no CDR format is called {name!r}", f"did you mean {near}?" if near else every)
    return make(**{option: _value(name, make, option, value) for option, value in given.items()})


def _value(name: str, make: Callable[..., Reader], option: str, value: Any) -> Any:
    """`value` as the reader's own signature has it."""
    kinds = get_type_hints(make.__init__)
    known = [key for key in inspect.signature(make).parameters if "Callers" not in str(kinds[key])]
    if option not in known:
        near = difflib.get_close_matches(option, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"its options are {', '.join(known)}"
        raise ConnectorError(f"{name} has no option {option!r}", hint)
    if option == "zone" and value and value not in available_timezones():
        raise ConnectorError(f"{name}: zone {value!r} is no IANA zone", "such as Europe/Paris, America/New_York or UTC")
    kind: TypeAdapter[Any] = TypeAdapter(kinds[option])
    listed = isinstance(value, str) and kind.json_schema().get("type") == "array"
    try:
        return kind.validate_python(value.split("+") if listed else value)
    except ValidationError as wrong:
        said = f"{name}: {option} = {value!r}: {wrong.errors(include_url=False)[0]['msg'].lower()}"
        raise ConnectorError(said, "docs/readers.md lists the options") from wrong
