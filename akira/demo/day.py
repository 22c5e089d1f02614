"""A simulated day on disk, replayed, and scored: the same way as any archive."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from akira import report
from akira.replaying import Outcome, Told, replay, write_tickets
from akira.scoring import Score, match
from akira.simulate.carrier import Carrier, Stretch
from akira.simulate.files import write
from akira.simulate.scenario import Scenario, parse
from connectors.archive import Progress
from connectors.archive_inputs import Archive
from connectors.directory_file import load_directory
from pipeline.desk.policy import DeskPolicy
from pipeline.settings import WatchSettings


@dataclass(frozen=True, slots=True)
class Day:
    """What a demonstration came to."""

    folder: Path
    records: int
    outcome: Outcome
    score: Score
    confounders: tuple[str, ...]


def scenario() -> Scenario:
    """The demonstration's scenario."""
    name = "demo.toml"
    return parse((files("akira.demo") / name).read_text("utf-8"), name)


def simulate(folder: Path, seed: int, told: Callable[[int, int], None]) -> int:
    """Write the carrier's records and truth to `folder`; `told(done_ms, of_ms)`. Returns the number of records."""
    carrier = Carrier(scenario(), seed)

    def move(stretch: Stretch) -> None:
        told(stretch.end - carrier.start, carrier.end - carrier.start)

    return sum(write(carrier, folder, "parquet", move).values())


def watch(folder: Path, records: int, progress: Progress | None, told: Told | None) -> Day:
    """Replay the records of `folder`, write tickets and report there, and score them."""
    archive = Archive(
        cdr=(str(folder / "cdr.parquet"),),
        sip=(str(folder / "sip.parquet"),),
        balance=(str(folder / "balance.parquet"),),
    )
    directory = load_directory(folder / "directory.toml")
    outcome = replay(archive, directory, WatchSettings(), DeskPolicy(), progress=progress, told=told)
    write_tickets(folder / "tickets.ndjson", outcome.tickets)
    report.write(folder / "report.html", outcome.tickets, title="A simulated day", said=outcome.said)
    kinds = tuple(event.kind for event in scenario().confounders)
    return Day(folder, records, outcome, match(outcome.tickets, truth(folder), directory), kinds)


def truth(folder: Path) -> list[dict[str, Any]]:
    """The labelled faults of a simulated carrier."""
    return [json.loads(line) for line in (folder / "truth.ndjson").read_text("utf-8").splitlines()]
