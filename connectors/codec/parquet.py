"""Parquet to records, a slice of rows at a time, reading only the contract's columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from connectors.codec.settle import Origin, settle
from connectors.errors import ConnectorError
from pipeline.intake.wire import FIELDS
from pipeline.ports import Batch
from pipeline.records import Kind

SLICE_ROWS: Final = 250_000


def read_parquet(kind: Kind, path: Path) -> Iterator[Batch]:
    """Batches of a Parquet file of the contract. Raises ConnectorError when it is none."""
    if path.suffix.lower() in (".gz", ".zst"):
        raise ConnectorError(f"{path}: Parquet is compressed inside", f"unpack it to {path.stem}")
    try:
        scan = pl.scan_parquet(path)
        present = set(scan.collect_schema())
        names = [field.wire for field in FIELDS[kind] if field.wire in present]
        height = scan.select(pl.len()).collect().item()
        if height and not names:
            raise ConnectorError(f"{path}: no column of a {kind} record", f"it has {', '.join(sorted(present)[:12])}")
        for start in range(0, height, SLICE_ROWS):
            raw = scan.select(names).slice(start, SLICE_ROWS).collect()
            frame, rejects = settle(kind, raw, _origin(path, raw, start))
            yield Batch(kind, frame, rejects, {str(path): start + raw.height})
    except (pl.exceptions.PolarsError, OSError) as wrong:
        reason = str(wrong).splitlines()[0]
        raise ConnectorError(f"{path}: cannot be read as Parquet: {reason}", "the file may be cut off") from wrong


def _origin(path: Path, raw: pl.DataFrame, start: int) -> Origin:
    return Origin(
        str(path),
        lambda row: start + row + 1,
        lambda row: json.dumps(raw.row(row, named=True), default=str, ensure_ascii=False),
        lambda row: raw.row(row, named=True),
    )
