"""The fields of the wire beside the columns they become: names, units and the sort of value each holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from pipeline.records import SCHEMAS, Kind

Sort = Literal["text", "time", "whole", "flag", "seconds", "money", "real"]


@dataclass(frozen=True, slots=True)
class Field:
    """`wire` is the name in files and messages, `column` the contract column it fills."""

    wire: str
    column: str
    sort: Sort
    dtype: pl.DataType


_RENAMED: Final[dict[str, tuple[str, Sort]]] = {
    "billed_ms": ("billed_s", "seconds"),
    "interval_ms": ("interval_s", "seconds"),
    "charge_micro": ("charge", "money"),
    "balance_micro": ("balance", "money"),
    "threshold_micro": ("threshold", "money"),
}


def _field(column: str, dtype: pl.DataType) -> Field:
    if column in _RENAMED:
        wire, sort = _RENAMED[column]
        return Field(wire, column, sort, dtype)
    if column == "at" or column.endswith("_at"):
        return Field(column, column, "time", dtype)
    if dtype == pl.String():
        return Field(column, column, "text", dtype)
    if dtype == pl.Boolean():
        return Field(column, column, "flag", dtype)
    return Field(column, column, "real" if dtype == pl.Float64() else "whole", dtype)


FIELDS: Final[dict[Kind, tuple[Field, ...]]] = {
    kind: tuple(_field(column, dtype) for column, dtype in schema.items()) for kind, schema in SCHEMAS.items()
}
