"""What records name and the directory does not know: counted and listed, never an error."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline.directory import Directory


def strangers(frame: pl.DataFrame, directory: Directory) -> Mapping[str, Mapping[str, int]]:
    """Records per unknown value, by dimension (`customer`, `terminator`, `destination`, `switch`) of a CDR `frame`.

    A dimension that the directory leaves empty is not listed: nothing was said about it.
    """
    known = {
        "customer": [entry.id for entry in directory.customers],
        "terminator": [entry.id for entry in directory.terminators],
        "destination": [entry.name for entry in directory.destinations],
        "switch": [entry.id for entry in directory.switches],
    }
    found: dict[str, dict[str, int]] = {}
    for dimension, names in known.items():
        if names:
            unknown = frame.filter(~pl.col(dimension).is_in(names)).group_by(dimension).len().sort(dimension)
            if unknown.height:
                found[dimension] = dict(unknown.iter_rows())
    return found
