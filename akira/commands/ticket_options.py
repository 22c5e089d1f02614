"""The options that several `akira ticket` commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Id = Annotated[str, typer.Argument(metavar="TICKET")]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="the other ticket")]
Text = Annotated[str, typer.Argument(metavar="TEXT")]
Because = Annotated[str, typer.Option("--why", help="the reason, kept on the ticket")]
Queue = Annotated[str, typer.Option(help="NOC, Billing or Support")]
Severity = Annotated[str, typer.Option(help="SEV1, SEV2 or SEV3")]
State = Annotated[str, typer.Option(help="a state, `active` (not yet resolved) or `any`")]
Customer = Annotated[str, typer.Option(help="a customer of the directory")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="tickets at most")]
Note = Annotated[str, typer.Option(help="what it shows")]
Account = Annotated[str, typer.Option(help="the customer's account")]
Affected = Annotated[str, typer.Option(help="the CLI or trunk that is hit")]
Since = Annotated[str, typer.Option(help="when it began, such as 2026-11-24T14:02Z")]
Until = Annotated[str, typer.Option(help="when it ended; empty while it lasts")]
Summary = Annotated[str, typer.Option(help="one sentence for the new ticket")]
Examples = Annotated[list[str] | None, typer.Option(help="A number, B number, time")]
Minutes = Annotated[int, typer.Option(min=1, help="for so many minutes")]
Who = Annotated[str, typer.Option(help="somebody else than the bearer of the token")]
