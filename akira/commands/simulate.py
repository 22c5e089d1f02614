"""`akira simulate`: write a seeded carrier with labelled faults."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from akira.simulate.carrier import Carrier, Stretch
from akira.simulate.files import write
from akira.simulate.scenario import Scenario, load


class Format(StrEnum):
    """File format of the records."""

    parquet = "parquet"
    ndjson = "ndjson"


class Size(StrEnum):
    """50, 500 or 5,000 customers."""

    S = "S"
    M = "M"
    L = "L"


def simulate(
    out: Annotated[Path, typer.Argument(help="Directory to write cdr, sip, balance, directory.toml, truth.ndjson to.")],
    scenario: Annotated[Path | None, typer.Option(help="Scenario TOML; without one: ordinary days.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = 1,
    scale: Annotated[Size | None, typer.Option(help="Instead of the scenario's scale.")] = None,
    days_before: Annotated[
        int | None, typer.Option(min=0, max=60, help="Ordinary days before the first fault.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="File format of the records.")] = Format.parquet,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was written as JSON.")] = False,
) -> None:
    """Write the records of a simulated carrier, with the truth about its faults."""
    wanted = load(scenario) if scenario else Scenario()
    changes: dict[str, object] = {}
    if scale is not None:
        changes["scale"] = scale.value
    if days_before is not None:
        changes["days_before"] = days_before
    carrier = Carrier(wanted.model_copy(update=changes), seed)
    with _bar() as bar:
        task = bar.add_task("simulating", total=carrier.end - carrier.start)

        def told(stretch: Stretch) -> None:
            bar.update(task, completed=stretch.end - carrier.start)

        count = write(carrier, out, form.value, told)
    if as_json:
        typer.echo(json.dumps({"out": str(out), "seed": seed, "records": count, "faults": len(carrier.ledger.faults)}))
    else:
        records = ", ".join(f"{n:,} {kind}" for kind, n in count.items())
        typer.echo(f"{out}: {records}; {len(carrier.ledger.faults)} faults in truth.ndjson")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)
