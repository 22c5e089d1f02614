"""What people do to issues of Jira Cloud, by its webhooks.

https://developer.atlassian.com/cloud/jira/platform/webhooks/: signed with SHA-256 as WebSub does, and
`X-Atlassian-Webhook-Identifier` stays the same when a delivery is repeated.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from connectors.errors import ConnectorError
from connectors.outlets.http import Http
from connectors.outlets.hub import signed
from connectors.outlets.own_account import OwnAccount
from connectors.outlets.port import Posted, Said
from connectors.outlets.words import cut

COMMENT_CHARS: Final = 10_000


class JiraHook:
    """Moves and comments of everybody but our own account, whose id Jira is asked for once."""

    def __init__(self, secret: str, http: Http) -> None:
        self._secret, self._ours = secret, OwnAccount(http, "/myself", "accountId")

    def read(self, posted: Posted) -> tuple[Said, ...]:
        """A move into a status of the category done resolves; one out of it reopens; one into work acknowledges."""
        signed(posted, self._secret, "sha256", "webhook_secret")
        try:
            told = json.loads(posted.body)
            return self._said(posted, told) if told.get("issue") else ()
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise ConnectorError(
                f"this is no webhook of Jira: {wrong!r}", "a webhook with issue and comment events"
            ) from wrong

    def _said(self, posted: Posted, told: dict[str, Any]) -> tuple[Said, ...]:
        key = posted.headers.get("x-atlassian-webhook-identifier") or hashlib.sha256(posted.body).hexdigest()
        remote, event = str(told["issue"]["key"]), str(told.get("webhookEvent", ""))
        who = (told.get("comment") or {}).get("author") or told.get("user") or {}
        if who.get("accountId") == self._ours.id:
            return ()
        by = str(who.get("displayName", ""))
        if event == "comment_created":
            return (Said("commented", key, by, cut(plain(told["comment"]["body"]), COMMENT_CHARS), remote),)
        moved = [item for item in (told.get("changelog") or {}).get("items", ()) if item.get("field") == "status"]
        if event != "jira:issue_updated" or not moved:
            return ()
        why = f"{moved[-1].get('fromString')} to {moved[-1].get('toString')} in Jira"
        category = told["issue"]["fields"]["status"]["statusCategory"]["key"]
        if category == "done":
            return (Said("resolved", key, by, why, remote),)
        back = Said("reopened", f"{key}:reopened", by, why, remote)
        return (back, Said("acknowledged", key, by, why, remote)) if category == "indeterminate" else (back,)


def plain(body: Any) -> str:
    """The text of a comment: webhooks send it as text, or as an Atlassian document."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    if body.get("type") == "text":
        return str(body.get("text", ""))
    inner = [plain(each) for each in body.get("content") or ()]
    return "\n".join(inner) if body.get("type") == "doc" else "".join(inner)
