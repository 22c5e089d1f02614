"""What may be asked of the desk: imperative commands, each a frozen value; `desk.act` answers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.desk.bonds import ClearParent, Link, Merge, SetParent, Split, Unlink, Unmerge, Unsplit
from pipeline.desk.requests import Amend, Open, Scope
from pipeline.desk.ticket import ProofKind, Stance
from pipeline.incidents import Severity, TicketType

__all__ = [
    "COMMANDS",
    "Command",
    "Refusal",
    "Scope",
    "Acknowledge",
    "AddEvidence",
    "AddNote",
    "Amend",
    "ClearParent",
    "Close",
    "ConfirmWindow",
    "Escalate",
    "ForceSeverity",
    "Link",
    "LinkPostmortem",
    "Merge",
    "Mitigate",
    "Open",
    "Reclassify",
    "Reopen",
    "Resolve",
    "Respond",
    "SetParent",
    "SetRootCause",
    "Silence",
    "Split",
    "Take",
    "Unlink",
    "Unmerge",
    "Unsilence",
    "Unsplit",
    "Unwatch",
    "Watch",
]


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """I have seen it and I am on it; stops the escalation."""


@dataclass(frozen=True, slots=True)
class Take:
    """Give the ticket to `assignee` (empty: to the actor)."""

    assignee: str = ""


@dataclass(frozen=True, slots=True)
class Respond:
    """Message to the customer: the first response, and every update after it."""

    text: str
    stance: Stance
    next_update_ms: int | None = None
    """When the customer hears again; obligatory while the ticket is active."""
    received: bool = True
    """The text confirms that the ticket is received."""


@dataclass(frozen=True, slots=True)
class AddNote:
    """An internal remark, or (`public`) what the customer wrote back."""

    text: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class AddEvidence:
    """A command, a dashboard link or a CDR example used for the diagnosis."""

    kind: ProofKind
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SetRootCause:
    """Root cause, or the final classification."""

    text: str


@dataclass(frozen=True, slots=True)
class ConfirmWindow:
    """The customer-facing window, `from_ms` < `to_ms`; neither given means that customers noticed nothing."""

    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LinkPostmortem:
    """An http(s) link, or the text itself."""

    value: str


@dataclass(frozen=True, slots=True)
class Reclassify:
    """Move to another class (and with it queue and owner); `why` is kept."""

    ticket_type: TicketType
    why: str
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class ForceSeverity:
    """Set the severity by hand with a reason; None gives it back to the severity table."""

    severity: Severity | None
    why: str


@dataclass(frozen=True, slots=True)
class Mitigate:
    """Customers are served again by a workaround; the fault itself remains."""

    why: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """The fault is over. While telemetry still shows it this needs `override`."""

    why: str
    override: bool = False
    children: bool = False
    """And so are its parts that want work and that telemetry does not show."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """It is not over."""

    why: str


@dataclass(frozen=True, slots=True)
class Close:
    """Only a person closes, and only through the closure gate."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Escalate:
    """Page the next step of the rota (`to` empty), or somebody by name."""

    why: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """Send no pages for this ticket until `until_ms`; the end is mandatory."""

    until_ms: int
    why: str
    silence_id: str = ""
    """The silence or maintenance that matched; empty when a person silenced this ticket alone."""


@dataclass(frozen=True, slots=True)
class Unsilence:
    """Page again."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Tell `who` (empty: the actor) about changes."""

    who: str = ""


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Undo Watch."""

    who: str = ""


Command = (
    Open
    | Acknowledge
    | Take
    | Respond
    | AddNote
    | Amend
    | AddEvidence
    | SetRootCause
    | ConfirmWindow
    | LinkPostmortem
    | Reclassify
    | ForceSeverity
    | Mitigate
    | Resolve
    | Reopen
    | Close
    | Merge
    | Unmerge
    | Split
    | Unsplit
    | Link
    | Unlink
    | SetParent
    | ClearParent
    | Escalate
    | Silence
    | Unsilence
    | Watch
    | Unwatch
)
COMMANDS: Final[tuple[type[Command], ...]] = Command.__args__


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command is not done, what is missing, and how to give it; `missing` is one line per thing.

    `code` is a machine word: `state`, `missing`, `invalid`, `not_found`, `machine`, `exists`, `stale`.
    """

    code: str
    message: str
    missing: tuple[str, ...] = ()
    hint: str = ""
