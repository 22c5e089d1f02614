"""The one table of who may do what: every route of API and console names an operation of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Role = Literal["viewer", "noc", "billing", "support", "admin"]
Scope = Literal["read", "write", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_EVERYBODY: Final = frozenset(ROLES)
_DESKS: Final[frozenset[Role]] = frozenset({"noc", "billing", "support", "admin"})
_NOC: Final[frozenset[Role]] = frozenset({"noc", "admin"})
_ADMIN: Final[frozenset[Role]] = frozenset({"admin"})


@dataclass(frozen=True, slots=True)
class Rule:
    """`roles` that may do an operation, and the token `scope` it takes."""

    roles: frozenset[Role]
    scope: Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `csrf` is set for a browser session and must come back with whatever it changes."""

    name: str
    role: Role
    scopes: frozenset[Scope]
    token_id: str
    csrf: str | None = None

    def may(self, operation: str) -> bool:
        """Whether role and scopes allow `operation` (KeyError when the table does not know it)."""
        rule = ACCESS[operation]
        return self.role in rule.roles and rule.scope in self.scopes


ACCESS: Final[dict[str, Rule]] = {
    "tickets.read": Rule(_EVERYBODY, "read"),
    "events.read": Rule(_EVERYBODY, "read"),
    "telemetry.read": Rule(_EVERYBODY, "read"),
    "silences.read": Rule(_EVERYBODY, "read"),
    "oncall.read": Rule(_EVERYBODY, "read"),
    "session.end": Rule(_EVERYBODY, "read"),
    "tickets.open": Rule(_DESKS, "write"),
    "tickets.work": Rule(_DESKS, "write"),
    "tickets.reclassify": Rule(_DESKS, "write"),
    "tickets.close": Rule(_DESKS, "write"),
    "incidents.shape": Rule(_NOC, "write"),
    "incidents.severity": Rule(_NOC, "write"),
    "incidents.page": Rule(_NOC, "write"),
    "silences.write": Rule(_NOC, "write"),
    "tokens.read": Rule(_ADMIN, "admin"),
    "tokens.write": Rule(_ADMIN, "admin"),
    "outbox.read": Rule(_NOC, "read"),
    "outbox.resend": Rule(_ADMIN, "admin"),
    "rejects.read": Rule(_NOC, "read"),
    "audit.read": Rule(_ADMIN, "admin"),
}
"""Operations that need nobody signed in (style sheet, sign-in form, liveness) are in `PUBLIC`."""

PUBLIC: Final[frozenset[str]] = frozenset({"static", "sign_in", "sign_in_form", "sign_in_oidc", "oidc_return", "alive"})
"""Names of the routes open to everybody."""

OPERATION_OF_COMMAND: Final[dict[str, str]] = {
    "acknowledge": "tickets.work",
    "take": "tickets.work",
    "respond": "tickets.work",
    "add-note": "tickets.work",
    "amend": "tickets.work",
    "add-evidence": "tickets.work",
    "set-root-cause": "tickets.work",
    "confirm-window": "tickets.work",
    "link-postmortem": "tickets.work",
    "watch": "tickets.work",
    "unwatch": "tickets.work",
    "mitigate": "tickets.work",
    "resolve": "tickets.work",
    "reopen": "tickets.work",
    "reclassify": "tickets.reclassify",
    "close": "tickets.close",
    "merge": "incidents.shape",
    "unmerge": "incidents.shape",
    "split": "incidents.shape",
    "unsplit": "incidents.shape",
    "link": "incidents.shape",
    "unlink": "incidents.shape",
    "set-parent": "incidents.shape",
    "clear-parent": "incidents.shape",
    "force-severity": "incidents.severity",
    "escalate": "incidents.page",
    "silence": "silences.write",
    "unsilence": "silences.write",
}
"""Which operation each command of the desk is; a command that is missing here stops the application from starting."""
