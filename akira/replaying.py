"""A replay: archives through the watch and the desk in memory, to tickets; the same loop as live."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from akira.errors import OperatorError
from akira.output_file import put
from akira.replay_words import directory_words, judged_words, read_words
from akira.watching import new_watch
from akira.wording import disabled_words
from connectors.archive import ArchiveSource, Progress
from connectors.archive_inputs import Archive, inputs
from pipeline.desk.book import Book
from pipeline.desk.contract import contract
from pipeline.desk.events import TicketEvent
from pipeline.desk.fold import fold
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.directory import Directory
from pipeline.ports import Batch, Reject, RejectSink
from pipeline.run import run
from pipeline.settings import WatchSettings

SHOWN_REJECTS: Final = 5
TOLD: Final = frozenset({"opened", "severity_changed", "resolved", "reopened", "absorbed"})
"""Events that change what a NOC would do; the rest is on the ticket."""
Told = Callable[[TicketEvent, Ticket], None]


@dataclass(slots=True)
class Outcome:
    """What a replay found. `first_rejects` are a few of each reason, for the person who mends them."""

    records: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    first_rejects: list[Reject] = field(default_factory=list)
    strangers: dict[str, Counter[str]] = field(default_factory=dict)
    stats: dict[str, int | float] = field(default_factory=dict)
    disabled: list[str] = field(default_factory=list)
    """Metrics that a switch's records could not be asked for, and why: a line each."""
    judged: bool = True
    """False when the records were too few, or of too short a time, for any question about calls."""
    said: list[str] = field(default_factory=list)
    """What was read and could be judged, a line each, for the terminal and the report."""
    tickets: list[dict[str, Any]] = field(default_factory=list)
    """Contract lines, in the order the tickets were opened."""

    def summary(self) -> dict[str, Any]:
        """The outcome as JSON, without the tickets themselves."""
        return {
            "records": dict(self.records),
            "rejects": dict(self.rejects),
            "not_in_directory": {name: dict(counts.most_common(20)) for name, counts in self.strangers.items()},
            "disabled": self.disabled,
            "judged": self.judged,
            "watch": self.stats,
            "tickets": len(self.tickets),
        }


def replay(
    archive: Archive,
    directory: Directory,
    watch_settings: WatchSettings,
    policy: DeskPolicy,
    *,
    deadletters: RejectSink | None = None,
    progress: Progress | None = None,
    told: Told | None = None,
) -> Outcome:
    """Read the archive, watch it minute by minute, and keep its tickets; `told` hears of each change as it happens.

    Raises OperatorError when the files hold no record at all, ConnectorError for files and formats that are wrong.
    """
    outcome = Outcome()
    source = ArchiveSource(inputs(archive, directory), directory, progress)
    watch = new_watch(directory, watch_settings)
    book = Book(policy)
    then: dict[str, Ticket] = {}  # each ticket as it was at its event: a step may hold many minutes
    for step in run(_kept(source.read({}), outcome, deadletters), watch, book):
        for event in step.events:
            then[event.ticket_id] = fold([event], then.get(event.ticket_id))
            if told is not None and event.kind in TOLD:
                told(event, then[event.ticket_id])
    source.close()
    outcome.records.update(source.records)
    outcome.strangers = source.strangers
    outcome.stats = watch.stats()
    outcome.disabled = [line for feed in watch.feeds() for line in disabled_words(feed.source, feed.disabled)]
    outcome.tickets = [contract(ticket) for ticket in book.tickets()]
    outcome.judged, judgement = judged_words(outcome.stats, watch_settings)
    minutes = int(outcome.stats["minutes"])
    outcome.said = [
        *read_words(outcome.records, outcome.rejects, minutes, watch.closed_until_ms()),
        judgement,
        *outcome.disabled,
        *directory_words(directory != Directory(), outcome.strangers),
    ]
    if not outcome.records.total():
        reasons = ", ".join(f"{count} {reason}" for reason, count in outcome.rejects.most_common())
        raise OperatorError(f"the files hold no record that can be read ({reasons})", _first_hint(outcome))
    return outcome


def _kept(batches: Iterator[Batch], outcome: Outcome, deadletters: RejectSink | None) -> Iterator[Batch]:
    """The batches, with their rejects counted and put away."""
    for batch in batches:
        if batch.rejects:
            for reject in batch.rejects:
                outcome.rejects[reject.reason] += 1
                if outcome.rejects[reject.reason] <= SHOWN_REJECTS:
                    outcome.first_rejects.append(reject)
            if deadletters is not None:
                deadletters.write(batch.rejects)
        yield batch


def _first_hint(outcome: Outcome) -> str:
    if not outcome.first_rejects:
        return "name files that hold records"
    first = outcome.first_rejects[0]
    place = f"{first.source}:{first.line}" if first.line else first.source
    field_name = f"{first.field}: " if first.field else ""
    return f"{place}: {first.reason}: {field_name}expected {first.expected}"


def write_tickets(path: Path, tickets: list[dict[str, Any]]) -> None:
    """One contract line each. Raises OperatorError when the file cannot be written."""
    lines = "".join(json.dumps(ticket, ensure_ascii=False) + "\n" for ticket in tickets)
    put(path, lines)
