"""A ticket: one fault or one request, from opening to closure, as the fold of its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import TypeAdapter

from pipeline.incidents import Evidence, Impact, Severity, TicketType

State = Literal["open", "acknowledged", "mitigated", "resolved", "closed", "merged"]
STATES: Final[tuple[State, ...]] = ("open", "acknowledged", "mitigated", "resolved", "closed", "merged")
ACTIVE: Final[frozenset[State]] = frozenset({"open", "acknowledged", "mitigated"})
"""States in which the fault or request still wants work."""
HOLDS_KEY: Final[frozenset[State]] = ACTIVE | {"merged"}
"""States in which the ticket owns its incident key: the store allows one such ticket per key."""

Queue = Literal["NOC", "Billing", "Support"]
Stance = Literal["under_investigation", "more_examples_required"]
ProofKind = Literal["command", "link", "cdr"]
Door = Literal["telemetry", "console", "api", "cli", "mail", "alertmanager", "split"]


@dataclass(frozen=True, slots=True)
class SeverityMark:
    """From `at_ms` on the ticket had this severity, `why` in one line."""

    at_ms: int
    severity: Severity
    why: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What the seed text asks to record of a ticket; empty strings and None are what is still missing."""

    customer: str = ""
    account: str = ""
    affected: str = ""
    """The CLI or the trunk that is hit."""
    from_ms: int | None = None
    to_ms: int | None = None
    """None while it lasts."""
    examples: tuple[str, ...] = ()
    """Call ids, or calls in words (A number, B number, time)."""
    text: str = ""
    reporter: str = ""
    """Who said it: a mail address or a name."""
    warnings: tuple[str, ...] = ()
    """Such as `customer acme is not in the directory`."""


@dataclass(frozen=True, slots=True)
class Response:
    """A message to the customer; the first has the three obligatory parts: received, stance, next update."""

    at_ms: int
    by: str
    received: bool
    stance: Stance
    next_update_ms: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A command run, a dashboard link or a CDR example used for the diagnosis."""

    kind: ProofKind
    value: str
    note: str
    at_ms: int
    by: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a person wrote; `public` notes came from or went to the customer."""

    at_ms: int
    by: str
    text: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The customer-facing window, confirmed by a person; no times mean: customers noticed nothing."""

    from_ms: int | None
    to_ms: int | None
    by: str


@dataclass(frozen=True, slots=True)
class Escalation:
    """Paged `to` at `at_ms` because `why`, and told `also`; step 1 is the person on call."""

    at_ms: int
    step: int
    to: str
    why: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """The current state of a ticket. Times are epoch ms; `version` is the seq of its last event (the ETag)."""

    id: str
    version: int
    head: str
    """Hash of the last event: the next one chains to it."""
    ticket_type: TicketType
    queue: Queue
    owner: str
    incident: bool
    """True when production is or was hit: docs/incident-response.md applies."""
    state: State
    severity: Severity
    severity_history: tuple[SeverityMark, ...]
    summary: str
    door: Door
    opened_at_ms: int
    updated_at_ms: int
    opened_by: str
    incident_key: str | None = None
    """What telemetry or an alert calls this fault; None for a request of a person."""
    revision: int = 0
    """The last incident revision taken; earlier ones are ignored."""
    forced: bool = False
    """A person set the severity: grading is recorded in `graded` but does not move it."""
    graded: SeverityMark | None = None
    """The latest verdict of the severity table, also while a forced severity hides it."""
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    signals: tuple[str, ...] = ()
    lead: str = ""
    cause: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    customers: tuple[Impact, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    impact_from_ms: int | None = None
    impact_to_ms: int | None = None
    recovered_at_ms: int | None = None
    """Recovery shown by traffic for the soak time; None while telemetry shows the fault or never saw it."""
    flaps: int = 0
    intake: Intake = field(default_factory=Intake)
    assignee: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at_ms: int | None = None
    first_response: Response | None = None
    first_response_due_ms: int = 0
    responses: tuple[Response, ...] = ()
    next_update_due_ms: int | None = None
    """When the customer was promised to hear again; None when nothing is owed."""
    notes: tuple[Note, ...] = ()
    proofs: tuple[Proof, ...] = ()
    root_cause: str = ""
    """Root cause, or final classification such as `no fault found`."""
    window: Window | None = None
    postmortem: str = ""
    """A link to it, or its text."""
    paging_from_ms: int = 0
    """Since when the present round of pages runs: opened, reopened, or raised in severity."""
    escalations: tuple[Escalation, ...] = ()
    silenced_until_ms: int | None = None
    silenced_by: str | None = None
    """Id of the silence that hides its pages."""
    watchers: tuple[str, ...] = ()
    merged_into: str | None = None
    before_merge: State | None = None
    """The state that unmerging gives back."""
    absorbed: tuple[str, ...] = ()
    """Tickets merged into this one."""
    absorbed_active: tuple[str, ...] = ()
    """Those of them whose fault still lasts: this ticket does not resolve by telemetry before they do."""
    parent: str | None = None
    telemetry_parent: str | None = None
    """The incident that telemetry says took this one in; a person may have thought otherwise."""
    children: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    split_from: str | None = None
    split_into: tuple[str, ...] = ()
    reopened: int = 0
    mitigated_at_ms: int | None = None
    resolved_at_ms: int | None = None
    resolved_by: str | None = None
    closed_at_ms: int | None = None
    closed_by: str | None = None

    @property
    def why(self) -> str:
        """The reason of the present severity as it is now: the table's latest, or that of whoever forced it."""
        if self.graded is not None and not self.forced and self.graded.severity == self.severity:
            return self.graded.why
        return self.severity_history[-1].why if self.severity_history else ""

    @property
    def active(self) -> bool:
        """Whether it still wants work."""
        return self.state in ACTIVE

    @property
    def telemetry_active(self) -> bool:
        """Whether telemetry shows the fault right now."""
        return self.revision > 0 and self.recovered_at_ms is None


TICKET_JSON: Final = TypeAdapter(Ticket)
"""Dumps and loads a ticket (`dump_json`, `validate_json`) for the store and the API."""


def is_person(actor: str) -> bool:
    """Machines act as `akira` or `akira/<part>` (telemetry, timer, alertmanager, mail); everybody else is a person."""
    return actor != "akira" and not actor.startswith("akira/")
