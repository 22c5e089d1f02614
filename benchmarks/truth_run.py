"""One labelled carrier through the watch and the desk: its tickets, its truth, and what other products' rules say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from akira.simulate.calendar import DAY_MS
from akira.simulate.carrier import Carrier
from akira.simulate.files import directory_toml
from akira.simulate.scenario import Scenario
from akira.watching import new_watch
from benchmarks.truth_incumbents import POLICIES, Counted, tickets
from pipeline.desk.book import Book
from pipeline.desk.contract import contract
from pipeline.desk.policy import DeskPolicy
from pipeline.directory import Directory
from pipeline.ports import Batch
from pipeline.records import KINDS
from pipeline.run import run
from pipeline.settings import WatchSettings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a seed gave, all of it JSON: contract lines of tickets and truth, and by policy the tickets of others."""

    seed: int
    first_day_ms: int
    days_before: int
    slices: int
    tickets: list[dict[str, Any]]
    truth: list[dict[str, Any]]
    others: dict[str, list[dict[str, Any]]]


def simulate(scenario: Scenario, seed: int, settings: WatchSettings) -> Outcome:
    """Run a scenario's carrier; the kinds of one stretch are settled together, so that none outruns another."""
    carrier = Carrier(scenario, seed)
    directory = Directory.model_validate(tomllib.loads(directory_toml(carrier.world)))
    watch, book, counted = new_watch(directory, settings), Book(DeskPolicy()), Counted()
    for _ in run(_stretches(carrier, counted), watch, book):
        pass
    counts = counted.frames()
    return Outcome(
        seed=seed,
        first_day_ms=carrier.first_day,
        days_before=scenario.days_before,
        slices=int(watch.stats()["slices"]),
        tickets=[contract(ticket) for ticket in book.tickets()],
        truth=[{**line, "seed": seed} for line in carrier.ledger.truth()],
        others={policy.name: tickets(policy, counts, carrier.first_day) for policy in POLICIES},
    )


def warm_days(outcome: Outcome) -> int:
    """Fault-free days after the first, which is for learning."""
    return max(outcome.days_before - 1, 0)


def day_of(outcome: Outcome, ticket: dict[str, Any]) -> int:
    """Days from the first fault day; negative on the days before."""
    return int((ticket["opened_at"] - outcome.first_day_ms) // DAY_MS)


def _stretches(carrier: Carrier, counted: Counted) -> Iterator[Batch]:
    for stretch in carrier.stretches():
        counted.add(stretch.cdr)
        frames_of = {kind: getattr(stretch, kind) for kind in KINDS}
        kinds = [kind for kind, frame in frames_of.items() if len(frame)]
        for kind in kinds:
            yield Batch(kind, frames_of[kind], settled=kind == kinds[-1])
