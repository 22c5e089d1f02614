"""A simulated carrier on disk, in the record contract: records, samples, balance events, directory, truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

import polars as pl
import pyarrow.parquet as pq

from akira.errors import OperatorError
from akira.simulate.carrier import Carrier, Stretch
from akira.simulate.world import World
from pipeline.records import KINDS, Kind

Format = Literal["parquet", "ndjson"]
_MONEY: Final = 1_000_000


def on_wire(kind: Kind, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the field names and units of the record contract (seconds, decimals)."""
    if kind == "cdr":
        return frame.with_columns(
            (pl.col("billed_ms") / 1000).alias("billed_s"), (pl.col("charge_micro") / _MONEY).alias("charge")
        ).drop("billed_ms", "charge_micro")
    if kind == "sip":
        return frame.with_columns((pl.col("interval_ms") / 1000).alias("interval_s")).drop("interval_ms")
    return frame.with_columns(
        (pl.col("balance_micro") / _MONEY).alias("balance"), (pl.col("threshold_micro") / _MONEY).alias("threshold")
    ).drop("balance_micro", "threshold_micro")


class Archive:
    """The three record files of a carrier, written a stretch at a time."""

    def __init__(self, folder: Path, form: Format) -> None:
        self._folder, self._form = folder, form
        self._parquet: dict[Kind, pq.ParquetWriter] = {}
        for kind in KINDS:
            self.path(kind).unlink(missing_ok=True)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for writer in self._parquet.values():
            writer.close()

    def path(self, kind: Kind) -> Path:
        """Where the records of a kind are."""
        return self._folder / f"{kind}.{self._form}"

    def add(self, stretch: Stretch) -> None:
        """Append what arrived in a stretch."""
        for kind in KINDS:
            frame = on_wire(kind, getattr(stretch, kind))
            if self._form == "ndjson":
                with self.path(kind).open("ab") as out:
                    frame.write_ndjson(out)
                continue
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if kind not in self._parquet:
                self._parquet[kind] = pq.ParquetWriter(self.path(kind), table.schema, compression="zstd")
            self._parquet[kind].write_table(table)


def directory_toml(world: World) -> str:
    """Who is who, as the directory file of the record contract."""
    people, lines = world.customers, []
    for c, name in enumerate(people.ids):
        first, count = int(world.trunks.first[c]), int(world.trunks.count[c])
        trunks = json.dumps(list(world.trunks.ids[first : first + count]))
        lines += ["[[customers]]", f'id = "{name}"', f"major = {str(bool(people.major[c])).lower()}"]
        lines += [f"prepaid = {str(bool(people.prepaid[c])).lower()}"]
        lines += [f"accounts = {json.dumps(list(people.accounts[c]))}", f"trunks = {trunks}", ""]
    for name in world.terminators:
        lines += ["[[terminators]]", f'id = "{name}"', f'egress_trunks = ["{name}-e1"]', ""]
    for name, prefix in zip(world.destinations.names, world.destinations.prefix, strict=True):
        lines += ["[[destinations]]", f'name = "{name}"', f'prefixes = ["{prefix}"]', ""]
    for name in world.switches:
        lines += ["[[switches]]", f'id = "{name}"', ""]
    return "\n".join(lines)


def write(
    carrier: Carrier, folder: Path, form: Format = "parquet", told: Callable[[Stretch], None] | None = None
) -> dict[str, int]:
    """Write the whole carrier to `folder`; `told` hears of every stretch. Returns records written per kind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise OperatorError(f"cannot write to {folder}: {wrong.strerror}") from wrong
    (folder / "directory.toml").write_text(directory_toml(carrier.world), encoding="utf-8")
    count = {kind: 0 for kind in KINDS}
    with Archive(folder, form) as archive:
        for stretch in carrier.stretches():
            archive.add(stretch)
            for kind in KINDS:
                count[kind] += len(getattr(stretch, kind))
            if told is not None:
                told(stretch)
    lines = (json.dumps(label) for label in carrier.ledger.truth())
    (folder / "truth.ndjson").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return {str(kind): n for kind, n in count.items()}
