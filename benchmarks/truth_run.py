"""One labelled carrier through the watch and the desk: its tickets, its truth, and counts for the incumbents' rules."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from akira.simulate.calendar import DAY_MS
from akira.simulate.carrier import Carrier
from akira.simulate.files import directory_toml
from akira.simulate.scenario import Scenario
from akira.watching import new_watch
from pipeline.desk.book import Book
from pipeline.desk.contract import contract
from pipeline.desk.policy import DeskPolicy
from pipeline.directory import Directory
from pipeline.ports import Batch
from pipeline.records import ARRIVAL, KINDS, MINUTE_MS
from pipeline.run import run
from pipeline.settings import WatchSettings

DIMENSIONS = ("terminator", "destination", "customer")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a seed gave: contract lines of tickets and truth, and per dimension the counts of each value and minute."""

    seed: int
    first_day_ms: int
    days_before: int
    tickets: list[dict[str, Any]]
    truth: list[dict[str, Any]]
    counts: dict[str, pl.DataFrame]


def simulate(scenario: Scenario, seed: int) -> Outcome:
    """Run a scenario's carrier with default settings; batches are whole minutes, so that no kind outruns another."""
    carrier = Carrier(scenario, seed)
    directory = Directory.model_validate(tomllib.loads(directory_toml(carrier.world)))
    book, parts = Book(DeskPolicy()), {dimension: [] for dimension in DIMENSIONS}
    for _ in run(_minutes(carrier, parts), new_watch(directory, WatchSettings()), book):
        pass
    return Outcome(
        seed=seed,
        first_day_ms=carrier.first_day,
        days_before=scenario.days_before,
        tickets=[contract(ticket) for ticket in book.tickets()],
        truth=[{**line, "seed": seed} for line in carrier.ledger.truth()],
        counts={dimension: _added(frames, dimension) for dimension, frames in parts.items()},
    )


def warm_days(outcome: Outcome) -> int:
    """Fault-free days after the first, which is for learning."""
    return max(outcome.days_before - 1, 0)


def day_of(outcome: Outcome, ticket: dict[str, Any]) -> int:
    """Days from the first fault day; negative on the days before."""
    return int((ticket["opened_at"] - outcome.first_day_ms) // DAY_MS)


def _minutes(carrier: Carrier, parts: dict[str, list[pl.DataFrame]]) -> Iterator[Batch]:
    for stretch in carrier.stretches():
        for dimension, frames in parts.items():
            frames.append(_counted(stretch.cdr, dimension))
        frames_of = {kind: getattr(stretch, kind) for kind in KINDS}
        minute_of = {kind: frame[ARRIVAL[kind]].to_numpy() // MINUTE_MS for kind, frame in frames_of.items()}
        for minute in np.unique(np.concatenate(list(minute_of.values()))):
            for kind in KINDS:
                low, high = np.searchsorted(minute_of[kind], [minute, minute + 1])
                if high > low:
                    yield Batch(kind, frames_of[kind][int(low) : int(high)])


def _counted(cdr: pl.DataFrame, dimension: str) -> pl.DataFrame:
    answered = pl.col("answered_at").is_not_null()
    return (
        cdr.filter(pl.col(dimension).is_not_null())
        .group_by(key=pl.col(dimension), minute=pl.col("ended_at") // MINUTE_MS)
        .agg(
            calls=pl.len(),
            answers=answered.sum(),
            talk_ms=(pl.col("ended_at") - pl.col("answered_at")).sum(),
        )
    )


def _added(frames: list[pl.DataFrame], dimension: str) -> pl.DataFrame:
    added = pl.concat(frames).group_by("key", "minute").sum().sort("key", "minute")
    return added.with_columns(dimension=pl.lit(dimension))
