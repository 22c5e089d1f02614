"""`akira ticket`: tickets from the command line, by the API and so by the same rules as everywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from akira.api_client import ApiClient
from akira.commands import ticket_options as of
from akira.commands.ticket_text import print_ticket
from akira.errors import EXIT_REFUSED, EXIT_USAGE, OperatorError
from akira.wording import SHAPES
from pipeline.desk.words import clock

group = typer.Typer(help="Tickets: list, show and every command of the desk.", no_args_is_help=True)


class Shared:
    """Options of the whole group."""

    client: ApiClient
    as_json = False


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(group, name="ticket")


@group.callback()
def options(
    context: typer.Context,
    server: Annotated[str | None, typer.Option(help="address of the API, instead of [web] host and port")] = None,
    settings: Annotated[Path | None, typer.Option(help="the settings file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the API's JSON")] = False,
) -> None:
    """The token is taken from AKIRA_TOKEN."""
    shared = Shared()
    shared.client, shared.as_json = ApiClient.of(server, settings), as_json
    context.obj = shared


@group.command("list")
def list_tickets(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="words, an id or a customer")] = "",
    queue: of.Queue = "",
    severity: of.Severity = "",
    state: of.State = "",
    customer: of.Customer = "",
    late: Annotated[bool, typer.Option(help="only those that owe a reply")] = False,
    limit: of.Limit = 50,
) -> None:
    """Open tickets, the gravest first."""
    shared: Shared = context.obj
    filters = {
        "queue": queue,
        "severity": severity,
        "state": state,
        "customer": customer,
        "owed": "late" if late else "",
    }
    page = shared.client.get("/tickets", q=words, limit=limit, **filters)
    if shared.as_json:
        return _print_json(page)
    table = Table("severity", "id", "what", "state", "queue", "who", "opened", box=None)
    for row in page["items"]:
        mark = f"{SHAPES[row['severity']]} {row['severity']}"
        who = row["assignee"] or "nobody"
        table.add_row(mark, row["id"], row["summary"], row["state"], row["queue"], who, clock(row["opened_at_ms"]))
    Console(highlight=False).print(table if page["items"] else "No tickets match.")


@group.command()
def show(context: typer.Context, ticket: of.Id) -> None:
    """One ticket: how bad, why, who, since when, what is missing."""
    shared: Shared = context.obj
    found = shared.client.get(f"/tickets/{ticket}")
    if shared.as_json:
        return _print_json(found)
    print_ticket(found, shared.client.get(f"/tickets/{ticket}/checklist"))


@group.command()
def ack(context: typer.Context, ticket: of.Id) -> None:
    """I have seen it and I am on it."""
    _do(context, ticket, "acknowledge")


@group.command()
def respond(
    context: typer.Context,
    ticket: of.Id,
    text: Annotated[str, typer.Option(help="what the customer reads")],
    next_update_min: Annotated[int, typer.Option(help="minutes until the next update", min=1)],
    ask_examples: Annotated[bool, typer.Option("--ask-examples", help="more examples are required")] = False,
) -> None:
    """Answer the customer: received, under investigation or more examples, next update time."""
    stance = "more_examples_required" if ask_examples else "under_investigation"
    due = round(datetime.now(UTC).timestamp() * 1000) + next_update_min * 60_000
    _do(context, ticket, "respond", text=text, stance=stance, next_update_ms=due)


@group.command()
def reclassify(context: typer.Context, ticket: of.Id, ticket_type: str, why: of.Because) -> None:
    """Move it to another class, and with it queue and owner."""
    _do(context, ticket, "reclassify", ticket_type=ticket_type, why=why)


@group.command("root-cause")
def root_cause(context: typer.Context, ticket: of.Id, text: str) -> None:
    """Root cause or final classification."""
    _do(context, ticket, "set-root-cause", text=text)


@group.command()
def evidence(context: typer.Context, ticket: of.Id, kind: str, value: str, note: of.Note = "") -> None:
    """Attach a `command`, a `link` or a `cdr` used for the diagnosis."""
    _do(context, ticket, "add-evidence", kind=kind, value=value, note=note)


@group.command()
def window(context: typer.Context, ticket: of.Id, begin: str, end: str) -> None:
    """Confirm when customers were hit: two times such as 2026-11-24T14:02Z."""
    _do(context, ticket, "confirm-window", from_ms=_moment(begin), to_ms=_moment(end))


@group.command()
def postmortem(
    context: typer.Context, ticket: of.Id, value: Annotated[str, typer.Argument(help="a link, or @FILE")]
) -> None:
    """Attach the postmortem."""
    text = Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
    _do(context, ticket, "link-postmortem", value=text)


@group.command()
def mitigate(context: typer.Context, ticket: of.Id, why: of.Because) -> None:
    """Customers are served again by a workaround."""
    _do(context, ticket, "mitigate", why=why)


@group.command()
def resolve(
    context: typer.Context,
    ticket: of.Id,
    why: of.Because,
    override: Annotated[bool, typer.Option("--override", help="although telemetry still shows it")] = False,
) -> None:
    """The fault is over."""
    _do(context, ticket, "resolve", why=why, override=override)


@group.command()
def close(context: typer.Context, ticket: of.Id, why: of.Because = "") -> None:
    """Close it, through the closure gate."""
    _do(context, ticket, "close", why=why)


@group.command()
def merge(context: typer.Context, ticket: of.Id, into: str, why: of.Because) -> None:
    """It is the same matter as INTO."""
    _do(context, ticket, "merge", into=into, why=why)


@group.command()
def split(context: typer.Context, ticket: of.Id, customers: list[str], summary: of.Summary, why: of.Because) -> None:
    """Take CUSTOMERS out into a ticket of their own."""
    _do(context, ticket, "split", customers=customers, summary=summary, why=why)


@group.command()
def new(
    context: typer.Context,
    ticket_type: str,
    summary: str,
    customer: of.Customer = "",
    account: of.Account = "",
    affected: of.Affected = "",
    example: of.Examples = None,
    impact: Annotated[bool, typer.Option(help="service is hit right now")] = False,
) -> None:
    """Open a ticket; what is still missing is said."""
    shared: Shared = context.obj
    intake = {"customer": customer, "account": account, "affected": affected, "examples": example or []}
    scope = {"production_impact": impact}
    body = {"ticket_type": ticket_type, "summary": summary, "intake": intake, "scope": scope, "door": "api"}
    advice = shared.client.post("/tickets/advice", body)
    made = shared.client.post("/tickets", body)
    if shared.as_json:
        return _print_json(made)
    typer.echo(f"{made['id']} {made['severity']} {made['queue']}: {made['summary']}")
    for line in (advice["answer"], *advice["warnings"], *(f"still to ask: {ask}" for ask in advice["missing"])):
        typer.echo(line)


@group.command()
def export(
    context: typer.Context,
    state: of.State = "any",
    queue: of.Queue = "",
    severity: of.Severity = "",
    customer: of.Customer = "",
) -> None:
    """Whole tickets as lines of JSON on standard output."""
    shared: Shared = context.obj
    for line in shared.client.lines("/export", state=state, queue=queue, severity=severity, customer=customer):
        typer.echo(line)


@group.command()
def verify(context: typer.Context, ticket: of.Id) -> None:
    """Check that the log of a ticket was never changed; exit code 5 when it was."""
    shared: Shared = context.obj
    found = shared.client.get(f"/tickets/{ticket}/verify")
    if not found["whole"]:
        raise OperatorError(found["wrong"], "restore the store from a backup and compare", EXIT_REFUSED)
    _print_json(found) if shared.as_json else typer.echo(f"{ticket}: the log is whole")


def _do(context: typer.Context, ticket: str, command: str, **body: Any) -> None:
    shared: Shared = context.obj
    after = shared.client.post(f"/tickets/{ticket}/{command}", body)
    if shared.as_json:
        return _print_json(after)
    typer.echo(f"{after['id']} {after['severity']} {after['state']}: {after['summary']}")


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise OperatorError(f"{text!r} is no time", "write it as 2026-11-24T14:02Z", EXIT_USAGE) from wrong
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
