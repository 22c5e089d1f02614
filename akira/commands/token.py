"""`akira token`: access tokens of people and machines, kept as argon2 hashes in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from akira import settings as akira_settings
from akira.errors import EXIT_BAD_INPUT, EXIT_USAGE, OperatorError
from akira.web.api.admin import person_name
from akira.web.auth.access import ROLES, SCOPES
from akira.web.auth.kept import KeptTokens
from akira.web.auth.tokens import Tokens
from akira.wiring import opened
from connectors.clock import now_ms
from pipeline.desk.words import clock

DAY_MS = 86_400_000
TERMINAL = "terminal"
"""Who did it, on record: whoever may read the store's file."""
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="the settings file")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Access tokens: new, list, revoke.", no_args_is_help=True)
    group.command("new")(new)
    group.command("list")(list_all)
    group.command("revoke")(revoke)
    app.add_typer(group, name="token")


def new(
    name: Annotated[str, typer.Argument(help="the person or program it is for")],
    role: Annotated[str, typer.Option(help=f"one of {', '.join(ROLES)}")],
    days: Annotated[int, typer.Option(help="how long it lasts; 0 is for ever", min=0, max=3650)] = 90,
    scope: Annotated[list[str] | None, typer.Option(help=f"fewer rights than the role: {', '.join(SCOPES)}")] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once."""
    granted = next((known for known in ROLES if known == role), None)
    wrong = [given for given in scope or () if given not in SCOPES]
    if granted is None or wrong:
        raise OperatorError(
            f"there is no {'scope ' + wrong[0] if wrong else 'role ' + role}",
            f"roles: {', '.join(ROLES)}; scopes: {', '.join(SCOPES)}",
            EXIT_USAGE,
        )
    try:
        person_name(name)
    except ValueError as refused:
        raise OperatorError(f"{name!r} cannot be a name", str(refused), EXIT_USAGE) from refused
    scopes = frozenset(known for known in SCOPES if known in (scope or ())) or None
    with _tokens(settings) as tokens:
        lasts = days * DAY_MS or None
        text, token = tokens.issue(name, granted, at_ms=now_ms(), by=TERMINAL, lasts_ms=lasts, scopes=scopes)
    typer.echo(json.dumps({"id": token.id, "name": name, "role": role, "token": text}) if as_json else text)


def list_all(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Every token, without its secret."""
    with _tokens(settings) as tokens:
        known = tokens.all()
    if as_json:
        rows = [{**asdict(token), "scopes": sorted(token.scopes)} for token in known]
        typer.echo(json.dumps([{key: value for key, value in row.items() if key != "hash"} for row in rows]))
        return
    table = Table("id", "name", "role", "scopes", "ends", "state", box=None)
    now = now_ms()
    for token in known:
        ended = token.expires_at_ms is not None and token.expires_at_ms <= now
        state = "revoked" if token.revoked_at_ms else ("ended" if ended else "valid")
        ends = clock(token.expires_at_ms) if token.expires_at_ms else "never"
        table.add_row(token.id, token.name, token.role, " ".join(sorted(token.scopes)), ends, state)
    Console().print(table)


def revoke(
    token_id: Annotated[str, typer.Argument(help="its id, from `akira token list`")], settings: SettingsFile = None
) -> None:
    """End a token at once."""
    with _tokens(settings) as tokens:
        if not tokens.revoke(token_id, now_ms(), TERMINAL):
            raise OperatorError(f"no token {token_id} is valid", "`akira token list` shows them", EXIT_BAD_INPUT)
    typer.echo(f"{token_id} is revoked")


@contextmanager
def _tokens(settings: Path | None) -> Iterator[Tokens]:
    with opened(akira_settings.load(settings)) as parts:
        yield Tokens(KeptTokens(parts.store))
