"""`akira replay`: files of records to tickets, as if they had been watched when they came."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from akira import report as akira_report
from akira import settings as akira_settings
from akira.commands.check import options_of
from akira.errors import EXIT_USAGE, OperatorError
from akira.output_file import writable
from akira.replaying import Outcome, replay, write_tickets
from akira.settings import Settings
from akira.stories.telling import told_story
from akira.wording import SHAPES
from connectors.archive_inputs import CONTRACT, Archive
from connectors.deadletter import DeadLetterFile
from connectors.directory_file import load_directory
from connectors.prometheus.elements import KAMAILIO_XHTTP_PROM
from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket
from pipeline.desk.words import clock
from pipeline.directory import Directory

_FILES = "files, quoted patterns or directories; .ndjson .csv .parquet, .gz .zst"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(command)


def command(
    story: Annotated[Path | None, typer.Argument(help="a story (.scn) to tell instead of files")] = None,
    cdr: Annotated[list[str] | None, typer.Option(help=f"call records: {_FILES}")] = None,
    sip: Annotated[list[str] | None, typer.Option(help="SIP samples, or events of a switch")] = None,
    balance: Annotated[list[str] | None, typer.Option(help="balance events")] = None,
    prom: Annotated[list[str] | None, typer.Option(help='recorded pages of metrics: {"at": ms, "text": page}')] = None,
    cdr_profile: Annotated[str, typer.Option(help="contract, a format's name, or a profile's .toml")] = CONTRACT,
    option: Annotated[list[str] | None, typer.Option(help="of the CDR format, KEY=VALUE")] = None,
    sip_profile: Annotated[str, typer.Option(help="contract or kamailio")] = CONTRACT,
    prom_profile: Annotated[str, typer.Option(help="whose pages")] = KAMAILIO_XHTTP_PROM.name,
    switch: Annotated[str, typer.Option(help="who wrote the SIP events and pages")] = "default",
    directory: Annotated[Path | None, typer.Option(help="who is who (TOML); else that of the settings")] = None,
    tickets: Annotated[Path | None, typer.Option(help="write the tickets here, one JSON object a line")] = None,
    report: Annotated[Path | None, typer.Option(help="write an HTML report here")] = None,
    dead_letters: Annotated[Path | None, typer.Option(help="add refused records to this file")] = None,
    settings: Annotated[Path | None, typer.Option(help="the settings file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="no progress, no line per change")] = False,
) -> None:
    """Watch archives as if they came now: one line per change of a ticket, then what was found.

    Exit codes: 0 done (refused records are counted, and kept with --dead-letters), 2 wrong usage, 3 a file, directory,
    format or setting is wrong, or no record can be read.
    """
    if story is not None:
        _tell(story, alone=not (cdr or sip or balance or prom))
        return
    for output in (tickets, report):
        writable(output)
    known = akira_settings.load(settings)
    place = directory or (Path(known.directory) if known.directory else None)
    archive = Archive(
        cdr=cdr or (),
        sip=sip or (),
        balance=balance or (),
        prom=prom or (),
        cdr_profile=cdr_profile,
        cdr_options=options_of(option or []),
        sip_profile=sip_profile,
        prom_profile=prom_profile,
        switch=switch,
    )
    screen = None if quiet or as_json else Console(stderr=True, highlight=False)
    outcome = _watch(archive, place, known, dead_letters, screen)
    _write(outcome, tickets, report)
    if as_json:
        typer.echo(json.dumps(outcome.summary()))
    elif screen is not None:
        _say(screen, outcome)


def _write(outcome: Outcome, tickets: Path | None, report: Path | None) -> None:
    """The files that were asked for."""
    if tickets is not None:
        write_tickets(tickets, outcome.tickets)
    if report is not None:
        akira_report.write(report, outcome.tickets, title="Replay", said=outcome.said, judged=outcome.judged)


def _tell(story: Path, alone: bool) -> None:
    """A story; among named files it is one that a shell made of a pattern."""
    if not alone:
        hint = "quote a pattern, so that the shell leaves it"
        raise OperatorError(f"{story}: each file is named by its own option", hint, EXIT_USAGE)
    typer.echo(told_story(story))


def _watch(
    archive: Archive, place: Path | None, known: Settings, dead_letters: Path | None, screen: Console | None
) -> Outcome:
    """Replay, with bars and a line per change on `screen`, or silently."""
    with ExitStack() as opened:
        kept = opened.enter_context(DeadLetterFile(dead_letters)) if dead_letters else None
        bars = None if screen is None else opened.enter_context(_bars(screen))
        return replay(
            archive,
            load_directory(place) if place else Directory(),
            known.watch,
            known.policy,
            deadletters=kept,
            progress=None if bars is None else _Shown(bars).move,
            told=None
            if bars is None
            else lambda event, ticket: bars.console.print(line(event, ticket), markup=False, soft_wrap=True),
        )


def _bars(screen: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=screen, transient=True)


class _Shown:
    """A bar for the files read, then one for the records watched."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks = {stage: bars.add_task(stage, total=None) for stage in ("reading", "watching")}

    def move(self, stage: Literal["reading", "watching"], done: int, of: int) -> None:
        self._bars.update(self._tasks[stage], completed=done, total=max(of, 1))


def line(event: TicketEvent, ticket: Ticket) -> str:
    """`10:41 ▲ SEV2 T-3f9a opened: term-05 rejects calls to Germany-Mobile (because …)`."""
    shape = SHAPES[ticket.severity]
    why = f" ({event.why})" if event.why else ""
    what = event.kind.replace("_", " ")
    return f"{clock(event.at_ms)} {shape} {ticket.severity} {ticket.id} {what}: {ticket.summary}{why}"


def _say(screen: Console, outcome: Outcome) -> None:
    for told in (*outcome.said, f"tickets: {len(outcome.tickets)}"):
        screen.print(told, markup=False, soft_wrap=True)
    for reject in outcome.first_rejects[:10]:
        place = f"{reject.source}:{reject.line}" if reject.line else reject.source
        named = f"{reject.field}: " if reject.field else ""
        screen.print(f"  {place}: {reject.reason}: {named}expected {reject.expected}", markup=False, soft_wrap=True)
