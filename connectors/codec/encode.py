"""Contract columns back to the wire: frames, NDJSON bytes and files that every reader of the contract takes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl

from connectors.errors import ConnectorError
from pipeline.intake.wire import FIELDS
from pipeline.records import Kind

_PLACES = {"seconds": Decimal(1_000), "money": Decimal(1_000_000)}


def to_wire(kind: Kind, frame: pl.DataFrame, *, stamps: bool = False) -> pl.DataFrame:
    """`frame` with the names and units of the wire; `stamps` writes times as `timestamp[ms, UTC]` (Parquet)."""
    out = []
    for field in FIELDS[kind]:
        value = pl.col(field.column)
        if field.sort in _PLACES:
            # By way of a decimal: the quotient of two floats is not always the nearest float.
            value = (value.cast(pl.Decimal(38, 6)) / pl.lit(_PLACES[field.sort])).cast(pl.Float64)
        if field.sort == "time" and stamps:
            value = value.cast(pl.Datetime("ms", "UTC"))
        out.append(value.alias(field.wire))
    return frame.select(out)


def encode(kind: Kind, frame: pl.DataFrame) -> bytes:
    """NDJSON, one record a line; columns that hold nothing are left out."""
    wire = to_wire(kind, frame)
    used = [name for name in wire.columns if wire[name].null_count() < wire.height]
    return wire.select(used).write_ndjson().encode() if wire.height else b""


def write(kind: Kind, frame: pl.DataFrame, path: Path) -> None:
    """A file of the contract: `.parquet`, `.csv`, or `.ndjson`/`.jsonl`.

    Raises ConnectorError for another ending.
    """
    if path.suffix == ".parquet":
        to_wire(kind, frame, stamps=True).write_parquet(path, compression="zstd")
    elif path.suffix == ".csv":
        to_wire(kind, frame).write_csv(path)
    elif path.suffix in (".ndjson", ".jsonl"):
        path.write_bytes(encode(kind, frame))
    else:
        raise ConnectorError(f"{path}: no record format ends like this", "use .parquet, .csv or .ndjson")
