"""`akira check`: settings, directory and a CDR sample as they will be understood, with every doubt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from akira import settings as akira_settings
from akira.doubts import Doubt, directory_doubts, doubts
from akira.errors import EXIT_BAD_INPUT, EXIT_USAGE, OperatorError
from akira.format_guess import readable_by
from connectors.directory_file import load_directory
from connectors.errors import ConnectorError
from connectors.formats import FORMATS, reader
from connectors.rows.understanding import Reader, Understanding
from pipeline.directory import Directory
from pipeline.intake import resolve

SAMPLE_BYTES: Final = 8 << 20
"""So much of a sample is read: enough for doubts about shares, quick on any file."""
SHOWN: Final = (
    "call_id",
    "customer",
    "dialed",
    "destination",
    "terminator",
    "setup_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "sip_code",
    "q850",
    "released_by",
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("check")(check)


def check(
    sample: Annotated[Path | None, typer.Option(help="a file of CDRs, as the switch writes it")] = None,
    cdr_profile: Annotated[str | None, typer.Option(help="a format's name, or a profile's .toml file")] = None,
    option: Annotated[list[str] | None, typer.Option(help="of the CDR format, KEY=VALUE")] = None,
    directory: Annotated[Path | None, typer.Option(help="the directory file")] = None,
    settings: Annotated[Path | None, typer.Option(help="the settings file")] = None,
    rows: Annotated[int, typer.Option(min=1, max=200, help="records shown")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
) -> None:
    """Look at settings, directory and a CDR sample before anything runs. Ends with 3 when a doubt is grave."""
    loaded = akira_settings.load(settings)
    place = directory or (Path(loaded.directory) if loaded.directory else None)
    known = load_directory(place) if place else Directory()
    found = directory_doubts(known)
    frame, told = pl.DataFrame(), None
    if sample is not None:
        if cdr_profile is None:
            raise OperatorError(
                "which format is the sample in?", f"--cdr-profile with one of {', '.join(sorted(FORMATS))}"
            )
        frame, told, more = _looked_at(sample, reader(cdr_profile, options_of(option or [])), known)
        found += more
    shown = frame.head(rows)
    if as_json:
        typer.echo(json.dumps(_told(shown, told, found, frame.height), default=str))
    else:
        _print(Console(highlight=False), shown, told, found, frame.height, place)
    if any(doubt.grave for doubt in found):
        raise typer.Exit(EXIT_BAD_INPUT)


def options_of(given: list[str]) -> dict[str, str]:
    """KEY=VALUE texts as options of a format."""
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise OperatorError(f"--option {wrong[0]}: no KEY=VALUE", "such as --option zone=Europe/Paris", EXIT_USAGE)
    return {key.strip(): value for key, _, value in (text.partition("=") for text in given)}


def _looked_at(sample: Path, read: Reader, known: Directory) -> tuple[pl.DataFrame, Understanding, list[Doubt]]:
    """Records of the sample's beginning, what the reader takes them to mean, and the doubts."""
    try:
        with sample.open("rb") as file:
            data = file.read(SAMPLE_BYTES)
            written_ms = int(sample.stat().st_mtime * 1000) if not file.read(1) else None
    except OSError as wrong:
        raise ConnectorError(f"{sample}: {wrong.strerror or wrong}", "give a file that the switch wrote") from wrong
    if written_ms is None:
        data = data[: read.whole(data)]
    first, refused = read.read(data, str(sample), 1, known)
    last, half = read.finish(str(sample), known) if written_ms is not None else (first.clear(), ())
    frame = resolve(pl.concat([first, last]), known)
    told = read.understanding
    found = doubts(frame, (*refused, *half), told, known, written_ms)
    if frame.is_empty() and (better := readable_by(data, str(sample), known)):
        found.append(Doubt(f"it can be read as {' or '.join(better)}", "say so with --cdr-profile"))
    return frame, told, found


def _told(shown: pl.DataFrame, told: Understanding | None, found: list[Doubt], count: int) -> dict[str, Any]:
    understanding = {} if told is None else {name: getattr(told, name) for name in told.__slots__}
    return {
        "understood": understanding,
        "records": count,
        "first": shown.to_dicts(),
        "doubts": [{"what": d.what, "cure": d.cure, "grave": d.grave} for d in found],
    }


def _print(
    console: Console,
    shown: pl.DataFrame,
    told: Understanding | None,
    found: list[Doubt],
    count: int,
    place: Path | None,
) -> None:
    console.print(f"settings: in order; directory: {place or 'none given'}", markup=False)
    if told is not None:
        console.print(_understood(told))
        console.print(_records(shown, count))
    for doubt in found:
        mark = "✗" if doubt.grave else "?"
        console.print(f"{mark} {doubt.what}", style="bold red" if doubt.grave else "yellow", markup=False)
        console.print(f"  {doubt.cure}", markup=False)
    if not found:
        console.print("✓ no doubt", style="green")


def _understood(told: Understanding) -> Table:
    table = Table("understood as", told.format, title_justify="left")
    for label, value in (
        ("times", told.times),
        ("zone", told.zone),
        ("duration", told.duration),
        ("failed calls", "not in the file: ASR and NER are not asked" if told.answered_only else "in the file"),
        ("legs", told.legs),
        ("identity", " + ".join(told.identity)),
        *((f"not asked: {kind}", why) for kind, why in told.disabled),
    ):
        table.add_row(label, value)
    return table


def _records(shown: pl.DataFrame, count: int) -> Table:
    """A column for each record, so that a narrow terminal holds every field."""
    title = f"first {shown.height} of {count} records (times in UTC)"
    table = Table("", *(str(number) for number in range(1, shown.height + 1)), title=title, title_justify="left")
    forms = {name: "%H:%M:%S%.3f" for name in SHOWN if name.endswith("_at")} | {"setup_at": "%Y-%m-%d %H:%M:%S%.3f"}
    clock = [pl.from_epoch(pl.col(name), "ms").dt.strftime(form) for name, form in forms.items()]
    told = shown.with_columns(clock)
    for name in SHOWN:
        table.add_row(name, *("–" if value is None else str(value) for value in told[name]))
    return table
