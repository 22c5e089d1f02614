"""Outlets as a person looks after them, at the command line and in the console: how they stand, and a test message."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from akira.errors import EXIT_AWAY, OperatorError
from akira.outlets import KAFKA
from connectors.errors import ConnectorError
from connectors.outlets.kinds import AnyOutlet
from connectors.store.outbox import Outbox
from pipeline.desk.words import clock
from pipeline.ports import Disconnected

GONE: Final = "gone from the settings"


@dataclass(frozen=True, slots=True)
class Standing:
    """A target and its rows of the outbox; `kind` is `GONE` when no outlet has the name any more."""

    name: str
    kind: str
    waiting: int
    dead: int
    last_error: str
    """Of the newest row that waits or is dead because of one."""

    @property
    def testable(self) -> bool:
        """Whether a test message can be sent to it."""
        return self.kind not in (KAFKA, GONE)


def standings(outlets: Sequence[AnyOutlet], outbox: Outbox) -> list[Standing]:
    """The outlets of the settings in their order, then every other target for which something waits or is dead."""
    counts = outbox.counts()
    kinds: dict[str, str] = {each.name: each.kind for each in outlets}
    others = sorted({target for target, state in counts if state in ("pending", "dead")} - kinds.keys())
    kinds |= {name: KAFKA if name == KAFKA else GONE for name in others}
    return [
        Standing(name, kind, counts.get((name, "pending"), 0), counts.get((name, "dead"), 0), outbox.last_error(name))
        for name, kind in kinds.items()
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
