"""SIP samples of a minute by metric, as the rules read them: columns, or one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.distinct import distinct
from pipeline.records import MINUTE_MS


class Sample(NamedTuple):
    """One SIP sample; `peer_kind` is `switch` and `peer` the switch's own id where the record names no peer."""

    at: int
    interval_ms: int
    switch: str
    peer_kind: str
    peer: str
    customer: str
    value: float
    own: bool
    """The record named no peer: the switch speaks of itself."""
    key: str
    """`kind=peer`: what a rule knows the peer by."""


NO_SAMPLES: Final = pl.DataFrame(
    schema={
        "at": pl.Int64,
        "interval_ms": pl.Int64,
        "switch": pl.String,
        "peer_kind": pl.String,
        "peer": pl.String,
        "customer": pl.String,
        "value": pl.Float64,
        "own": pl.Boolean,
        "key": pl.String,
    }
)


def by_metric(frame: pl.DataFrame, bounds: npt.NDArray[np.intp]) -> Sequence[Mapping[str, pl.DataFrame]]:
    """For each stretch `bounds[i]` to `bounds[i + 1]` of an ordered frame the samples of each metric, in the columns
    of `Sample`."""
    named = frame.select(
        "metric",
        "at",
        pl.col("interval_ms").replace({0: MINUTE_MS}).fill_null(MINUTE_MS),
        "switch",
        pl.col("peer_kind").fill_null("switch"),
        pl.col("peer").replace({"": None}).fill_null(pl.col("switch")),
        pl.col("customer").fill_null(""),
        "value",
        pl.col("peer").is_null().alias("own"),
    ).with_columns(pl.concat_str("peer_kind", pl.lit("="), "peer").alias("key"))
    found: list[dict[str, pl.DataFrame]] = [{} for _ in bounds[1:]]
    parts = named.with_row_index("row").partition_by("metric", include_key=False, as_dict=True)
    for (metric,), part in parts.items():
        cuts = np.searchsorted(part["row"].to_numpy(), bounds).tolist()
        part = part.drop("row")
        for stretch, first, last in zip(found, cuts[:-1], cuts[1:], strict=True):
            stretch[str(metric)] = part[first:last]
    return found


def each(samples: pl.DataFrame) -> Iterator[Sample]:
    """The samples one after the other: for metrics of which there are few."""
    return map(Sample._make, samples.rows())


def one_of_each(peer: npt.NDArray[np.int32]) -> Iterator[npt.NDArray[np.intp]]:
    """Places of samples [rows], so that no peer is twice among them and each peer's samples come in their order: a
    minute of a peer that is probed once is one step."""
    left = np.arange(len(peer))
    while len(left):
        _, first, _ = distinct(peer[left].astype(np.int64))
        yield left[first]
        left = np.delete(left, first)
