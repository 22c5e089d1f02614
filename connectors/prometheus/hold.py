"""Hold-down of up and down: a busy probe that misses a few OPTIONS must not flap a gateway.

A peer counts as down only after it was seen down, without a break, for `down_ms`, and as up again only after
`up_ms`. Until then the last confirmed state is what is told. A peer first seen up is up at once; one first seen down
is not told at all until it is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.records import SIP_SCHEMA

_PEER: Final = ["switch", "peer", "peer_kind", "customer"]
_STATE: Final[dict[str, pl.DataType]] = {
    **{name: SIP_SCHEMA[name] for name in _PEER},
    "at": pl.Int64(),
    "value": pl.Float64(),
    "_told": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Held:
    """Per peer: the state last seen, since when it is seen (`at`), and the state last told."""

    last: pl.DataFrame

    @staticmethod
    def none() -> Held:
        """No peer seen yet."""
        return Held(pl.DataFrame(schema=_STATE))


def hold_down(samples: pl.DataFrame, held: Held, *, down_ms: int, up_ms: int) -> tuple[pl.DataFrame, Held]:
    """`samples` (`SIP_SCHEMA`) with the values of metric `up` held down; other metrics pass as they are."""
    ups = samples.filter(pl.col("metric") == "up")
    if ups.is_empty():
        return samples, held
    rows = pl.concat([held.last, ups], how="diagonal").sort("at", maintain_order=True)
    rows = rows.with_columns(_run=pl.col("value").rle_id().over(_PEER))
    rows = rows.with_columns(
        _began=pl.col("at").min().over([*_PEER, "_run"]),
        _first=pl.col("at").cum_count().over(_PEER) == 1,
    )
    age, is_up = pl.col("at") - pl.col("_began"), pl.col("value") > 0
    confirmed = (is_up & ((age >= up_ms) | pl.col("_first"))) | (~is_up & (age >= down_ms))
    told = pl.coalesce(pl.when(confirmed & pl.col("metric").is_not_null()).then(pl.col("value")), pl.col("_told"))
    rows = rows.with_columns(_told=told.forward_fill().over(_PEER))
    last = rows.unique(_PEER, keep="last", maintain_order=True)
    state = last.select(*_PEER, pl.col("_began").alias("at"), "value", "_told")
    shown = rows.drop_nulls("metric").drop_nulls("_told").with_columns(value=pl.col("_told")).select(*SIP_SCHEMA)
    out = pl.concat([samples.filter(pl.col("metric") != "up"), shown])
    return out.sort("at", "switch", "metric", "peer", nulls_last=True), Held(state)
