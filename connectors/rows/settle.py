"""The last step of every reader: who is who, defaults, and the checks of the record contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from connectors.rows.lines import Rows
from connectors.rows.understanding import Read
from pipeline.directory import Directory
from pipeline.intake import judge
from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Reject
from pipeline.records import CDR_SCHEMA

_WIRE: Final = {"billed_s": "billed_ms", "charge": "charge_micro"}
Check = tuple[str, pl.Expr, str, str]
"""Contract field, expression that is true for a bad row, reason, and what would be right."""


def _typed(name: str, kind: pl.DataType) -> pl.Expr:
    """A contract column of any type in its own; blank text as null."""
    if kind != pl.String():
        return pl.col(name).cast(kind, strict=False)
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


# Made once: making expressions takes as long as reading some hundred records.
_TYPED: Final = {name: _typed(name, kind) for name, kind in CDR_SCHEMA.items()}
_ABSENT: Final = {name: pl.lit(None, kind).alias(name) for name, kind in CDR_SCHEMA.items()}


def settle(
    rows: Rows, source: str, directory: Directory, origin: Mapping[str, str], checks: Sequence[Check] = ()
) -> Read:
    """Contract records of `rows`, whose frame holds some of the contract's columns beside `line`, `raw` and `in.*`.

    `origin` maps a contract field to the column `in.<name>` that it was read from: the name is shown to the operator,
    and text that gave no value is a reject, not a silent null. `checks` are the format's own and come first.
    """
    frame = _complete(rows.frame, directory)
    rejects = list(rows.rejects)
    tests = (*checks, *_unread(frame, origin))
    if tests:
        numbers = [pl.when(bad.fill_null(False)).then(pl.lit(n, pl.Int16)) for n, (_, bad, _, _) in enumerate(tests)]
        frame = frame.with_columns(pl.coalesce(*numbers, pl.lit(None, pl.Int16)).alias("_fault"))
        for line, raw, number in (
            frame.filter(pl.col("_fault").is_not_null()).select("line", "raw", "_fault").iter_rows()
        ):
            field, _, reason, expected = tests[number]
            rejects.append(Reject(source, line, origin.get(field, field), reason, expected, raw[:RAW_MAX]))
        frame = frame.filter(pl.col("_fault").is_null())
    good, verdicts = judge("cdr", frame.select(list(CDR_SCHEMA)))
    for verdict in verdicts:
        line, raw = frame.select("line", "raw").row(verdict.index)
        named = origin.get(_WIRE.get(verdict.field, verdict.field), verdict.field)
        rejects.append(Reject(source, line, named, verdict.reason, verdict.expected, raw[:RAW_MAX]))
    return good, tuple(sorted(rejects, key=lambda reject: reject.line or 0))


def _complete(frame: pl.DataFrame, directory: Directory) -> pl.DataFrame:
    """Every contract column with its type, and customer and terminator by the directory where the record names none."""
    frame = frame.with_columns(_TYPED[name] if name in frame.columns else _ABSENT[name] for name in CDR_SCHEMA)
    of_trunk, of_egress = directory.customer_of_trunk(), directory.terminator_of_trunk()
    of_account = {account: c.id for c in directory.customers for account in c.accounts}
    customer = pl.coalesce(
        "customer",
        _look_up("trunk", of_trunk),
        _look_up("source_ip", of_trunk),
        _look_up("account", of_account),
        "account",
        "trunk",
        "source_ip",
    )
    return frame.with_columns(
        customer.alias("customer"),
        pl.coalesce("terminator", _look_up("egress_trunk", of_egress), "egress_trunk").alias("terminator"),
    )


def _look_up(column: str, table: Mapping[str, str]) -> pl.Expr:
    if not table:
        return pl.lit(None, pl.String)
    return pl.col(column).replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)


def _unread(frame: pl.DataFrame, origin: Mapping[str, str]) -> list[Check]:
    """Text was there and gave no value."""
    found: list[Check] = []
    for field, name in origin.items():
        if CDR_SCHEMA[field] != pl.String() and f"in.{name}" in frame.columns:
            bad = pl.col(field).is_null() & (pl.col(f"in.{name}").str.strip_chars() != "")
            if field.endswith("_at"):
                found.append((field, bad, "bad_time", "a time in the unit, form and zone that the reader is set to"))
            else:
                found.append((field, bad, "bad_value", "a number in range"))
    return found
