"""`akira ticket`: tickets from the command line, by the API and so by the same rules as everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from akira.api_client import segment
from akira.commands import ticket_bonds, ticket_work
from akira.commands import ticket_options as of
from akira.commands.ticket_call import Call, act, call_of, moment, print_json
from akira.commands.ticket_text import print_ticket
from akira.errors import EXIT_REFUSED, OperatorError
from akira.wording import SHAPES
from pipeline.desk.ticket import TICKET_JSON
from pipeline.desk.words import clock


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Tickets: list, show and every command of the desk.", no_args_is_help=True)
    group.callback()(options)
    group.command("list")(list_tickets)
    for command in (show, new, amend, draft, export, verify):
        group.command()(command)
    ticket_work.register(group)
    ticket_bonds.register(group)
    app.add_typer(group, name="ticket")


def options(
    context: typer.Context,
    server: Annotated[str | None, typer.Option(help="address of the API, instead of [web] host and port")] = None,
    settings: Annotated[Path | None, typer.Option(help="the settings file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the API's JSON")] = False,
) -> None:
    """The token is taken from AKIRA_TOKEN."""
    context.obj = Call(server, settings, as_json)


def list_tickets(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="words, an id or a customer")] = "",
    queue: of.Queue = "",
    severity: of.Severity = "",
    state: of.State = "",
    customer: of.Customer = "",
    late: Annotated[bool, typer.Option("--late", help="only those that owe a reply")] = False,
    limit: of.Limit = 50,
) -> None:
    """Open tickets, the gravest first."""
    call, owed = call_of(context), "late" if late else ""
    filters = {"queue": queue, "severity": severity, "state": state, "customer": customer, "owed": owed}
    page = call.client.get("/tickets", q=words, limit=limit, **filters)
    if call.as_json:
        return print_json(page)
    table = Table("severity", "id", "what", "state", "queue", "who", "opened", box=None)
    for row in page["items"]:
        cells = (row["id"], row["summary"], row["state"], row["queue"], row["assignee"] or "nobody")
        texts = (f"{SHAPES[row['severity']]} {row['severity']}", *cells, clock(row["opened_at_ms"]))
        table.add_row(*map(Text, texts))
    Console(highlight=False).print(table if page["items"] else "No tickets match.")
    if page["next"]:
        typer.echo(f"The first {len(page['items'])}; narrow it down, or raise --limit.")


def show(context: typer.Context, ticket: of.Id) -> None:
    """One ticket: how bad, why, who, since when, what is missing."""
    call, path = call_of(context), f"/tickets/{segment(ticket)}"
    found = call.client.get(path)
    if call.as_json:
        return print_json(found)
    print_ticket(TICKET_JSON.validate_python(found), call.client.get(f"{path}/checklist"))


def new(
    context: typer.Context,
    ticket_type: Annotated[str, typer.Argument(help="sip_quality, cdr_pipeline, balance, billing or access")],
    summary: Annotated[str, typer.Argument(help="in one line what is wrong")],
    customer: of.Customer = "",
    account: of.Account = "",
    affected: of.Affected = "",
    since: of.Since = "",
    until: of.Until = "",
    example: of.Examples = None,
    impact: Annotated[bool, typer.Option("--impact", help="service is hit right now")] = False,
    unable: Annotated[int, typer.Option(min=0, help="customers that cannot place calls at all")] = 0,
    failing: Annotated[str, typer.Option(help="behind the bill: rating, balance or `invoice generation`")] = "",
) -> None:
    """Open a ticket; what is still missing is said."""
    call = call_of(context)
    intake = _intake(customer, account, affected, since, until, example)
    scope = {"production_impact": impact, "unable": unable, "billing_failure": failing}
    body = {"ticket_type": ticket_type, "summary": summary, "intake": intake, "scope": scope, "door": "cli"}
    advice = call.client.post("/tickets/advice", body)
    made = call.client.post("/tickets", body)
    if call.as_json:
        return print_json(made)
    typer.echo(f"{made['id']} {made['severity']} {made['queue']}: {made['summary']}")
    for line in (advice["answer"], *advice["warnings"], *(f"still to ask: {ask}" for ask in advice["missing"])):
        typer.echo(line)


def amend(
    context: typer.Context,
    ticket: of.Id,
    customer: of.Customer = "",
    account: of.Account = "",
    affected: of.Affected = "",
    since: of.Since = "",
    until: of.Until = "",
    example: of.Examples = None,
) -> None:
    """Complete the intake: what is given replaces, examples are added."""
    act(context, ticket, "amend", intake=_intake(customer, account, affected, since, until, example))


def _intake(
    customer: str, account: str, affected: str, since: str, until: str, examples: list[str] | None
) -> dict[str, Any]:
    times = {"from_ms": moment(since) if since else None, "to_ms": moment(until) if until else None}
    return {"customer": customer, "account": account, "affected": affected, "examples": examples or [], **times}


def draft(
    context: typer.Context,
    ticket: of.Id,
    customer: Annotated[str, typer.Option(help="what this customer may be told, instead of the postmortem")] = "",
) -> None:
    """A draft of the postmortem in Markdown, or of an update for one customer, from the facts on the ticket."""
    client, path = call_of(context).client, f"/tickets/{segment(ticket)}"
    told = client.text(f"{path}/update", customer=customer) if customer else client.text(f"{path}/postmortem")
    typer.echo(told.rstrip("\n"))


def export(
    context: typer.Context,
    state: of.State = "any",
    queue: of.Queue = "",
    severity: of.Severity = "",
    customer: of.Customer = "",
) -> None:
    """Whole tickets as lines of JSON on standard output."""
    client = call_of(context).client
    for line in client.lines("/export", state=state, queue=queue, severity=severity, customer=customer):
        typer.echo(line)


def verify(context: typer.Context, ticket: of.Id) -> None:
    """Check that the log of a ticket was never changed; exit code 5 when it was."""
    call = call_of(context)
    found = call.client.get(f"/tickets/{segment(ticket)}/verify")
    if not found["whole"]:
        raise OperatorError(found["wrong"], "restore the store from a backup and compare", EXIT_REFUSED)
    print_json(found) if call.as_json else typer.echo(f"{ticket}: the log is whole")
