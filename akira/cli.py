"""`akira`: every command of the product, assembled from `akira.commands`."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import typer
from rich.console import Console

from akira.errors import EXIT_AWAY, EXIT_BAD_INPUT, OperatorError
from connectors.errors import ConnectorError

COMMANDS: Final[tuple[str, ...]] = (
    "backup",
    "check",
    "console",
    "demo",
    "explain",
    "feed",
    "outlet",
    "replay",
    "restore",
    "run",
    "scrape",
    "simulate",
    "ticket",
    "token",
)
"""Modules of `akira.commands`, named as the command; each has `register(app)`."""


def build(names: tuple[str, ...] = COMMANDS) -> typer.Typer:
    """The command line with these commands; a run loads only the one that is called, so that it starts at once."""
    app = typer.Typer(
        name="akira",
        help="Telemetry to tickets: one cause across customers, one ticket for it.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(lambda: None)
    for name in names:
        import_module(f"akira.commands.{name}").register(app)
    return app


def main() -> None:
    """Run a command; an operator's mistake is one message with a hint and its exit code (docs/cli.md)."""
    errors = Console(stderr=True, highlight=False)
    try:
        build(tuple(name for name in COMMANDS if name in sys.argv[1:2]) or COMMANDS)()
    except OperatorError as wrong:
        _say(errors, wrong.message, wrong.hint)
        sys.exit(wrong.exit_code)
    except ConnectorError as wrong:
        _say(errors, wrong.message, wrong.hint)
        sys.exit(EXIT_AWAY if wrong.away else EXIT_BAD_INPUT)


def _say(console: Console, message: str, hint: str) -> None:
    console.print(f"akira: {message}", style="bold", markup=False, soft_wrap=True)
    if hint:
        console.print(f"hint: {hint}", markup=False, soft_wrap=True)
