"""Notices to people of ours by mail: one for each event worth knowing, in one thread for each ticket.

Where mail leaves is common to these and to the replies of `customer_mail`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, Literal

from pydantic import Field, field_validator, model_validator

from connectors.mail.addresses import domain, is_address
from connectors.mail.compose import Letter, composed
from connectors.mail.smtp import Smtp, Tls
from connectors.mail.threads import message_id, tagged
from connectors.outlets.settings import OutletSettings, Secret
from connectors.outlets.words import description, happened, headline
from connectors.store.outgoing import Outgoing
from pipeline.desk.events import TicketEvent
from pipeline.desk.ticket import Ticket

Picture = Callable[[Ticket], bytes | None]
"""The picture of an incident as PNG; None when nothing was measured by the minute."""
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
TEXT_CHARS: Final = 100_000


def unpictured(ticket: Ticket) -> bytes | None:
    """No picture."""
    return None


class MailSettings(OutletSettings):
    """Where mail leaves, and as whom."""

    host: str = Field(min_length=1, max_length=255, description="the SMTP server")
    port: int = Field(default=587, ge=1, le=65535)
    tls: Tls = Field(default="starttls", description="`tls` from the first byte (465); `none` on the loopback only")
    ca_file: str | None = Field(default=None, description="certificates that sign the server's own; none: the system's")
    user: str = Field(default="", max_length=255, description="to log in with; none: the server takes mail without")
    password: Secret | None = None
    sender: str = Field(max_length=120, description="the address in From: answers to it are what [mail] reads")

    @field_validator("sender")
    @classmethod
    def _address(cls, sender: str) -> str:
        return _checked(sender)

    @model_validator(mode="after")
    def _safe(self) -> MailSettings:
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("tls = none sends mail in clear text: it is for a server on the loopback")
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password go together: give both or neither")
        return self

    def smtp(self) -> Smtp:
        """The server."""
        password = self.password.value() if self.password else ""
        server = (self.name, self.host, self.port, self.tls, self.sender, self.timeout_s)
        return Smtp(*server, user=self.user, password=password, ca_file=self.ca_file)

    def mark(self, event: TicketEvent) -> str:
        """What tells the mail about `event` from all others of its ticket."""
        return f"{event.seq}.{self.name}"


class SmtpSettings(MailSettings):
    """Notices to a fixed list."""

    WANTS: ClassVar[frozenset[str]] = frozenset(
        {"opened", "severity_changed", "severity_forced", "severity_released", "recovered", "mitigated"}
        | {"resolved", "reopened", "closed", "escalated", "unsilenced", "reclassified"}
    )

    kind: Literal["smtp"]
    to: tuple[str, ...] = Field(min_length=1, max_length=50, description="who is told")

    @field_validator("to")
    @classmethod
    def _addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked(one) for one in to)

    def open(self, console: str) -> Notices:
        """Notices without pictures."""
        return Notices(self, console, unpictured)


class Notices:
    """Mails to people of ours. What it calls a ticket is the Message-ID of the first: the others answer it."""

    def __init__(self, settings: SmtpSettings, console: str, picture: Picture) -> None:
        self._settings, self._console, self._picture, self._smtp = settings, console, picture, settings.smtp()

    def deliver(self, outgoing: Outgoing, ticket: Ticket) -> str:
        """One mail to all of the list; the same event is the same Message-ID."""
        event, first = outgoing.event, outgoing.remote_id
        mine = message_id(ticket.id, self._settings.mark(event), domain(self._settings.sender))
        text = f"{happened(event)}\n\n{description(ticket, self._console)}"
        letter = Letter(
            id=mine,
            sender=self._settings.sender,
            to=self._settings.to,
            subject=tagged(ticket.id, headline(ticket)),
            text=text[:TEXT_CHARS],
            at_ms=event.at_ms,
            parents=(first,) if first and first != mine else (),
            automatic="auto-generated",
            picture=self._picture(ticket),
        )
        self._smtp.send(composed(letter), self._settings.to)
        return first or mine

    def test(self, text: str) -> str:
        """A mail to the list."""
        return tried(self._settings, self._settings.to, text)

    def close(self) -> None:
        """Nothing is kept open."""


def tried(settings: MailSettings, to: tuple[str, ...], text: str) -> str:
    """Send `text` to `to` as a test."""
    mine = f"<akira-test@{domain(settings.sender)}>"
    letter = Letter(mine, settings.sender, to, "Test", text, 0, automatic="auto-generated")
    message = composed(letter)
    del message["Message-ID"], message["Date"]
    settings.smtp().send(message, to)
    return f"sent to {', '.join(to)}"


def _checked(address: str) -> str:
    if not is_address(address):
        raise ValueError(f"{address!r} is no mail address: write it as noc@example.net, without a name")
    return address.lower()
