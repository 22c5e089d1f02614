"""Outlets as a person looks after them, at the command line and in the console: how they stand, and a test message."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from akira.errors import EXIT_AWAY, OperatorError
from connectors.errors import ConnectorError
from connectors.outlets.kinds import AnyOutlet
from connectors.store.outbox import Outbox
from pipeline.desk.words import clock
from pipeline.ports import Disconnected


@dataclass(frozen=True, slots=True)
class Standing:
    """An outlet and its rows of the outbox."""

    name: str
    kind: str
    waiting: int
    dead: int
    last_error: str
    """Of the newest row that waits or is dead because of one."""


def standings(outlets: Sequence[AnyOutlet], outbox: Outbox) -> list[Standing]:
    """One for each, in the order of the settings."""
    counts = outbox.counts()
    return [
        Standing(
            each.name,
            each.kind,
            counts.get((each.name, "pending"), 0),
            counts.get((each.name, "dead"), 0),
            outbox.last_error(each.name),
        )
        for each in outlets
    ]


def tried(outlet: AnyOutlet, console: str, at_ms: int) -> str:
    """Send a test message; what became of it, in one line. OperatorError with the tool's words and the cure."""
    text = f"TEST from Akira on {socket.gethostname()} at {clock(at_ms)}: nothing is wrong, nothing is to be done."
    try:
        with closing(outlet.open(console)) as opened:
            return opened.test(text)
    except Disconnected as away:
        raise OperatorError(away.hint, "is its address right, and can it be reached from here?", EXIT_AWAY) from away
    except ConnectorError as wrong:
        raise OperatorError(wrong.message, wrong.hint) from wrong
