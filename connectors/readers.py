"""Every CDR format by its name: what `--cdr-profile` may be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectors.errors import ConnectorError
from connectors.kamailio.cdr import KamailioCdr
from connectors.profile import ProfileReader, load
from connectors.rows.understanding import Reader
from connectors.vendors import VENDORS

CONTRACT: Final = "contract"
"""The record contract itself: no reader, the codec."""
READERS: Final[dict[str, Callable[..., Reader]]] = {**VENDORS, "kamailio": KamailioCdr}


def reader(given: str) -> Reader:
    """A reader of `NAME`, of `NAME:option=value,…` (such as `asterisk_csv:zone=Europe/Paris`), or of a profile
    `FILE.toml`. Raises ConnectorError for a name or option that is none.
    """
    if given.endswith(".toml"):
        return ProfileReader(load(Path(given)))
    name, _, options = given.partition(":")
    if name not in READERS:
        known = ", ".join([CONTRACT, *sorted(READERS)])
        raise ConnectorError(f"{name!r} is no CDR format", f"one of: {known}; or a profile FILE.toml")
    pairs = [option.partition("=") for option in options.split(",") if option]
    try:
        return READERS[name](**{key.strip(): value.strip() for key, _, value in pairs})
    except TypeError as wrong:
        raise ConnectorError(f"{given}: {wrong}", f"options of {name} are in docs/readers.md") from wrong
