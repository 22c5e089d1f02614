"""What every `akira ticket` command shares: the client, made when it is first needed, and how an answer is printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import typer

from akira.api_client import ApiClient, segment
from akira.errors import EXIT_USAGE, OperatorError


@dataclass
class Call:
    """Options of the whole group. `--help` of a command needs neither a token nor a settings file."""

    server: str | None
    settings: Path | None
    as_json: bool

    @cached_property
    def client(self) -> ApiClient:
        """The API, with the token of the environment."""
        return ApiClient.of(self.server, self.settings)


def call_of(context: typer.Context) -> Call:
    """The options given before the command."""
    return cast(Call, context.obj)


def act(context: typer.Context, ticket: str, command: str, **body: Any) -> None:
    """Do a command of the desk and print the ticket as it is after it."""
    call = call_of(context)
    after = call.client.post(f"/tickets/{segment(ticket)}/{command}", body)
    if call.as_json:
        return print_json(after)
    typer.echo(f"{after['id']} {after['severity']} {after['state']}: {after['summary']}")


def print_json(value: Any) -> None:
    """The API's own answer."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def moment(text: str) -> int:
    """A time of the command line in epoch ms; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise OperatorError(f"{text!r} is no time", "write it as 2026-11-24T14:02Z", EXIT_USAGE) from wrong
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def in_minutes(minutes: int) -> int:
    """So many minutes from now, in epoch ms."""
    return round(datetime.now(UTC).timestamp() * 1000) + minutes * 60_000
