"""What a tool that hears of tickets is to the outbox, and what it may say back.

A tool is one file: its settings (an `OutletSettings` with a literal `kind`), whose `open` gives an `Outlet`. When work
done in it comes back, `hook` gives a `Hook` (it posts to `/hooks/NAME`) or `poll` a `Poll` (it must be asked); `back`
does at the desk what they read. A tool is named in `kinds` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from connectors.errors import ConnectorError
from connectors.store.outgoing import Outgoing
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected


class Outlet(Protocol):
    """A tool, ready to be told.

    What it raises decides what becomes of a message. `Disconnected`: tried again, each time later. `Throttled`: tried
    again when the tool said. `ConnectorError`: a person must look (a refused token); tried again slowly.
    `Refused`: the tool will never take it; a dead letter. Errors name the outlet, carry the tool's words and no secret.
    """

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str | None:
        """Tell of one event; `ticket` is as it was after it. Returns what the tool calls the ticket.

        `outgoing.remote_id` is what it was called before. None: the tool has not heard of the ticket, whatever the
        event is, and it is made there from `ticket`. The same message may come again after a timeout or a crash: the
        second must change nothing, by the tool's own key for duplicates (give it `outgoing.key` or the ticket's id), or
        by looking there for what carries our key before anything is made.
        """
        ...

    def test(self, text: str) -> str:
        """Send a message that says it is a test; what became of it, in one line."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...


class Throttled(Disconnected):
    """The tool asked to be left alone for `wait_s`."""


class Refused(ConnectorError):
    """The tool will never take this message, however often it comes."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A request at `/hooks/NAME`: header names in lower case, the body as it came, wall-clock `at_ms`."""

    headers: Mapping[str, str]
    body: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a person did to the ticket in the tool.

    `closed` never closes here: it resolves, and a note says what closing still lacks. `remote_id` is what `deliver`
    returned; a tool that keeps our own id gives `ticket_id`. `key` tells this from everything else that the tool says
    (its event id), so that a second delivery changes nothing.
    """

    what: Literal["acknowledged", "resolved", "closed", "reopened", "commented"]
    key: str
    by: str = ""
    """The person, as the tool names them."""
    text: str = ""
    """The comment, or the reason."""
    remote_id: str = ""
    ticket_id: str = ""


class Unsigned(ConnectorError):
    """The signature or the secret of a request is missing, wrong or too old: nothing of it may be believed."""


class Hook(Protocol):
    """Reads what a tool sends back, without what our own deliveries caused: a comment must not go round for ever."""

    def read(self, posted: Posted) -> tuple[Said, ...]:
        """Check the signature, then read. Raises Unsigned, ConnectorError when the body is not what it should be, or
        Disconnected when the tool shall post it again later."""
        ...


class Poll(Protocol):
    """Asks a tool that tells nobody by itself, again without what our own deliveries caused."""

    @property
    def every_s(self) -> float:
        """How often it wants to be asked."""
        ...

    def ask(self) -> tuple[Said, ...]:
        """What people did since the last that was `taken`. Raises as `Outlet` does."""
        ...

    def taken(self) -> None:
        """What `ask` gave last has had its effect, and need not come again."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
