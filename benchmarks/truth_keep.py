"""Many seeds at once, each kept on disk as soon as it is done: a run that was broken off goes on where it was.

What is kept is keyed by everything that an outcome follows from: the code, the scenario, the settings, the seed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from akira.simulate.scenario import Scenario
from benchmarks.truth_run import Outcome, simulate
from benchmarks.truth_scenarios import FEWER
from pipeline.settings import WatchSettings

_ROOT: Final = Path(__file__).parents[1]
CODE: Final = ("pipeline", "detectors", "akira/simulate", "akira/watching.py", "benchmarks")
_OUTCOME_OF: Final = ("truth_run.py", "truth_incumbents.py")
"""Those of the benchmarks that an outcome follows from; the others only read it."""


def outcomes(
    scenarios: Mapping[str, Scenario], seeds: Sequence[int], folder: Path, processes: int
) -> dict[str, list[Outcome]]:
    """The outcome of every scenario with every seed (of the dear ones with the first few), in the order given; those
    not in `folder` are run."""
    folder.mkdir(parents=True, exist_ok=True)
    settings, code = WatchSettings(), code_digest()
    places = {
        (name, seed): folder / f"{key(code, scenario, settings, seed)}.json"
        for name, scenario in scenarios.items()
        for seed in seeds[: FEWER.get(name)]
    }
    due = {job: place for job, place in places.items() if not place.exists()}
    # polars starts its threads when it is imported; the processes are the parallelism here
    os.environ["POLARS_MAX_THREADS"] = "1"
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bars:
        task = bars.add_task("carriers", total=len(places), completed=len(places) - len(due))
        pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
        try:
            running = {pool.submit(_one, scenarios[job[0]], settings, job[1], at): job for job, at in due.items()}
            for done in as_completed(running):
                name, seed = running[done]
                screen.print(f"{name}, seed {seed}: {done.result():.0f} s")
                bars.advance(task)
        finally:
            pool.shutdown(cancel_futures=True)
    return {name: [read(places[name, seed]) for seed in seeds[: FEWER.get(name)]] for name in scenarios}


def key(code: str, scenario: Scenario, settings: WatchSettings, seed: int) -> str:
    """Name of an outcome: the same for the same code, scenario, settings and seed."""
    text = "\n".join((code, scenario.model_dump_json(), settings.model_dump_json(), str(seed)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def code_digest() -> str:
    """Digest of the sources that an outcome follows from."""
    digest = hashlib.sha256()
    for part in CODE:
        place = _ROOT / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if path.parent.name != "benchmarks" or path.name in _OUTCOME_OF:
                digest.update(f"{path.relative_to(_ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def read(place: Path) -> Outcome:
    """An outcome that was kept."""
    return Outcome(**json.loads(place.read_text(encoding="utf-8")))


def _one(scenario: Scenario, settings: WatchSettings, seed: int, place: Path) -> float:
    """Run one and keep it; the seconds that it took."""
    began = time.monotonic()
    outcome = simulate(scenario, seed, settings)
    unfinished = place.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(dataclasses.asdict(outcome)), encoding="utf-8")
    unfinished.replace(place)
    return time.monotonic() - began
