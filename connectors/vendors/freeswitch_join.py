"""The legs of one FreeSWITCH call joined: each b-leg is an attempt; the a-leg says who called, and which was the last.

An a-leg waits for the legs that it names (`originated_legs` is reset at each bridge: those of the last one), a b-leg
for its a-leg, both WAIT_MS of the records' own time at most; a b-leg without account has to wait, since only its a-leg
says who called. An a-leg is a record itself when no attempt of it came, or none that ended with it. All of it depends
on the order of the records, not on how they were cut into reads: `_before` is the clock just before a record.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.intake.limits import RAW_MAX

WAIT_MS: Final = 5_000
KEEP_MS: Final = 120_000
"""So long after its end a call is remembered: a leg that is sent again gives the same record again."""
OPEN_KEEP_MS: Final = 24 * 3_600_000
"""So long a call is waited for whose first attempts failed and that goes on."""
CALLER: Final = ("account", "source_ip", "cli", "dialed")
_FOREVER: Final = 2**62
_WAITED: Final = pl.col("ended_at") + WAIT_MS
_ALONE: Final = pl.col("call_id") == pl.col("_uuid")


class Joined:
    """Legs that may still belong together: frames with `call_id`, `_uuid`, `_a` (its side), `_names` (uuids of the legs
    that it bridged to), `ended_at`, `answered_at`, CALLER and `raw`."""

    def __init__(self) -> None:
        self._legs: pl.DataFrame | None = None
        self._clock = 0
        self._rows = 0

    def take(self, legs: pl.DataFrame, over: bool = False) -> pl.DataFrame:
        """The attempts that are known now, in the order of their records; `over`: nothing more will come."""
        before = pl.col("ended_at").cum_max().shift(1, fill_value=0).clip(self._clock)
        number = pl.int_range(pl.len(), dtype=pl.Int64) + self._rows
        # Of a leg's text so much is kept as a reject shows of it.
        shown = pl.col("raw").str.slice(0, RAW_MAX)
        legs = legs.with_columns(shown, before.alias("_before"), number.alias("_row"), pl.lit(False).alias("_given"))
        every = legs if self._legs is None else pl.concat([self._legs, legs], rechunk=True)
        self._rows += legs.height
        latest = every["ended_at"].max()
        self._clock = max(self._clock, latest if isinstance(latest, int) else 0)
        # Calls whose legs are all settled rest until a new leg of theirs comes.
        open_ = every.filter(pl.col("call_id").is_in(every.filter(~pl.col("_given"))["call_id"].unique().implode()))
        verdicts = _verdicts(open_, _FOREVER if over else self._clock)
        self._keep(every, verdicts.filter("_over")["_uuid"])
        known = open_.filter(~pl.col("_given")).join(
            verdicts.filter("_told"), on="_uuid", how="inner", maintain_order="left"
        )
        return known.with_columns(
            pl.when("_by_a").then(pl.coalesce(f"_of_{name}", name)).otherwise(name).alias(name) for name in CALLER
        )

    def _keep(self, every: pl.DataFrame, over: pl.Series) -> None:
        legs = every.with_columns(pl.col("_given") | pl.col("_uuid").is_in(over.implode()))
        age = self._clock - pl.col("ended_at").max().over("call_id")
        closed = ((pl.col("_a") | _ALONE) & pl.col("_given")).any().over("call_id")
        self._legs = legs.filter(age <= pl.when(closed).then(KEEP_MS).otherwise(OPEN_KEEP_MS))


def _verdicts(every: pl.DataFrame, now: int) -> pl.DataFrame:
    """By `_uuid`: its `attempt` and `last_attempt`, whether it is a record (`_told`), and what is settled (`_over`)."""
    legs = every.unique("_uuid", keep="first", maintain_order=True)
    legs = legs.join(_closings(legs, now), on="call_id", how="left", maintain_order="left")
    legs = legs.with_columns(pl.col("_closed").fill_null(False))
    answered = pl.col("answered_at").is_not_null()
    b = ~pl.col("_a")
    named = (pl.col("account").str.strip_chars() != "").fill_null(False)
    legs = legs.with_columns(
        pl.when(b).then(b.cum_sum().over("call_id", order_by="_row")).alias("_number"),
        # The clock had passed the leg before its call was closed.
        pl.when("_closed")
        .then(pl.col("_closed_at") >= _WAITED)
        .otherwise((now >= _WAITED) & (named | (now == _FOREVER)))
        .alias("_passed"),
        # An a-leg that gave up closed its call before the first record whose clock had passed the wait.
        (
            pl.col("_closed")
            & (pl.col("_row") > pl.col("_closed_row")).fill_null(pl.col("_before") >= pl.col("_closed_at"))
        )
        .fill_null(False)
        .alias("_late"),
    )
    in_time = b & ~pl.col("_late")
    legs = legs.with_columns(
        (in_time & answered).any().over("call_id").alias("_answered"),
        in_time.sum().over("call_id").alias("_attempts"),
        (~in_time | pl.col("_passed")).all().over("call_id").alias("_all_passed"),
    ).with_columns((pl.col("_closed") & ~pl.col("_answered") & pl.col("_all_passed")).alias("_stands"))
    newest = pl.col("_number") == pl.col("_attempts")
    ends_it = pl.col("_closed") & ~pl.col("_stands") & ~pl.col("_passed") & newest
    settled = pl.col("_closed") | pl.col("_passed")
    return legs.select(
        "_uuid",
        pl.when("_a").then(pl.col("_attempts") + 1).otherwise("_number").cast(pl.Int32).alias("attempt"),
        (pl.col("_a") | pl.when("_answered").then(answered).otherwise(_ALONE | ends_it)).alias("last_attempt"),
        pl.when("_a").then("_stands").otherwise(settled & ~(pl.col("_stands") & pl.col("_late"))).alias("_told"),
        pl.when("_a").then("_closed").otherwise(settled).alias("_over"),
        (b & pl.col("_closed") & ~(pl.col("_passed") & named)).alias("_by_a"),
        *(f"_of_{name}" for name in CALLER),
    )


def _closings(legs: pl.DataFrame, now: int) -> pl.DataFrame:
    """By call with an a-leg: whether it is closed, the clock and the row at which that was, and who called."""
    callers = legs.filter("_a").unique("call_id", keep="first", maintain_order=True)
    wanted = callers.select("call_id", pl.col("_names").alias("_uuid")).explode("_uuid").drop_nulls()
    named = wanted.join(legs.select("_uuid", "_row", "_before"), on="_uuid", how="left").group_by("call_id")
    found = named.agg(
        pl.col("_row").is_null().any().alias("_missing"),
        pl.col("_row").max().alias("_last_row"),
        pl.col("_before").max().alias("_last_before"),
    )
    complete = ~pl.col("_missing").fill_null(False)
    clock, row = pl.max_horizontal("_before", "_last_before"), pl.max_horizontal("_row", "_last_row")
    in_vain = pl.col("_before") >= _WAITED
    gave_up = pl.when(complete).then(clock).otherwise(now) >= _WAITED
    return callers.join(found, on="call_id", how="left").select(
        "call_id",
        (complete | gave_up).alias("_closed"),
        pl.when(in_vain).then("_before").when(gave_up).then(_WAITED).otherwise(clock).alias("_closed_at"),
        pl.when(in_vain).then("_row").when(~gave_up).then(row).alias("_closed_row"),
        *(pl.col(name).alias(f"_of_{name}") for name in CALLER),
    )
