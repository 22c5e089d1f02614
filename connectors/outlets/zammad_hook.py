"""What people do to tickets of Zammad, by a webhook of a trigger.

https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html: the ticket and the article as they now are, signed
with SHA-1 as WebSub does. What changed is not said: keys made of what is there let a second delivery change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.errors import ConnectorError
from connectors.outlets.counterpart import Phase
from connectors.outlets.html_text import html_text
from connectors.outlets.http import Http
from connectors.outlets.hub import signed
from connectors.outlets.own_account import OwnAccount
from connectors.outlets.port import Posted, Said
from connectors.outlets.words import cut

COMMENT_CHARS: Final = 10_000


class ZammadHook:
    """States and articles of everybody but the user of our token, whose number Zammad is asked for once."""

    def __init__(self, secret: str, http: Http, phase: Callable[[str], Phase]) -> None:
        self._secret, self._phase, self._ours = secret, phase, OwnAccount(http, "/users/me", "id")

    def read(self, posted: Posted) -> tuple[Said, ...]:
        """A state of the end closes; one of work, in a ticket that was closed, reopens; any of work acknowledges."""
        signed(posted, self._secret, "sha1", "webhook_secret")
        try:
            told = json.loads(posted.body)
            ticket, article = told["ticket"], told.get("article") or {}
            return (*self._written(ticket, article), *self._moved(ticket))
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            hint = "leave the payload of the webhook as Zammad makes it"
            raise ConnectorError(f"this is no webhook of Zammad: {wrong!r}", hint) from wrong

    def _written(self, ticket: Mapping[str, Any], article: Mapping[str, Any]) -> tuple[Said, ...]:
        if not article.get("id") or str(article.get("created_by_id")) == self._ours.id:
            return ()
        text = str(article.get("body") or "")
        text = html_text(text) if article.get("content_type") == "text/html" else text
        by = _name(article.get("created_by"))
        return (Said("commented", f"article-{article['id']}", by, cut(text, COMMENT_CHARS), str(ticket["id"])),)

    def _moved(self, ticket: Mapping[str, Any]) -> tuple[Said, ...]:
        state, remote, phase = str(ticket["state"]), str(ticket["id"]), self._phase(str(ticket["state"]))
        if str(ticket.get("updated_by_id")) == self._ours.id or phase == "new":
            return ()
        by, at = _name(ticket.get("updated_by")), f"{remote}:{ticket.get('updated_at')}"
        if phase == "over":
            ended = ticket.get("last_close_at") or ticket.get("close_at")
            return (Said("closed", f"{remote}:closed:{ended}", by, f"{state} in Zammad", remote),)
        back = (Said("reopened", f"{at}:reopened", by, f"{state} in Zammad", remote),) if ticket.get("close_at") else ()
        return (*back, Said("acknowledged", f"{at}:acknowledged", by, remote_id=remote))


def _name(user: Any) -> str:
    """A user of the payload: names and login, or the login alone."""
    if not isinstance(user, dict):
        return str(user or "")
    full = f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip()
    return full or str(user.get("login") or "")
