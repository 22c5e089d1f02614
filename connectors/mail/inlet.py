"""Where mails lie until they are taken: what a drop folder and a mailbox have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

AT_ONCE: Final = 200
"""Mails of one look; the rest comes with the next."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail as it lies there under `key`; `raw` is at most one byte longer than what is read of a mail."""

    key: str
    raw: bytes


class Inlet(Protocol):
    """Raises Disconnected when it cannot be reached, ConnectorError when a person must look."""

    @property
    def name(self) -> str:
        """For logs and metrics."""
        ...

    def waiting(self) -> Iterator[Waiting]:
        """The mails that nobody has taken yet, at most AT_ONCE."""
        ...

    def done(self, mail: Waiting) -> None:
        """It needs no second look."""
        ...

    def failed(self, mail: Waiting, why: str) -> None:
        """Put it where a person finds it."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...
