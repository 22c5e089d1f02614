"""A mail at the desk's door: a new ticket, an answer on the ticket it belongs to, or nothing and why.

The same mail twice changes nothing: its Message-ID is remembered in the transaction of what it does.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final, Literal

from connectors.errors import ConnectorError
from connectors.mail.addresses import Contacts
from connectors.mail.message import Mail, read
from connectors.mail.quotes import fresh
from connectors.mail.report import Suggestion, intake_of, lacking, suggested
from connectors.mail.settings import MailSettings
from connectors.mail.threads import bare, tags, ticket_in
from connectors.outlets.words import cut
from connectors.store.door import Desk
from connectors.store.ledger import Ledger, Seen, remembering
from pipeline.desk.commands import AddNote, Amend, Link, Open, Refusal, Scope
from pipeline.desk.policy import CLASS_OF, DeskPolicy
from pipeline.desk.ticket import Intake, Ticket
from pipeline.directory import Directory

ACTOR: Final = "akira/mail"
HOUR_MS: Final = 3_600_000
SKEW_MS: Final = 10 * 60_000
SENDERS: Final = 10_000
MERGES: Final = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail; `refused` and `ignored` have a `why`, the others a ticket."""

    outcome: Literal["opened", "answered", "known", "ignored", "refused"]
    ticket_id: str = ""
    why: str = ""


class MailDoor:
    """The desk as mails reach it."""

    def __init__(
        self,
        desk: Desk,
        ledger: Ledger,
        directory: Directory,
        policy: DeskPolicy,
        settings: MailSettings,
        own: Collection[str] = (),
    ) -> None:
        self._desk, self._ledger, self._directory, self._settings = desk, ledger, directory, settings
        self._contacts, self._own = Contacts(directory), frozenset(own) | {one.lower() for one in settings.own}
        self._text_chars = policy.text_max
        self._lately: dict[str, deque[int]] = defaultdict(deque)

    def take(self, raw: bytes, at_ms: int) -> Taken:
        """Do what the mail asks for."""
        try:
            mail = read(raw[: self._settings.max_bytes])
        except ConnectorError as wrong:
            return Taken("refused", why=f"{wrong.message} ({wrong.hint})" if wrong.hint else wrong.message)
        try:
            return self._taken(mail, len(raw) > self._settings.max_bytes, at_ms)
        except Seen as before:
            return Taken("known", str(before))

    def _taken(self, mail: Mail, larger: bool, at_ms: int) -> Taken:
        if (before := self._ledger.ticket_of_mail([mail.id])) is not None:
            return Taken("known", before)
        if mail.sender in self._own or ticket_in(mail.id) is not None:
            return Taken("ignored", why="it is a mail of our own")
        ticket = self._ticket(mail)
        if mail.automatic:
            return self._undelivered(mail, ticket, at_ms) or Taken("ignored", why=mail.automatic)
        if ticket is not None and ticket.active:
            return self._answered(mail, ticket, larger, at_ms)
        return self._opened(mail, ticket, larger, at_ms)

    def _ticket(self, mail: Mail) -> Ticket | None:
        """The ticket that it answers: by the mails of its thread, then by the tag of its subject."""
        ours = next(filter(None, map(ticket_in, mail.parents)), None)
        for ticket_id in (ours, self._ledger.ticket_of_mail(mail.parents), *tags(mail.subject)):
            ticket = self._desk.ticket(ticket_id) if ticket_id else None
            for _ in range(MERGES):
                if ticket is None or ticket.merged_into is None:
                    break
                ticket = self._desk.ticket(ticket.merged_into)
            if ticket is not None:
                return ticket
        return None

    def _answered(self, mail: Mail, ticket: Ticket, larger: bool, at_ms: int) -> Taken:
        text = fresh(mail.text)
        more = lacking(ticket.intake, self._intake(mail, text, at_ms))
        if more is not None:
            self._desk.do(ticket.id, Amend(more), at_ms, ACTOR)
        return self._noted(mail, ticket.id, AddNote(self._told(mail, text, larger, ticket), public=True), at_ms)

    def _noted(self, mail: Mail, ticket_id: str, note: AddNote, at_ms: int) -> Taken:
        """The mail is taken with this note."""
        refused = self._desk.do(ticket_id, note, at_ms, ACTOR, also=remembering(mail.id, at_ms))
        if isinstance(refused, Refusal):
            return Taken("refused", ticket_id, refused.message)
        return Taken("answered", ticket_id)

    def _opened(self, mail: Mail, over: Ticket | None, larger: bool, at_ms: int) -> Taken:
        """A ticket of its own; an answer to one that is over is linked to it, so that nobody overlooks it."""
        if not self._may(mail.sender, at_ms):
            return Taken("refused", why=f"{mail.sender} has opened {self._settings.hourly} tickets within an hour")
        text = fresh(mail.text) if over else mail.text
        guess = suggested(bare(mail.subject), text, self._settings.ticket_type)
        if over is not None:
            guess = Suggestion(over.ticket_type, (), False)
        told = self._told(mail, text, larger)
        intake = replace(self._intake(mail, text, at_ms), text=told, reporter=mail.sender)
        advice = self._desk.advise(guess.ticket_type, intake, at_ms)
        impact = guess.impact and CLASS_OF[guess.ticket_type].may_be_incident
        scope = Scope(production_impact=impact, customers=(intake.customer,) if impact and intake.customer else ())
        summary = bare(mail.subject) or next(filter(None, text.splitlines()), "") or f"mail of {mail.sender}"
        command = Open(guess.ticket_type, cut(summary, 300), intake, scope, "mail")
        done = self._desk.do("", command, at_ms, ACTOR, also=remembering(mail.id, at_ms))
        if isinstance(done, Refusal):
            return Taken("refused", why=f"{done.message} {done.hint}".strip())
        lines = [_why(guess), advice.answer, *(f"{offer.ticket_id}: {offer.why}." for offer in advice.offers[:5])]
        if over is not None:
            self._desk.do(done.ticket.id, Link(over.id, "it answers this one, which is over"), at_ms, ACTOR)
        self._desk.do(done.ticket.id, AddNote(cut("\n".join(lines), self._text_chars)), at_ms, ACTOR)
        return Taken("opened", done.ticket.id)

    def _undelivered(self, mail: Mail, ticket: Ticket | None, at_ms: int) -> Taken | None:
        """A mail of ours came back: whoever works on the ticket must know."""
        if not mail.undelivered or ticket is None:
            return None
        text = "A mail of ours was not delivered to\n" + "\n".join(mail.undelivered)
        return self._noted(mail, ticket.id, AddNote(cut(text, self._text_chars)), at_ms)

    def _intake(self, mail: Mail, text: str, at_ms: int) -> Intake:
        """A Date that lies ahead dates nothing."""
        sent_ms = mail.at_ms if mail.at_ms and 0 < mail.at_ms <= at_ms + SKEW_MS else 0
        return intake_of(bare(mail.subject), text, sent_ms, self._directory, self._contacts.customer(mail.sender))

    def _told(self, mail: Mail, text: str, larger: bool, ticket: Ticket | None = None) -> str:
        """What was written, by whom, and what came with it."""
        tail = [f"Attached: {', '.join(mail.attachments)}"] if mail.attachments else []
        tail += ["The mail was larger than is read; its end is missing."] if larger else []
        end = cut("\n\n".join(["", *tail]), self._text_chars // 4)
        stranger = " (a stranger to this ticket)" if ticket and not self._concerns(mail.sender, ticket) else ""
        head = f"{mail.sender}{stranger} wrote:\n\n"
        return head + cut(text or "(no text)", self._text_chars - len(head) - len(end)) + end

    def _concerns(self, sender: str, ticket: Ticket) -> bool:
        """Whether it is who reported the ticket, or somebody of a customer that it is about."""
        customers = {impact.customer for impact in ticket.customers} | {ticket.intake.customer}
        return sender == ticket.intake.reporter.lower() or self._contacts.customer(sender) in customers - {""}

    def _may(self, sender: str, at_ms: int) -> bool:
        """A program that answers itself must not fill the desk."""
        if len(self._lately) > SENDERS:
            self._lately.clear()
        opened = self._lately[sender]
        while opened and opened[0] <= at_ms - HOUR_MS:
            opened.popleft()
        opened.append(at_ms)
        return len(opened) <= self._settings.hourly


def _why(guess: Suggestion) -> str:
    words = f" from the words {', '.join(guess.words)}" if guess.words else ""
    return f"Class {guess.ticket_type} is a suggestion{words}: reclassify it if it is wrong."
