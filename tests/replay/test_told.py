"""A ticket is told as it was when it happened, though the watch closes many minutes in one step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from akira.replaying import replay
from connectors.archive_inputs import Archive
from pipeline.desk.events import TicketEvent
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.settings import WatchSettings
from tests.watch.carrier import DIRECTORY, Carrier, Columns


def _fails(columns: Columns, minute: np.ndarray, rng: np.random.Generator) -> None:
    """From minute 40 one terminator answers nothing, ten minutes later none does."""
    struck = (minute >= 50) | ((minute >= 40) & (columns["terminator"] == 0))
    columns["answered"] &= ~struck


def test_as_it_was_when_it_happened(tmp_path: Path) -> None:
    Carrier(minutes=65, rate=300.0, faults=[_fails]).frame().write_parquet(tmp_path / "cdr.parquet")
    heard: list[tuple[TicketEvent, Ticket]] = []
    archive = Archive(cdr=(str(tmp_path / "cdr.parquet"),))
    outcome = replay(archive, DIRECTORY, WatchSettings(), DeskPolicy(), told=lambda e, t: heard.append((e, t)))
    opened = [(event, ticket) for event, ticket in heard if event.kind == "opened"]
    assert [ticket.id for _, ticket in opened] == [ticket["id"] for ticket in outcome.tickets]
    for event, ticket in heard:
        assert (ticket.version, ticket.updated_at_ms) == (event.seq, event.at_ms)
    last = {ticket.id: ticket.severity for _, ticket in heard}
    assert any(ticket.severity != last[ticket.id] for _, ticket in opened), "a ticket that grew worse within one step"
