"""`akira demo`: a simulated day at speed, then faults against tickets; with --live a carrier in real time."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from akira.commands.demo_live import show
from akira.commands.replay import line
from akira.demo import day as demo
from akira.demo.live import SEED
from akira.demo.table import table
from akira.errors import EXIT_REFUSED
from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket

OPENING = frozenset({"opened", "reopened"})


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(command)


def command(
    seed: Annotated[int | None, typer.Option(help="another carrier, the same faults")] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for what is written; else out/demo, or one for --live")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the score as JSON")] = False,
    live: Annotated[bool, typer.Option("--live", help="in real time, with the console, until Ctrl-C")] = False,
    speed: Annotated[float, typer.Option(min=0.1, max=600, help="of --live; above 1 its times run ahead")] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the console of --live; 0 takes a free one")] = 0,
) -> None:
    """Simulate a carrier's day with six faults and three things that only look like faults, and watch it.

    With --live the watch learns the day before at once, then the carrier goes on in real time with a fault every few
    minutes, a SEV1 first, in the console to work on.

    Exit codes: 0 every fault has one ticket with the right cause, class and severity and nothing else is ticketed,
    5 it is not so, 3 the folder cannot be written; with --live 0 it was stopped, 4 the port is taken.
    """
    if live:
        with nullcontext(str(out)) if out else TemporaryDirectory(prefix="akira-demo-") as folder:
            show(Path(folder), SEED if seed is None else seed, speed, port)
        return
    _day(1 if seed is None else seed, out or Path("out/demo"), as_json)


def _day(seed: int, out: Path, as_json: bool) -> None:
    """A day at speed."""
    screen = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=as_json) as bars:
        shown = _Shown(bars)
        records = demo.simulate(out, seed, lambda done, of: shown.move("simulating", done, of))
        told = None if as_json else shown.tell
        day = demo.watch(out, records, shown.move, told)
    if as_json:
        typer.echo(json.dumps(_figures(day)))
    else:
        screen.print(table(day))
        quiet = "stayed quiet" if not day.score.false else "see the tickets that are nobody's"
        screen.print(f"only looked like faults: {', '.join(day.confounders)}: {quiet}", markup=False)
        screen.print(f"{day.records:,} records; the report with a picture of each ticket: {out / 'report.html'}")
    if not day.score.clean:
        raise typer.Exit(EXIT_REFUSED)


def _figures(day: demo.Day) -> dict[str, object]:
    return {
        "records": day.records,
        "faults": len(day.score.matches),
        "found": sum(m.found for m in day.score.matches),
        "cause_exact": sum(m.cause_exact for m in day.score.matches),
        "severity_exact": sum(m.severity_exact for m in day.score.matches),
        "false": len(day.score.false),
        "clean": day.score.clean,
    }


class _Shown:
    """A bar for each stage, and a line for each ticket as it opens."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def move(self, stage: Literal["simulating", "reading", "watching"], done: int, of: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=None)
        self._bars.update(self._tasks[stage], completed=done, total=max(of, 1))

    def tell(self, event: TicketEvent, ticket: Ticket) -> None:
        if event.kind in OPENING:
            customers = f", {len(ticket.customers)} customers" if len(ticket.customers) > 1 else ""
            self._bars.console.print(line(event, ticket) + customers, markup=False, soft_wrap=True)
