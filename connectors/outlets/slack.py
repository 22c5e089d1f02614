"""Slack: one message for each ticket, kept up to date, and a thread under it with what happens.

https://docs.slack.dev/reference/methods/chat.postMessage; the bot needs `chat:write` and, to look before it posts,
`channels:history` (`groups:history` in a private channel). Our key rides as message metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from connectors.errors import ConnectorError
from connectors.outlets.http import Http
from connectors.outlets.port import Refused, Throttled
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import cut, description, happened, headline
from connectors.store.outgoing import Outgoing
from pipeline.desk.ticket import Ticket
from pipeline.ports import Disconnected

TEXT_CHARS: Final = 3500
PAGE: Final = 200
PAGES_MOST: Final = 20
SKEW_S: Final = 300
"""How far clocks may differ when the channel is searched for what was posted since the event."""
WAIT_S: Final = 30.0
METADATA: Final = "akira_ticket"
MARKS: Final = {"SEV1": "■", "SEV2": "▲", "SEV3": "●"}
_AWAY: Final = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
_NEVER: Final = frozenset(
    {"msg_too_long", "no_text", "invalid_blocks", "invalid_arguments", "invalid_arg_name"}
    | {"thread_not_found", "metadata_too_large"}
)
_GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class _Gone(Refused):
    """The message is not there, or not ours to change."""


class SlackSettings(OutletSettings):
    """A channel of Slack, by a bot's token."""

    kind: Literal["slack"]
    url: str = Field(default="https://slack.com/api", pattern=r"^https?://")
    token: Secret = Field(description="the bot's token, `xoxb-…`")
    channel: str = Field(pattern=r"^[CG][A-Z0-9]+$", description="the channel's id, from its details; the bot is in it")

    def open(self, console: str) -> Slack:
        """Messages in the channel."""
        return Slack(self, console)


class Slack:
    """`remote_id` is the `ts` of a ticket's message."""

    def __init__(self, settings: SlackSettings, console: str) -> None:
        token, self._channel, self._console = settings.token.value(), settings.channel, console
        headers = {"Authorization": f"Bearer {token}"}
        self._http = Http(settings.name, settings.url, settings.timeout_s, headers=headers, secrets=(token,))

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """Post the ticket's message, or bring it up to date and add the event to its thread."""
        root, since_s = outgoing.remote_id, outgoing.event.at_ms / 1000 - SKEW_S
        if root is None:
            posted = self._find(self._history(since_s), ticket.id)
            return posted or self._post(self._about(ticket), ticket.id)
        try:
            self._call("chat.update", {"channel": self._channel, "ts": root, **self._about(ticket)})
        except _Gone:  # somebody deleted the message: the ticket gets another
            return self._post(self._about(ticket), ticket.id)
        known = self._find(self._replies(root, since_s), outgoing.key) if outgoing.attempts else None
        if known is None:
            self._post({"text": escaped(cut(happened(outgoing.event), TEXT_CHARS)), "thread_ts": root}, outgoing.key)
        return root

    def test(self, text: str) -> str:
        """A message that stands alone, and the right to look at the channel."""
        self._post({"text": escaped(text)}, "test")
        next(self._history(0), None)
        return f"a message was posted in {self._channel}"

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def _about(self, ticket: Ticket) -> dict[str, Any]:
        told = f"{MARKS[ticket.severity]} *{escaped(headline(ticket))}* ({ticket.state})"
        return {"text": cut(f"{told}\n{escaped(description(ticket, self._console))}", TEXT_CHARS)}

    def _post(self, message: Mapping[str, Any], key: str) -> str:
        metadata = {"event_type": METADATA, "event_payload": {"key": key}}
        body = {"channel": self._channel, "unfurl_links": False, "metadata": metadata, **message}
        return str(self._call("chat.postMessage", body)["ts"])

    def _find(self, messages: Iterator[Mapping[str, Any]], key: str) -> str | None:
        for message in messages:
            match message:
                case {"ts": str() as ts, "metadata": {"event_type": "akira_ticket", "event_payload": {"key": found}}}:
                    if found == key:
                        return ts
        return None

    def _history(self, since_s: float) -> Iterator[Mapping[str, Any]]:
        return self._pages("conversations.history", {"oldest": f"{since_s:.6f}"})

    def _replies(self, root: str, since_s: float) -> Iterator[Mapping[str, Any]]:
        return self._pages("conversations.replies", {"ts": root, "oldest": f"{since_s:.6f}"})

    def _pages(self, method: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        params = {"channel": self._channel, "include_all_metadata": "true", "limit": str(PAGE), **params}
        for _ in range(PAGES_MOST):
            answer = self._call(method, params=params)
            yield from answer.get("messages", ())
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            params = {**params, "cursor": cursor}

    def _call(
        self, method: str, body: Mapping[str, Any] | None = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Slack says what went wrong inside a 200: `{"ok": false, "error": "channel_not_found"}`."""
        answer = self._http.ask("POST" if body else "GET", f"/{method}", body=body, params=params).json()
        match answer:
            case {"ok": True}:
                return dict(answer)
            case {"ok": False, "error": str() as error}:
                raise self._judged(method, error, str(answer.get("needed", "")))
        raise Disconnected(self._http.failure(f"answered {method} with something that is not Slack's"))

    def _judged(self, method: str, error: str, needed: str) -> Exception:
        told = self._http.failure(f"refused {method}: {error}{f' (it needs {needed})' if needed else ''}")
        if error in ("ratelimited", "rate_limited", "message_limit_exceeded"):
            return Throttled(told, WAIT_S)
        if error in _AWAY:
            return Disconnected(told)
        if error in _GONE:
            return _Gone(told)
        if error in _NEVER:
            return Refused(told)
        hint = "is the token valid, has it the scopes chat:write and channels:history, and is the bot in the channel?"
        return ConnectorError(f"{told} ({hint})", hint)


def escaped(text: str) -> str:
    """The three characters that Slack reads as its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
