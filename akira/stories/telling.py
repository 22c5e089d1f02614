"""Tell a story to the watch and the desk, and hold its tickets against what it expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from akira.errors import OperatorError
from akira.stories.story import Expected, Story, names, read, span_ms
from akira.stories.traffic import START_MS, frames
from akira.watching import new_watch
from pipeline.desk.book import Book
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.directory import Customer, Directory, Switch
from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.records import ARRIVAL, MINUTE_MS
from pipeline.run import run
from pipeline.settings import WatchSettings

NEAR_MS: Final = 2 * MINUTE_MS
"""How near the window of a ticket must be to the one expected."""
Told = list[tuple[Ticket, Incident]]


def tell(story: Story) -> Told:
    """The tickets of the story in order of opening, each with the last revision of its incident."""
    watch, book = new_watch(_directory(story), WatchSettings()), Book(DeskPolicy())
    last: dict[str, Incident] = {}
    for step in run(_batches(story), watch, book):
        last.update({incident.id: incident for incident in step.incidents})
    return [(ticket, last[ticket.incident_key]) for ticket in book.tickets() if ticket.incident_key in last]


def told_story(path: Path) -> str:
    """The tickets of the story in a file, one a line. Raises OperatorError when it cannot be read or does not hold."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise OperatorError(f"{path}: cannot be read as text", "give a .scn file; see docs/stories.md") from unreadable
    story = read(text, str(path))
    told = tell(story)
    faults = wrong(story, told)
    if faults:
        raise OperatorError("; ".join(faults), "the expectation or the watch is wrong")
    return "\n".join([*(_shown(*pair) for pair in told), f"{path}: holds, {len(told)} tickets"])


def _directory(story: Story) -> Directory:
    if not story.directory:
        return Directory()
    trunks, who = names(story, "trunk"), names(story, "customer")
    customers = (
        Customer(id=name, major=name in story.majors, trunks=trunks[at :: len(who)]) for at, name in enumerate(who)
    )
    return Directory(customers=tuple(customers), switches=tuple(Switch(id=s) for s in names(story, "switch")))


def _batches(story: Story) -> Iterator[Batch]:
    """Minute by minute, each kind after the other, as an archive gives them."""
    split = {
        kind: frame.with_columns(minute=pl.col(ARRIVAL[kind]) // MINUTE_MS).partition_by(
            "minute", as_dict=True, include_key=False
        )
        for kind, frame in frames(story).items()
    }
    for key in sorted(set().union(*split.values())):
        for kind, minutes in split.items():
            if key in minutes:
                yield Batch(kind, minutes[key])


def wrong(story: Story, told: Told) -> list[str]:
    """What did not come as expected, one sentence each; empty when the story holds."""
    left, faults = list(told), []
    for expected in story.expected:
        tried = [(differences(expected, *pair), pair) for pair in left]
        if not tried:
            faults.append(f"{story.name}:{expected.line}: no such ticket")
            continue
        found, pair = min(tried, key=lambda each: len(each[0]))
        left.remove(pair)
        faults += [f"{story.name}:{expected.line}: {text}" for text in found]
    return faults + [f"{story.name}: not expected: {_shown(*pair)}" for pair in left]


def differences(expected: Expected, ticket: Ticket, incident: Incident) -> list[str]:
    """In what a ticket differs from the expected one."""
    since_ms = START_MS + expected.since_ms
    after_ms = ticket.opened_at_ms - since_ms
    facts = {
        "signals": ",".join(sorted(ticket.signals)),
        "lead": ticket.lead,
        "severity": ticket.severity,
        "severities": ",".join(mark.severity for mark in ticket.severity_history),
        "class": ticket.ticket_type,
        "flaps": str(incident.flaps),
        "customers": str(len(ticket.customers)),
        "parent": "no" if incident.parent is None else "yes",
    }
    moments = {"begins": ticket.impact_from_ms, "ends": ticket.impact_to_ms}
    found = []
    for name, value in expected.facts.items():
        if name == "signal":
            good = value in ticket.signals
        elif name == "within":
            good = 0 <= after_ms <= span_ms(value)
        elif name in moments:
            told_ms = moments[name]
            good = told_ms is not None and abs(told_ms - START_MS - span_ms(value)) <= NEAR_MS
        else:
            good = facts[name] == value
        if not good:
            found.append(f"{name}={value}, but {_shown(ticket, incident)}, {after_ms // 1000} s after the change")
    cause = {dim: tuple(sorted(values)) for dim, values in ticket.cause.items()}
    if expected.cause is not None and cause != expected.cause:
        found.append(f"cause {expected.cause}, but {_shown(ticket, incident)}")
    return found


def _shown(ticket: Ticket, incident: Incident) -> str:
    return (
        f"{ticket.severity} {ticket.ticket_type} {','.join(ticket.signals)} on {dict(ticket.cause)} "
        f"({len(ticket.customers)} customers, {incident.flaps} flaps) {_window(ticket)}: {incident.why}"
    )


def _window(ticket: Ticket) -> str:
    """The ticket's window and grades, in minutes of the story."""
    minutes = [
        "" if at is None else f"{(at - START_MS) / MINUTE_MS:.0f}m"
        for at in (ticket.impact_from_ms, ticket.impact_to_ms)
    ]
    return f"{'-'.join(minutes)} {'>'.join(mark.severity for mark in ticket.severity_history)}"
