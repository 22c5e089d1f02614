"""`akira ticket` commands that bind two tickets; each has its opposite."""

from __future__ import annotations

from typing import Annotated

import typer

from akira.commands import ticket_options as of
from akira.commands.ticket_call import act


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (merge, unmerge, split, unsplit, link, unlink):
        group.command()(command)
    group.command("set-parent")(set_parent)
    group.command("clear-parent")(clear_parent)


def merge(context: typer.Context, ticket: of.Id, into: of.Other, why: of.Because) -> None:
    """It is the same matter as OTHER."""
    act(context, ticket, "merge", into=into, why=why)


def unmerge(context: typer.Context, ticket: of.Id, why: of.Because) -> None:
    """It stands for itself again."""
    act(context, ticket, "unmerge", why=why)


def split(
    context: typer.Context,
    ticket: of.Id,
    customers: Annotated[list[str], typer.Argument(metavar="CUSTOMERS")],
    summary: of.Summary,
    why: of.Because,
) -> None:
    """Take CUSTOMERS out into a ticket of their own."""
    act(context, ticket, "split", customers=customers, summary=summary, why=why)


def unsplit(context: typer.Context, ticket: of.Id, why: of.Because) -> None:
    """Put it back into the ticket it was taken out of."""
    act(context, ticket, "unsplit", why=why)


def link(context: typer.Context, ticket: of.Id, other: of.Other, why: of.Because = "") -> None:
    """Relate two tickets."""
    act(context, ticket, "link", other=other, why=why)


def unlink(context: typer.Context, ticket: of.Id, other: of.Other) -> None:
    """Undo a link."""
    act(context, ticket, "unlink", other=other)


def set_parent(context: typer.Context, ticket: of.Id, parent: of.Other, why: of.Because) -> None:
    """It is part of the larger fault OTHER."""
    act(context, ticket, "set-parent", parent=parent, why=why)


def clear_parent(context: typer.Context, ticket: of.Id, why: of.Because) -> None:
    """It is no part of it."""
    act(context, ticket, "clear-parent", why=why)
