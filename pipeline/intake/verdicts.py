"""Judge a frame of records by the contract: one mask for all rows, reasons only for the rows it names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.intake.defaults import fill
from pipeline.intake.limits import RAW_MAX
from pipeline.intake.rules import RULES
from pipeline.ports import Reject
from pipeline.records import SCHEMAS, Kind


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why the row at `index` (0-based, of the frame judged) was refused."""

    index: int
    field: str
    reason: str
    expected: str


def judge(kind: Kind, frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Verdict, ...]]:
    """The rows that keep the contract, defaults filled, and a verdict for each row that does not.

    `frame` has the contract's columns of `kind`, any rows. Order is kept.
    """
    frame = fill(kind, frame)
    silent = {name for name in frame.columns if frame[name].null_count() == frame.height}
    rules = [rule for rule in RULES[kind] if rule.reason == "missing" or rule.column not in silent]
    if frame.is_empty():
        return frame, ()
    suspect = frame.select(pl.any_horizontal(rule.suspect for rule in rules).fill_null(False).alias("s"))["s"]
    if not suspect.any():
        return frame, ()
    index = suspect.arg_true()
    broken = frame[index].select(
        *(rule.wrong.fill_null(False).alias(str(number)) for number, rule in enumerate(rules)),
    )
    first = broken.select(
        pl.coalesce(pl.when(pl.col(name)).then(pl.lit(int(name))) for name in broken.columns).alias("rule")
    )["rule"]
    verdicts = tuple(
        Verdict(row, rules[rule].field, rules[rule].reason, rules[rule].expected)
        for row, rule in zip(index, first, strict=True)
        if rule is not None
    )
    if not verdicts:
        return frame, ()
    refused = pl.Series("index", [verdict.index for verdict in verdicts], pl.UInt32)
    keep = pl.select(~pl.int_range(frame.height, dtype=pl.UInt32).is_in(refused.implode())).to_series()
    return frame.filter(keep), verdicts


def validate(
    kind: Kind, frame: pl.DataFrame, source: str, first_line: int | Sequence[int] = 1
) -> tuple[pl.DataFrame, tuple[Reject, ...]]:
    """The valid rows with defaults filled, and a reject for each other row.

    `first_line` is the line (or stream offset) of the first row, or one per row. For frames that a reader of
    another format made: `raw` is then the row in contract columns, as JSON.
    """
    frame = frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMAS[kind].items())
    good, verdicts = judge(kind, frame)
    rejects = []
    for verdict in verdicts:
        row = {name: value for name, value in frame.row(verdict.index, named=True).items() if value is not None}
        rejects.append(
            Reject(
                source,
                first_line + verdict.index if isinstance(first_line, int) else first_line[verdict.index],
                verdict.field,
                verdict.reason,
                verdict.expected,
                json.dumps(row, ensure_ascii=False)[:RAW_MAX],
            )
        )
    return good, tuple(rejects)
