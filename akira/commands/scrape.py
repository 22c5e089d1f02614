"""`akira scrape`: metrics pages of switches and exporters into the topic of SIP samples."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from akira import settings as akira_settings
from akira.errors import OperatorError
from akira.scraping import Scraping
from connectors.directory_file import load_directory
from connectors.kafka.sinks import DeadLetterTopic, KafkaSink
from connectors.prometheus.profiles import peers_of
from connectors.prometheus.scrape import ScrapeSource
from connectors.prometheus.server import ServerSource
from pipeline.ports import Source


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scrape")(command)


def command(settings: Annotated[Path | None, typer.Option(help="the settings file")] = None) -> None:
    """Scrape the metrics pages of akira.toml into the Kafka topic of SIP samples, until it is told to stop."""
    known = akira_settings.load(settings)
    if not known.scrape:
        raise OperatorError("no metrics page to scrape", "name one with url, switch and profile under [[scrape]]")
    peers = peers_of(load_directory(Path(known.directory))) if known.directory else {}
    out, stop, faults = Console(stderr=True, highlight=False), threading.Event(), list[BaseException]()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def told(name: str, hint: str) -> None:
        out.print(f"{name}: {hint or 'going on'}", markup=False, soft_wrap=True)

    def failed(fault: BaseException) -> None:
        faults.append(fault)
        stop.set()

    sources: dict[str, Source] = {
        f"{page.switch} {page.url}": (ServerSource if page.query else ScrapeSource)(page, peers)
        for page in known.scrape
    }
    with closing(KafkaSink(known.kafka, known.kafka.topics.sip)) as sink, closing(DeadLetterTopic(known.kafka)) as dead:
        Scraping(sources, sink, dead, told, failed).run(stop)
    if faults:
        raise faults[0]
