"""What people do in a tool, done at the desk: by the same commands as a person's, and no further.

A tool never closes a ticket: what it calls closed is resolved here, and a note says what closing still lacks. A command
that the desk refuses becomes a note with the reason, so that nothing that was said is lost.
"""

from __future__ import annotations

import hashlib
from typing import Final

from connectors.outlets.port import Said
from connectors.outlets.settings import OutletSettings
from connectors.outlets.words import cut
from connectors.store.door import Desk
from connectors.store.outbox import Outbox
from pipeline.desk.closure import checklist
from pipeline.desk.commands import Acknowledge, AddNote, Command, Refusal, Reopen, Resolve
from pipeline.desk.ticket import Ticket

TEXT_CHARS: Final = 8000


class Back:
    """The desk as a tool reaches it. What it says twice (the same key) changes nothing the second time. The actor is
    the tool; who it was there stands in the reason or in a note."""

    def __init__(self, settings: OutletSettings, desk: Desk, outbox: Outbox) -> None:
        self._name, self._actor, self._desk, self._outbox = settings.name, settings.actor, desk, outbox

    def take(self, said: Said, at_ms: int) -> bool:
        """Do what was said; False when it is about no ticket of ours."""
        ticket_id = said.ticket_id or self._outbox.ticket_of(self._name, said.remote_id)
        ticket = self._desk.ticket(ticket_id) if ticket_id else None
        if ticket is None:
            return False
        command = self._command(said, ticket)
        if command is not None:
            refused = self._do(ticket.id, command, said.key, at_ms)
            if refused is not None:
                self._note(ticket.id, f"{self._told(said)} Not done here: {refused.message}", said, at_ms)
            elif said.what == "acknowledged" and said.by:
                self._note(ticket.id, self._told(said), said, at_ms)
        if said.what == "closed" and ticket.state != "closed":
            lacking = "; ".join(item.what for item in checklist(ticket) if not item.done)
            more = f"lacks {lacking}" if lacking else "a person closes it"
            self._note(ticket.id, f"{self._told(said)} Not closed here: {more}.", said, at_ms)
        return True

    def _command(self, said: Said, ticket: Ticket) -> Command | None:
        """None when there is nothing to do: the ticket is already so."""
        match said.what:
            case "commented":
                return AddNote(self._told(said)) if said.text.strip() else None
            case "acknowledged":
                return Acknowledge() if ticket.state == "open" else None
            case "resolved" | "closed":
                return Resolve(self._told(said)) if ticket.active else None
            case "reopened":
                return Reopen(self._told(said)) if ticket.state in ("resolved", "closed") else None

    def _note(self, ticket_id: str, text: str, said: Said, at_ms: int) -> None:
        self._do(ticket_id, AddNote(text), f"{said.key}:note", at_ms)

    def _do(self, ticket_id: str, command: Command, key: str, at_ms: int) -> Refusal | None:
        """With a key of the tool's event and what is done by it: a text that changes is another request."""
        once = hashlib.sha256(f"{key} {type(command).__name__}".encode()).hexdigest()
        done = self._desk.do(ticket_id, command, at_ms, self._actor, once=once)
        return done if isinstance(done, Refusal) and done.code != "exists" else None

    def _told(self, said: Said) -> str:
        who = said.by or "somebody"
        if said.what == "commented":
            return cut(f"{who} in {self._name}: {said.text.strip()}", TEXT_CHARS)
        reason = f": {said.text.strip()}" if said.text.strip() else ""
        return cut(f"{who} {said.what} it in {self._name}{reason}", TEXT_CHARS - 1) + "."
