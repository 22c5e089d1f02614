"""Rows picked from others: the same columns as if they had been gathered at once, however often they are picked."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answers import Sources
from pipeline.names import Names
from pipeline.records import CDR_SCHEMA
from pipeline.rows import Picked, Rows, build
from pipeline.settings import WatchSettings

SIZE = 12
mask = st.lists(st.booleans(), min_size=SIZE, max_size=SIZE).map(np.array)


def rows(first: int) -> Rows:
    given = pl.DataFrame(
        {
            "call_id": [f"c{first + n}" for n in range(SIZE)],
            "switch": "sw",
            "customer": [f"a{n % 3}" for n in range(SIZE)],
            "setup_at": [1000 * (first + n) for n in range(SIZE)],
            "ended_at": [1000 * (first + n) + 7 for n in range(SIZE)],
            "emitted_at": [1000 * (first + n) + 9 for n in range(SIZE)],
        }
    )
    absent = [pl.lit(None, kind).alias(name) for name, kind in CDR_SCHEMA.items() if name not in given.columns]
    frame = given.with_columns(absent)
    return build(frame, Names(), np.zeros(SIZE, np.bool_), Sources(WatchSettings().definitions))


ONE, OTHER = rows(0), rows(100)


def same(left: Rows, right: dict[str, object]) -> bool:
    return all(list(getattr(left, f.name)) == list(right[f.name]) for f in fields(Rows) if f.name != "codes")  # type: ignore[call-overload]


@given(first=mask, second=mask, third=mask)
def test_rows_picked_from_picked_rows_of_several_minutes(
    first: np.ndarray, second: np.ndarray, third: np.ndarray
) -> None:
    both = Picked([(ONE, np.flatnonzero(first)), (OTHER, np.flatnonzero(second))])
    kept = np.resize(third, len(both)) if len(both) else np.zeros(0, np.bool_)
    again = both.take(kept)
    gathered = {
        f.name: np.concatenate([getattr(ONE, f.name)[first], getattr(OTHER, f.name)[second]])[kept]
        for f in fields(Rows)
        if f.name != "call_id"
    }
    ids = ONE.call_id.filter(first).to_list() + OTHER.call_id.filter(second).to_list()
    gathered["call_id"] = [name for name, keep in zip(ids, kept, strict=True) if keep]  # type: ignore[assignment]
    assert len(again) == int(kept.sum()) == len(again.call_id)
    assert same(again, gathered)
    assert (again.codes == gathered["codes"]).all()


def test_a_slice_of_rows_is_a_view() -> None:
    assert np.shares_memory(ONE.take(slice(2, 5)).setup_at, ONE.setup_at)
