"""Decoded rows to a batch: column casts, the exact path for the rows they cannot read, then the contract's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from connectors.codec.coerce import coerce
from pipeline.intake import exact, judge
from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Reject
from pipeline.records import SCHEMAS, Kind


@dataclass(frozen=True, slots=True)
class Origin:
    """Where row i of a block came from: its line, its text, and its fields one by one. Asked only of bad rows."""

    source: str
    line: Callable[[int], int]
    text: Callable[[int], str]
    record: Callable[[int], Mapping[str, object] | None]
    """None when the row is no record at all (a broken line)."""

    def reject(self, row: int, field: str | None, reason: str, expected: str) -> Reject:
        return Reject(self.source, self.line(row), field, reason, expected, self.text(row)[:RAW_MAX])


def settle(
    kind: Kind, raw: pl.DataFrame, origin: Origin, apart: Sequence[int] = (), rows: pl.Series | None = None
) -> tuple[pl.DataFrame, tuple[Reject, ...]]:
    """Valid records of a block in contract columns and order, with a reject for each other row.

    `raw` holds the columns of the wire for the rows that the parser read; `rows` gives their numbers in the block
    (default 0, 1, …); `apart` are rows of the block, in `raw` or not, that only the exact path may read.
    """
    frame, failed = coerce(kind, raw)
    numbers = pl.int_range(frame.height, dtype=pl.Int64, eager=True) if rows is None else rows
    if apart:
        failed = failed | numbers.is_in(pl.Series(apart, dtype=pl.Int64).implode())
    rejects: list[Reject] = []
    if apart or failed.any():
        slow = sorted({*numbers.filter(failed).to_list(), *apart})
        kept, rejects = _exactly(kind, slow, origin)
        frame, numbers = _merge(kind, frame.filter(~failed), numbers.filter(~failed), kept)
    good, verdicts = judge(kind, frame)
    rejects += [
        origin.reject(numbers[verdict.index], verdict.field, verdict.reason, verdict.expected) for verdict in verdicts
    ]
    return good, tuple(sorted(rejects, key=lambda reject: reject.line or 0))


def _exactly(kind: Kind, slow: Sequence[int], origin: Origin) -> tuple[dict[int, dict[str, object]], list[Reject]]:
    kept: dict[int, dict[str, object]] = {}
    rejects = []
    for row in slow:
        record = origin.record(row)
        if record is None:
            rejects.append(origin.reject(row, None, "not_json", "one JSON object a line, in UTF-8"))
            continue
        read = exact.read(kind, record)
        if isinstance(read, exact.Refused):
            rejects.append(origin.reject(row, read.field, read.reason, read.expected))
        else:
            kept[row] = read
    return kept, rejects


def _merge(
    kind: Kind, frame: pl.DataFrame, numbers: pl.Series, kept: Mapping[int, Mapping[str, object]]
) -> tuple[pl.DataFrame, pl.Series]:
    if not kept:
        return frame, numbers
    added = pl.DataFrame(list(kept.values()), schema=SCHEMAS[kind])
    both = pl.concat([frame, added]).with_columns(
        pl.concat([numbers.cast(pl.Int64), pl.Series(list(kept), dtype=pl.Int64)]).alias("#row")
    )
    both = both.sort("#row")
    return both.drop("#row"), both["#row"]
