"""`akira run`: records in from Kafka or switches, tickets out, until it is told to stop."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer

from akira import settings as akira_settings
from akira.alerting import alerting
from akira.asking import asking
from akira.commands.console import greet
from akira.errors import EXIT_AWAY, OperatorError
from akira.mailing import mailing
from akira.serving import served
from akira.settings import Settings
from akira.switch_door import open_door
from akira.web.app import admin_link, create_app
from akira.wiring import Asked, Parts, Running, live, opened
from pipeline.ports import Disconnected


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(command)


def command(
    settings: Annotated[Path | None, typer.Option(help="the settings file")] = None,
    drain: Annotated[bool, typer.Option(help="end at the present end of the input, with every minute closed")] = False,
    wait: Annotated[bool, typer.Option(help="wait for a broker that is away; with --no-wait end with 4")] = True,
    from_oldest: Annotated[
        bool, typer.Option("--from-oldest", help="go on from the oldest record where the next one was deleted")
    ] = False,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="forget the last checkpoint and read the topics from their beginning")
    ] = False,
    web: Annotated[bool, typer.Option(help="serve console, /metrics, /healthz and /readyz")] = True,
) -> None:
    """Read records and keep tickets, live. SIGTERM and Ctrl-C stop it cleanly; a restart goes on there."""
    # A sign-in link belongs on a terminal, not in a service's log.
    run(akira_settings.load(settings), Asked(drain, wait, from_oldest, from_scratch), web, sys.stdout.isatty())


def run(known: Settings, asked: Asked, web: bool, greeting: bool) -> None:
    """Run until the source ends or a signal comes; `greeting` tells how to sign in."""
    _log_to_stderr()
    stop = threading.Event()
    with opened(known) as parts, live(parts, asked, stop) as running, asking(parts, stop), mailing(parts, stop):
        with _signals(stop), _served(parts, running, greeting) if web else nullcontext():
            try:
                running.loop.run(running.positions)
            except Disconnected as away:
                raise OperatorError(away.hint, "start it, or run without --no-wait", EXIT_AWAY) from away


@contextmanager
def _served(parts: Parts, running: Running, greeting: bool) -> Iterator[None]:
    """Console and API, and the pages by which the service itself is watched."""
    web, status = parts.settings.web, running.status
    policy, who = parts.settings.policy, parts.directory
    app = create_app(
        parts.store,
        policy,
        directory=who,
        feeds=lambda: status.feed_rows,
        fan_out=parts.fan_out,
        oidc=web.oidc,
        address=web.address,
        outlets=parts.settings.outlet,
    )
    app.router.routes[:0] = status.routes()
    open_door(app, running.spools)
    with alerting(parts, app, running.loop.stop), served(app, web.host, web.port, app.state.hub.close) as address:
        structlog.get_logger("akira.run").info("serving", address=address)
        if greeting:
            greet(*admin_link(app), address, web.host)
        yield


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT ask the loop to stop after the batch in hand; a second one ends the program at once."""

    def told(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_to_stderr() -> None:
    """One line an event; the libraries' own warnings too, without their chatter about reconnecting."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
