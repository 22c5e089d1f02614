"""Columns as the wire gave them to contract columns, and the rows whose values the column casts could not read."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.intake.wire import FIELDS, Field
from pipeline.records import Kind

_RFC3339: Final = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:?\d\d)$"
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}
_SCALES: Final = {"seconds": 3, "money": 6}
_EXACT_FLOAT: Final = 2.0**50
"""Below it a scaled float is off by less than 1/8 of a unit, so that only values near a half need the exact path."""


def coerce(kind: Kind, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Contract columns of `raw` (columns named as on the wire, any types; absent ones are null), and a mask of the
    rows in which a value was there that these casts do not read: they are for the exact path."""
    exprs, doubts = [], []
    for field in FIELDS[kind]:
        dtype = raw.schema.get(field.wire)
        if dtype is None or dtype == pl.Null():
            exprs.append(pl.lit(None, dtype=field.dtype).alias(field.column))
            continue
        value = _read(field, pl.col(field.wire), dtype)
        exprs.append(value.alias(field.column))
        if not _certain(field, dtype):
            given = pl.col(field.wire).is_not_null()
            if dtype == pl.String():
                given &= pl.col(field.wire) != ""
            doubts.append((field.column, given))
    if not exprs:
        return raw.select(exprs), pl.Series("failed", [], pl.Boolean)
    asked = [given.alias(f"?{column}") for column, given in doubts]
    wide = raw.select(*exprs, *asked) if raw.width else pl.DataFrame(schema={f.column: f.dtype for f in FIELDS[kind]})
    frame = wide.select(field.column for field in FIELDS[kind])
    if not doubts:
        return frame, pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    lost = pl.any_horizontal(pl.col(f"?{column}") & pl.col(column).is_null() for column, _ in doubts)
    return frame, wide.select(lost.alias("failed"))["failed"]


def _certain(field: Field, dtype: pl.DataType) -> bool:
    """Whether the cast from `dtype` cannot lose a value, so that no mask is needed."""
    if field.sort == "text":
        return dtype == pl.String()
    return dtype == field.dtype or (field.sort == "time" and isinstance(dtype, pl.Datetime))


def _read(field: Field, value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if field.sort == "text":
        return _text(value, dtype)
    if field.sort == "time":
        return _time(value, dtype)
    if field.sort == "flag":
        return _flag(value, dtype)
    if field.sort == "real":
        return value.cast(pl.Float64, strict=False) if dtype.is_numeric() or dtype == pl.String() else _none(field)
    if field.sort == "whole":
        return _whole(value, dtype, field)
    return _scaled(value, dtype, field)


def _none(field: Field) -> pl.Expr:
    return pl.lit(None, dtype=field.dtype)


def _text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    plain = isinstance(dtype, pl.String | pl.Categorical | pl.Enum) or dtype.is_integer()
    return value.cast(pl.String) if plain else pl.lit(None, dtype=pl.String)


def _time(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return value.dt.epoch("ms")
    if dtype.is_integer():
        return value.cast(pl.Int64, strict=False)
    if dtype.is_float():
        return value.floor().cast(pl.Int64, strict=False)
    if dtype == pl.String():
        written = pl.when(value.str.contains(_RFC3339)).then(value)
        moment = written.str.to_datetime("%+", strict=False, time_unit="us").dt.epoch("ms")
        return pl.coalesce(value.cast(pl.Int64, strict=False), moment)
    return pl.lit(None, dtype=pl.Int64)


def _flag(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean():
        return value
    if dtype == pl.String():
        words = value.str.to_lowercase()
        return words.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    if dtype.is_integer():
        return pl.when(value.is_in([0, 1])).then(value == 1)
    return pl.lit(None, dtype=pl.Boolean)


def _whole(value: pl.Expr, dtype: pl.DataType, field: Field) -> pl.Expr:
    if dtype.is_integer():
        return value.cast(field.dtype, strict=False)
    if dtype == pl.String():
        return value.cast(pl.Int64, strict=False).cast(field.dtype, strict=False)
    return _none(field)


def _scaled(value: pl.Expr, dtype: pl.DataType, field: Field) -> pl.Expr:
    """Seconds and money to integers of their small unit, exactly: halves go to even, as on the exact path."""
    places = _SCALES[field.sort]
    if dtype.is_float():
        product = value.cast(pl.Float64) * 10**places
        far = (product - product.floor() - 0.5).abs() > 0.25
        return pl.when(far & (product.abs() < _EXACT_FLOAT)).then(product.round()).cast(pl.Int64, strict=False)
    if dtype == pl.String() or dtype.is_integer() or isinstance(dtype, pl.Decimal):
        exact = value.cast(pl.Decimal(38, places), strict=False)
        return exact.to_physical().cast(pl.Int64, strict=False)
    return _none(field)
