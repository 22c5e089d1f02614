"""`akira ticket` commands of the work on one ticket, from acknowledging to closing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from akira.commands import ticket_options as of
from akira.commands.ticket_call import act, in_minutes, moment
from akira.errors import OperatorError


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in _COMMANDS:
        group.command()(command)
    group.command("root-cause")(root_cause)


def ack(context: typer.Context, ticket: of.Id) -> None:
    """I have seen it and I am on it."""
    act(context, ticket, "acknowledge")


def take(context: typer.Context, ticket: of.Id, who: of.Who = "") -> None:
    """Give the ticket to yourself, or to somebody else."""
    act(context, ticket, "take", assignee=who)


def respond(
    context: typer.Context,
    ticket: of.Id,
    text: Annotated[str, typer.Option(help="what the customer reads")],
    next_update_min: Annotated[int, typer.Option(help="minutes until the next update", min=1)],
    ask_examples: Annotated[bool, typer.Option("--ask-examples", help="more examples are required")] = False,
) -> None:
    """Answer the customer: received, under investigation or more examples, next update time."""
    stance = "more_examples_required" if ask_examples else "under_investigation"
    act(context, ticket, "respond", text=text, stance=stance, next_update_ms=in_minutes(next_update_min))


def note(
    context: typer.Context,
    ticket: of.Id,
    text: of.Text,
    from_customer: Annotated[bool, typer.Option("--from-customer", help="the customer wrote it")] = False,
) -> None:
    """Add an internal note, or what the customer wrote."""
    act(context, ticket, "add-note", text=text, public=from_customer)


def evidence(
    context: typer.Context,
    ticket: of.Id,
    kind: Annotated[str, typer.Argument(help="`command`, `link` or `cdr`")],
    value: Annotated[str, typer.Argument(help="the command, the link or the call id")],
    note: of.Note = "",
) -> None:
    """Attach what was used for the diagnosis."""
    act(context, ticket, "add-evidence", kind=kind, value=value, note=note)


def root_cause(context: typer.Context, ticket: of.Id, text: of.Text) -> None:
    """Root cause or final classification."""
    act(context, ticket, "set-root-cause", text=text)


def window(
    context: typer.Context,
    ticket: of.Id,
    begin: Annotated[str, typer.Argument(help="such as 2026-11-24T14:02Z")] = "",
    end: Annotated[str, typer.Argument(help="such as 2026-11-24T14:40Z")] = "",
) -> None:
    """Confirm from when to when customers were hit; without times: they noticed nothing."""
    begin_ms, end_ms = (moment(text) if text else None for text in (begin, end))
    act(context, ticket, "confirm-window", from_ms=begin_ms, to_ms=end_ms)


def postmortem(
    context: typer.Context, ticket: of.Id, value: Annotated[str, typer.Argument(help="a link, or @FILE")]
) -> None:
    """Attach the postmortem."""
    act(context, ticket, "link-postmortem", value=_text_of(value[1:]) if value.startswith("@") else value)


def _text_of(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise OperatorError(f"{name}: cannot be read: {wrong}", "name a UTF-8 text file as @FILE") from wrong


def mitigate(context: typer.Context, ticket: of.Id, why: of.Because) -> None:
    """Customers are served again by a workaround."""
    act(context, ticket, "mitigate", why=why)


def resolve(
    context: typer.Context,
    ticket: of.Id,
    why: of.Because,
    override: Annotated[bool, typer.Option("--override", help="although telemetry still shows it")] = False,
    children: Annotated[bool, typer.Option("--children", help="and its parts that telemetry does not show")] = False,
) -> None:
    """The fault is over."""
    act(context, ticket, "resolve", why=why, override=override, children=children)


def reopen(context: typer.Context, ticket: of.Id, why: of.Because) -> None:
    """It is not over."""
    act(context, ticket, "reopen", why=why)


def close(context: typer.Context, ticket: of.Id, why: of.Because = "") -> None:
    """Close it, through the closure gate."""
    act(context, ticket, "close", why=why)


def reclassify(
    context: typer.Context,
    ticket: of.Id,
    ticket_type: Annotated[str, typer.Argument(help="sip_quality, cdr_pipeline, balance, billing or access")],
    why: of.Because,
) -> None:
    """Move it to another class, and with it queue and owner."""
    act(context, ticket, "reclassify", ticket_type=ticket_type, why=why)


def severity(
    context: typer.Context,
    ticket: of.Id,
    value: Annotated[str, typer.Argument(help="SEV1, SEV2, SEV3, or `table`: by the severity table again")],
    why: of.Because,
) -> None:
    """Set the severity by hand."""
    act(context, ticket, "force-severity", severity=None if value == "table" else value, why=why)


def escalate(
    context: typer.Context,
    ticket: of.Id,
    why: of.Because,
    to: Annotated[str, typer.Option(help="somebody by name, instead of the next of the rota")] = "",
) -> None:
    """Page somebody."""
    act(context, ticket, "escalate", why=why, to=to)


def silence(context: typer.Context, ticket: of.Id, minutes: of.Minutes, why: of.Because) -> None:
    """Send no pages for it for a while."""
    act(context, ticket, "silence", until_ms=in_minutes(minutes), why=why)


def unsilence(context: typer.Context, ticket: of.Id) -> None:
    """Page again."""
    act(context, ticket, "unsilence")


def watch(context: typer.Context, ticket: of.Id, who: of.Who = "") -> None:
    """Be told about its changes."""
    act(context, ticket, "watch", who=who)


def unwatch(context: typer.Context, ticket: of.Id, who: of.Who = "") -> None:
    """Be told no more."""
    act(context, ticket, "unwatch", who=who)


_COMMANDS: tuple[Callable[..., Any], ...] = (
    ack,
    take,
    respond,
    note,
    evidence,
    window,
    postmortem,
    reclassify,
    severity,
    escalate,
    silence,
    unsilence,
    mitigate,
    resolve,
    reopen,
    close,
    watch,
    unwatch,
)
