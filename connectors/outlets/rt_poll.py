"""What people did to our tickets in Request Tracker, which tells nobody by itself: its transactions in their order.

Asked for are those of tickets that our user made, by anybody but our user: nothing comes back that came from here.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.errors import ConnectorError
from connectors.outlets.counterpart import Phase, change
from connectors.outlets.html_text import html_text
from connectors.outlets.http import Http
from connectors.outlets.port import Said
from connectors.outlets.words import cut

LOOKBACK_S: Final = 72 * 3600
"""How far back the first look goes; what was said before changes nothing again."""
COMMENT_CHARS: Final = 10_000
PAGE: Final = 100
_OURS: Final = (
    "ObjectType = 'RT::Ticket' AND TicketCreator = '__CurrentUser__' AND Creator != '__CurrentUser__'"
    " AND (Type = 'Status' OR Type = 'SetWatcher' OR Type = 'Comment' OR Type = 'Correspond')"
)


class RtPoll:
    """A `connectors.outlets.port.Poll` by transaction ids: no clocks are compared after the first look."""

    def __init__(self, http: Http, phase: Callable[[str], Phase], every_s: float) -> None:
        self._http, self._phase, self.every_s = http, phase, every_s
        self._since, self._seen = f"Created > '{_stamp(time.time() - LOOKBACK_S)}'", ""

    def ask(self) -> tuple[Said, ...]:
        """At most a page of what was done since the last that was `taken`."""
        params = {
            "query": f"{_OURS} AND {self._since}",
            "fields": "Type,Field,OldValue,NewValue,Creator,ObjectId",
            "orderby": "id",
            "order": "ASC",
            "per_page": str(PAGE),
        }
        rows = items(self._http, "/transactions", params)
        try:
            if rows:
                self._seen = f"id > {int(rows[-1]['id'])}"
            return tuple(said for row in rows if (said := self._said(row)))
        except (KeyError, TypeError, ValueError) as wrong:
            raise ConnectorError(self._http.failure(f"gives transactions unlike those of RT 5: {wrong!r}")) from wrong

    def taken(self) -> None:
        """What `ask` gave last need not come again."""
        self._since = self._seen or self._since

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _said(self, row: Mapping[str, Any]) -> Said | None:
        key, by, remote = str(row["id"]), str(row["Creator"]["id"]), str(row["ObjectId"])
        if row["Type"] in ("Comment", "Correspond"):
            return Said("commented", key, by, self._text(key), remote)
        if row["Type"] == "SetWatcher":
            owned = row["Field"] == "Owner" and self._owner(remote) != "Nobody"
            return Said("acknowledged", key, by, remote_id=remote) if owned else None
        what = change(self._phase(row["OldValue"]), self._phase(row["NewValue"]))
        return Said(what, key, by, f"{row['OldValue']} to {row['NewValue']} in RT", remote) if what else None

    def _owner(self, remote: str) -> str:
        """Who has the ticket now."""
        match self._http.ask("GET", f"/ticket/{remote}").json():
            case {"Owner": {"id": str() as owner}}:
                return owner
        return "Nobody"

    def _text(self, transaction: str) -> str:
        """The first text of a comment."""
        parts = items(self._http, f"/transaction/{transaction}/attachments", {"fields": "ContentType"})
        for part in parts:
            if part["ContentType"] in ("text/plain", "text/html"):
                content = self._http.ask("GET", f"/attachment/{int(part['id'])}").json()
                text = _decoded(str(content.get("Content") or ""))
                return cut(html_text(text) if part["ContentType"] == "text/html" else text.strip(), COMMENT_CHARS)
        return ""


def items(http: Http, path: str, params: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """A collection of REST 2.0."""
    match http.ask("GET", path, params=params).json():
        case {"items": list() as found}:
            return found
    raise ConnectorError(http.failure(f"does not answer {path} as RT 5 does"), "is url the address of RT itself?")


def _decoded(content: str) -> str:
    try:
        return base64.b64decode(content).decode("utf-8", errors="replace")
    except binascii.Error:
        return ""


def _stamp(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at_s))
