"""A journal that keeps incidents in memory and can fail around a transaction, as a killed process does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.desk.events import TicketEvent
from pipeline.incidents import Incident
from pipeline.run import Checkpoint


class Killed(Exception):
    """The process ended here."""


class Notebook:
    """`dies()` is asked before and after each transaction; what was written before it stays."""

    def __init__(self, dies: Callable[[], bool] = lambda: False) -> None:
        self.dies = dies
        self.kept: dict[tuple[str, int], Incident] = {}
        self.doubled = 0
        self.checkpoint: Checkpoint | None = None
        self.checkpoints = 0

    def record(self, incidents: Sequence[Incident], checkpoint: Checkpoint | None) -> Sequence[TicketEvent]:
        """Keep each revision once; one that comes again must be the same."""
        if self.dies():
            raise Killed
        for incident in incidents:
            known = self.kept.setdefault((incident.id, incident.revision), incident)
            assert known == incident, "a revision came again and was another"
            self.doubled += known is not incident
        if checkpoint is not None:
            self.checkpoint = checkpoint
            self.checkpoints += 1
        if self.dies():
            raise Killed
        return ()

    def told(self) -> list[tuple[str, str]]:
        """What was kept, in the order it was first written."""
        return [(incident.id, incident.summary) for incident in self.kept.values()]
