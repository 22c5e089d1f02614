"""Replies to customers by mail: receipts, first responses, updates, the end. What people note inside never leaves.

Only `responded` carries a person's words, and only in the form that `first_response.message` gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal

from pydantic import Field

from connectors.mail.addresses import addresses_in, domain
from connectors.mail.compose import Automatic, Letter, composed
from connectors.mail.threads import message_id, tagged
from connectors.outlets.port import Refused
from connectors.outlets.smtp import MailSettings, Picture, tried, unpictured
from connectors.store.outgoing import Outgoing
from pipeline.desk.customer_update import customer_update, headline
from pipeline.desk.events import TicketEvent
from pipeline.desk.first_response import message
from pipeline.desk.intake import missing
from pipeline.desk.ticket import Ticket, is_person

RECIPIENTS: Final = 100
"""Of one mail: more a server need not take (RFC 5321 section 4.5.3.1.8)."""


@dataclass(frozen=True)
class Around:
    """What a reply needs besides the ticket.

    `contacts` gives the addresses of a customer, `thread` the Message-IDs of the customer's mails on a ticket, oldest
    first.
    """

    contacts: Callable[[str], tuple[str, ...]] = lambda customer: ()
    thread: Callable[[str], tuple[str, ...]] = lambda ticket_id: ()
    picture: Picture = unpictured


class CustomerMailSettings(MailSettings):
    """Replies to whoever reported a ticket, or to the contacts of the customers it hits."""

    WANTS: ClassVar[frozenset[str]] = frozenset({"opened", "responded", "resolved"})

    kind: Literal["customer_mail"]
    receipts: bool = Field(
        default=True, description="who opens a ticket by mail is told its number and what is missing"
    )

    def open(self, console: str) -> CustomerMail:
        """Replies to reporters only: without the store and the directory nobody else is known."""
        return CustomerMail(self, Around())

    def wants(self, event: TicketEvent) -> bool:
        """A ticket nobody has written to a customer about is no business of this outlet."""
        return event.kind in self.WANTS

    def hears(self, ticket: Ticket, event: TicketEvent, told_before: bool) -> bool:
        """Receipts for mails, every response, and the end for whom was told of it before."""
        if (self.classes and ticket.ticket_type not in self.classes) or (
            self.queues and ticket.queue not in self.queues
        ):
            return False
        if event.kind == "opened":
            return self.receipts and ticket.door == "mail"
        return event.kind == "responded" or (event.kind == "resolved" and ticket.first_response is not None)


class CustomerMail:
    """Mails to customers. What it calls a ticket is the Message-ID of its first mail."""

    def __init__(self, settings: CustomerMailSettings, around: Around) -> None:
        self._settings, self._around, self._smtp = settings, around, settings.smtp()

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """One mail, or one for each RECIPIENTS of many; the same event is the same Message-ID. Refused when there is
        nobody to write to, or somebody is refused for good: the others have it then."""
        recipients, refused = self._recipients(ticket), list[Refused]()
        if not recipients:
            hint = "give the reporter a mail address, or the customer a contact in the directory"
            raise Refused(f"outlet {self._settings.name}: {ticket.id} has nobody to write to ({hint})", hint)
        letters = []
        for start in range(0, len(recipients), RECIPIENTS):
            some = recipients[start : start + RECIPIENTS]
            letter = self._letter(outgoing, ticket, some, f"{start}." if start else "")
            letters.append(letter.id)
            try:
                self._smtp.send(composed(letter), some)
            except Refused as never:
                refused.append(never)
        if refused:
            raise Refused("; ".join(each.message for each in refused))
        return outgoing.remote_id or letters[0]

    def _letter(self, outgoing: Outgoing, ticket: Ticket, to: tuple[str, ...], part: str) -> Letter:
        event, first = outgoing.event, outgoing.remote_id
        mine = message_id(ticket.id, part + self._settings.mark(event), domain(self._settings.sender))
        parents = (*((first,) if first and first != mine else ()), *self._around.thread(ticket.id))
        text, automatic = self._said(event, ticket)
        about = ticket.summary if ticket.door == "mail" else headline(ticket)
        return Letter(
            id=mine,
            sender=self._settings.sender,
            to=to if len(to) == 1 and not part else (),
            subject=("Re: " if parents else "") + tagged(ticket.id, about),
            text=text,
            at_ms=event.at_ms,
            parents=parents,
            automatic=automatic,
            picture=self._around.picture(ticket) if event.kind == "responded" else None,
        )

    def test(self, text: str) -> str:
        """A mail to the sender itself: no customer is bothered."""
        return tried(self._settings, (self._settings.sender,), text)

    def close(self) -> None:
        """Nothing is kept open."""

    def _recipients(self, ticket: Ticket) -> tuple[str, ...]:
        """Who reported it; else the contacts of the customers that are hit. Never ourselves."""
        found = addresses_in(ticket.intake.reporter)[:1]
        if not found:
            names = [ticket.intake.customer, *(impact.customer for impact in ticket.customers)]
            found = tuple(dict.fromkeys(address for name in names for address in self._around.contacts(name)))
        return tuple(address for address in found if address != self._settings.sender)

    def _said(self, event: TicketEvent, ticket: Ticket) -> tuple[str, Automatic]:
        """The text, and how automatic it is. A root cause is for us until a person tells it."""
        if event.kind == "responded":
            return message(ticket, ticket.responses[-1]), ""
        if event.kind == "opened":
            return receipt(ticket), "auto-replied"
        named = [impact.customer for impact in ticket.customers]
        customer = ticket.intake.customer or (named[0] if len(named) == 1 else "")
        text = customer_update(replace(ticket, root_cause=""), customer, event.at_ms)
        return text, "" if is_person(event.actor) else "auto-generated"


def receipt(ticket: Ticket) -> str:
    """What a program can say at once: the number, what happens next, and what the intake still lacks."""
    asks = missing(ticket.intake, ticket.ticket_type)
    lines = ["Hello,", "", f"your mail has reached us and is ticket {ticket.id}; a person answers it.", ""]
    if asks:
        lines += ["So that we lose no time, please answer this mail and tell us:", *(f"- {ask}" for ask in asks), ""]
    lines.append("Please leave the number in the subject.")
    return "\n".join(lines)
