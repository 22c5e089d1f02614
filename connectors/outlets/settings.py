"""Section [[outlet]]: what every tool has in common, and how its secrets are given."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.errors import ConnectorError
from connectors.outlets.port import Hook, Outlet, Poll
from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Queue, Ticket
from pipeline.incidents import Severity, TicketType

WORK: Final = frozenset(
    {
        "opened",
        "severity_changed",
        "severity_forced",
        "severity_released",
        "recovered",
        "acknowledged",
        "taken",
        "responded",
        "noted",
        "root_cause_set",
        "reclassified",
        "mitigated",
        "resolved",
        "reopened",
        "closed",
        "merged",
        "unmerged",
        "escalated",
        "unsilenced",
    }
)
"""Kinds of events that people want to hear of."""
FIRST_ONLY: Final = "telemetry_updated"
"""Comes with every change of the figures: told only to who has not heard of the ticket, say because it was silenced."""


class Secret(BaseModel):
    """A secret of a tool: `"text"`, or `{ env = "NAME" }` for a variable of the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: SecretStr | None = None
    env: str = Field(default="", max_length=200, pattern=r"^\w*$")

    @model_validator(mode="before")
    @classmethod
    def _written(cls, given: Any) -> Any:
        return {"text": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_way(self) -> Secret:
        if (self.text is None) == (not self.env):
            raise ValueError('write a text or { env = "NAME" }')
        return self

    def value(self, environ: Mapping[str, str] = os.environ) -> str:
        """The secret itself. ConnectorError when its variable is not set."""
        if self.text is not None:
            return self.text.get_secret_value().strip()
        if not environ.get(self.env, "").strip():
            raise ConnectorError(f"the environment variable {self.env} is not set", "[[outlet]] names it for a secret")
        return environ[self.env].strip()


class OutletSettings(BaseModel, ABC):
    """One tool. A vendor adds its `kind`, address, secrets and options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    WANTS: ClassVar[frozenset[str]] = WORK
    """Kinds of events that the tool has a use for; the others are not even kept for it."""
    PAGES: ClassVar[bool] = False
    """It wakes people: a ticket whose pages are silenced is not made there."""

    name: str = Field(
        max_length=50, pattern=r"^[a-z0-9][a-z0-9._-]*$", description="of your choice; the target in outbox and metrics"
    )
    severities: tuple[Severity, ...] = Field(
        default=("SEV1", "SEV2", "SEV3"), min_length=1, description="tickets that once had one of these"
    )
    classes: tuple[TicketType, ...] = Field(default=(), description="only tickets of these classes; none: all")
    queues: tuple[Queue, ...] = Field(default=(), description="only tickets in these queues; none: all")
    timeout_s: float = Field(default=10.0, gt=0, le=60, description="for one request")

    @abstractmethod
    def open(self, console: str) -> Outlet:
        """The tool, ready to be told. `console` is the address of ours, for links."""

    def hook(self) -> Hook | None:
        """What reads its status back; None when it has none, or no secret to check it by."""
        return None

    def poll(self) -> Poll | None:
        """What asks it for status that it does not post; None when there is nothing to ask."""
        return None

    @property
    def actor(self) -> str:
        """Who acts when the tool sends status back."""
        return f"outlet:{self.name}"

    def wants(self, event: TicketEvent) -> bool:
        """Whether a row of the outbox is made for it; what the tool did itself it is not told."""
        return (event.kind in self.WANTS or event.kind == FIRST_ONLY) and event.actor != self.actor

    def hears(self, ticket: Ticket, event: TicketEvent, told_before: bool) -> bool:
        """Whether the tool is told: of a ticket that it knows until the end, of others when the filter matches."""
        if told_before:
            return event.kind in self.WANTS
        had = {mark.severity for mark in ticket.severity_history} | {ticket.severity}
        quiet = self.PAGES and (ticket.silenced_until_ms or 0) > event.at_ms
        return (
            ticket.active
            and not quiet
            and not had.isdisjoint(self.severities)
            and (not self.classes or ticket.ticket_type in self.classes)
            and (not self.queues or ticket.queue in self.queues)
        )
