"""What a list asks for: filters that live in the URL, the same for console, API and command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from akira.web.problems import Problem
from connectors.store.tickets import Filter
from pipeline.desk.ticket import ACTIVE, STATES, Queue
from pipeline.incidents import Severity

PAGE: Final = 50
PAGE_AT_MOST: Final = 200
ANY_STATE: Final = "any"
WANTS_WORK: Final = "active"
"""Not yet resolved."""
CHOICES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("severity", "Severity", get_args(Severity)),
    ("queue", "Queue", get_args(Queue)),
    ("state", "State", (WANTS_WORK, *STATES, ANY_STATE)),
    ("owed", "Reply", ("late",)),
)
"""Select boxes of the queue: field, label, values."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of a list of tickets; empty means any. Without a state, tickets that are not closed or merged."""

    q: str = ""
    """Words, all of which occur in id, summary, customers, cause or signals."""
    queue: str = ""
    severity: str = ""
    state: str = ""
    customer: str = ""
    owed: str = ""
    """`late`: a reply is overdue."""

    def filter(self, now_ms: int) -> Filter:
        """The store's filter; Problem 422 for a value that no ticket can have."""
        for name, _, values in CHOICES:
            given = getattr(self, name)
            if given and given not in values:
                line = f"{name}: one of {', '.join(values)}"
                raise Problem(422, "invalid", f"There is no {name} {given[:40]!r}", missing=[line])
        several = {"": (), ANY_STATE: STATES, WANTS_WORK: tuple(sorted(ACTIVE))}
        return Filter(
            states=several.get(self.state, (self.state,)),
            severities=(self.severity,) if self.severity else (),
            queues=(self.queue,) if self.queue else (),
            customer=self.customer,
            text=self.q,
            owed_before_ms=now_ms if self.owed else None,
        )

    def words(self) -> str:
        """`open NOC tickets about term-05`, for an empty list."""
        state = "" if self.state == ANY_STATE else self.state or "open"
        parts = [self.owed, state, self.severity, self.queue, "tickets"]
        about = [f"about {self.q!r}" if self.q else "", f"of {self.customer}" if self.customer else ""]
        return " ".join(part for part in (*parts, *about) if part)
