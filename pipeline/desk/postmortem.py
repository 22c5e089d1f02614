"""The draft of a postmortem in Markdown: everything the timeline knows, and the questions that only people answer."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.desk.closure import peak
from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket
from pipeline.desk.timeline import timeline
from pipeline.desk.words import cause_words, clock, cost_words, span

_SHOWN = 200
"""Lines of the timeline in a draft."""


def draft(ticket: Ticket, events: Sequence[TicketEvent]) -> str:
    """Markdown; `events` are the log of the ticket."""
    parts = [
        [f"# Postmortem of {ticket.id}: {_plain(ticket.summary)}"],
        _facts(ticket),
        ["## Impact", *_impact(ticket)],
        ["## Cause", f"- Where: {_plain(cause_words(ticket.cause))}", f"- Root cause: {_or_ask(ticket.root_cause)}"],
        ["## Evidence", *_evidence(ticket)],
        ["## Timeline (UTC)", *_lines(events)],
        ["## What went well", "-"],
        ["## What did not", "-"],
        ["## Actions", "| what | who | until |", "|---|---|---|", "| | | |"],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _facts(ticket: Ticket) -> list[str]:
    rows = [f"- Severity: {peak(ticket)}; {ticket.why}"]
    rows.append(f"- Opened: {clock(ticket.opened_at_ms)} by {_plain(ticket.opened_by)}")
    if ticket.impact_from_ms is not None:
        rows.append(f"- Detected {span(ticket.impact_from_ms, ticket.opened_at_ms)} after the onset")
    if ticket.acknowledged_at_ms is not None:
        after = span(ticket.opened_at_ms, ticket.acknowledged_at_ms)
        rows.append(f"- Acknowledged after {after} by {_plain(ticket.acknowledged_by or '')}")
    if ticket.first_response is not None:
        rows.append(f"- First response after {span(ticket.opened_at_ms, ticket.first_response.at_ms)}")
    if ticket.resolved_at_ms is not None:
        rows.append(f"- Resolved after {span(ticket.opened_at_ms, ticket.resolved_at_ms)}")
    return [*rows, f"- Flaps: {ticket.flaps}; reopened: {ticket.reopened}"]


def _impact(ticket: Ticket) -> list[str]:
    window = ticket.window
    begin = window.from_ms if window is not None else ticket.impact_from_ms
    end = window.to_ms if window is not None else ticket.impact_to_ms
    told = "confirmed" if window is not None else "not confirmed yet"
    rows = ["- No customer-facing impact" if begin is None else f"- From {clock(begin)}"]
    if begin is not None:
        rows[0] += f" to {clock(end)} ({span(begin, end)})" if end is not None else ", end not known"
    rows[0] += f", {told}"
    rows += [f"- {cost_words(ticket.evidence.costs)}"] if ticket.evidence.costs else []
    for impact in ticket.customers[:50]:
        extra = max(0, round(impact.failures - impact.expected_failures))
        rows.append(f"- {_plain(impact.customer)}: {extra} failed calls above normal of {impact.attempts}")
    return rows


def _evidence(ticket: Ticket) -> list[str]:
    rows = [
        f"- {f.metric} {f.observed:.4g} {f.unit}, normal {f.low:.4g} to {f.high:.4g} ({f.support} counted)"
        for f in ticket.evidence.figures
    ]
    rows += [f"- before it, {clock(moved.at_ms)}: {_plain(moved.words)}" for moved in ticket.evidence.moves]
    rows += [f"- {proof.kind}: `{_plain(proof.value).replace('`', chr(39))}`" for proof in ticket.proofs]
    return rows or ["- none attached yet"]


def _lines(events: Sequence[TicketEvent]) -> list[str]:
    lines = [item for item in timeline(events) if item.kind != "telemetry_updated"]
    shown = lines[:_SHOWN]
    rows = [f"- {clock(item.at_ms)} {_plain(item.actor)}: {_plain(item.text)}" for item in shown]
    return rows + ([f"- and {len(lines) - _SHOWN} more lines on the ticket"] if len(lines) > _SHOWN else [])


def _or_ask(text: str) -> str:
    return _plain(text) or "(not documented yet)"


def _plain(text: str) -> str:
    """One line, with Markdown and HTML marks that a stranger may have written made harmless."""
    line = " ".join(text.split())
    return line.replace("<", "&lt;").replace(">", "&gt;").replace("|", "\\|")
