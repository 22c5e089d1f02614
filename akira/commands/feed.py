"""`akira feed`: files of records into the Kafka topics that `akira run` reads, at the pace they once came."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from akira import settings as akira_settings
from akira.errors import EXIT_AWAY, OperatorError
from akira.feeding import Pace, Sink, feed
from connectors.kafka.sinks import KafkaSink
from pipeline.ports import Disconnected
from pipeline.records import KINDS, Kind


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("feed")(command)


def command(
    directory: Annotated[
        Path | None, typer.Argument(help="a directory with files named cdr*, sip* and balance*")
    ] = None,
    cdr: Annotated[list[Path] | None, typer.Option(help="files of call records")] = None,
    sip: Annotated[list[Path] | None, typer.Option(help="files of SIP samples")] = None,
    balance: Annotated[list[Path] | None, typer.Option(help="files of balance events")] = None,
    speed: Annotated[float, typer.Option(min=0, help="60 sends an hour in a minute; 0 as fast as it goes")] = 1.0,
    settings: Annotated[Path | None, typer.Option(help="the settings file")] = None,
) -> None:
    """Send files of records to the Kafka topics, in the order and at the pace in which they arrived."""
    known = akira_settings.load(settings).kafka
    files = _files(directory, {"cdr": cdr or [], "sip": sip or [], "balance": balance or []})
    topics = {kind: topic for topic, kind in known.inputs().items()}
    out = Console(stderr=True, highlight=False)
    with ExitStack() as open_sinks:
        sinks: dict[Kind, Sink] = {}
        for kind in files:
            if kind not in topics:
                raise OperatorError(f"no topic for {kind} records", f"name one as {kind} in [kafka.topics]")
            sinks[kind] = open_sinks.enter_context(closing(KafkaSink(known, topics[kind])))
        try:
            last = deque(feed(files, sinks, Pace(speed or None)), maxlen=1)
        except Disconnected as away:
            raise OperatorError(away.hint, "start it, or name it in [kafka] bootstrap", EXIT_AWAY) from away
    told = ", ".join(f"{count} {name}" for name, count in (last[0] if last else {}).items() if count)
    out.print(f"sent: {told or 'nothing'}")


def _files(directory: Path | None, named: dict[Kind, list[Path]]) -> dict[Kind, list[Path]]:
    """The files by kind. Raises OperatorError when there are none."""
    if directory is not None:
        if not directory.is_dir():
            raise OperatorError(f"{directory}: no such directory", "name files with --cdr, --sip and --balance")
        for kind in KINDS:
            named[kind] += sorted(path for path in directory.glob(f"{kind}*") if path.is_file())
    files = {kind: paths for kind, paths in named.items() if paths}
    if not files:
        raise OperatorError("no files to send", "name a directory, or files with --cdr, --sip and --balance")
    return files
