"""What became of an attempt to send a row of the outbox: sent, to be tried again, or dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

State = Literal["pending", "sent", "dead", "dropped"]
"""Dead rows wait for a person, who sends them again or drops them for good."""
FIRST_WAIT_MS: Final = 2_000
LONGEST_WAIT_MS: Final = 15 * 60_000
ATTEMPTS: Final = 40
"""After so many failures, about nine hours, a row is dead: a person looks and sends it again."""
_ERROR_CHARS: Final = 2000


@dataclass(frozen=True, slots=True)
class Outcome:
    """The row as it is from now on; `remote_id` None leaves what is known."""

    row_id: int
    state: State
    attempts: int
    next_at_ms: int
    last_error: str = ""
    remote_id: str | None = None


def sent(row_id: int, remote_id: str | None = None) -> Outcome:
    """The target has it; `remote_id` is remembered for the next events of the ticket."""
    return Outcome(row_id, "sent", 0, 0, "", remote_id)


def again(
    row_id: int, attempts: int, error: str, at_ms: int, *, jitter: float = 0.5, wait_ms: int | None = None
) -> Outcome:
    """Try later, after `attempts` failures before this one: waits double with `jitter` (0-1, from the caller), or are
    `wait_ms` if the target asked for it. After the last attempt it is dead."""
    doubled = min(FIRST_WAIT_MS * 2**attempts, LONGEST_WAIT_MS)
    wait = wait_ms if wait_ms is not None else round(doubled * (0.5 + jitter / 2))
    state: State = "dead" if attempts + 1 >= ATTEMPTS else "pending"
    return Outcome(row_id, state, attempts + 1, at_ms + wait, error[:_ERROR_CHARS])


def dead(row_id: int, attempts: int, error: str) -> Outcome:
    """The target will never take it (a permanent refusal)."""
    return Outcome(row_id, "dead", attempts + 1, 0, error[:_ERROR_CHARS])
