"""Sends one mail by SMTP (RFC 5321), and says what becomes of it: again later, a person must look, never.

`STARTTLS` is not optional: a server that does not offer it, or whose certificate is not known, gets nothing.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final, Literal

from connectors.errors import ConnectorError
from connectors.mail.addresses import domain
from connectors.outlets.port import Refused
from pipeline.ports import Disconnected

Tls = Literal["starttls", "tls", "none"]
SAID_CHARS: Final = 300


@dataclass(frozen=True)
class Smtp:
    """One server. `name` is the outlet in errors, which never show the password."""

    name: str
    host: str
    port: int
    tls: Tls
    sender: str
    timeout_s: float
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """Send to all `recipients` in one transaction.

        Raises Disconnected (away, or a 4xx), ConnectorError (log-in, TLS or sender are refused), Refused (a 5xx for the
        message, or for some recipients: the others have it).
        """
        try:
            session = self._session()
        except smtplib.SMTPException as wrong:
            raise self._judged(wrong) from None
        except OSError as wrong:
            raise self._away(wrong) from None
        try:
            refused = self._transaction(session, message, recipients)
            with suppress(OSError, smtplib.SMTPException):
                session.quit()
        finally:
            session.close()
        if refused:
            raise Refused(self._told("; ".join(refused)))

    def _transaction(self, session: smtplib.SMTP, message: EmailMessage, recipients: Sequence[str]) -> list[str]:
        """What was said of recipients that are refused for good."""
        try:
            self._expect(*session.mail(self.sender), "MAIL FROM", sender=True)
            refused = []
            for recipient in recipients:
                code, said = session.rcpt(recipient)
                if code >= 500:
                    refused.append(f"{recipient}: {code} {_plain(said)}")
                else:
                    self._expect(code, said, f"RCPT TO {recipient}")
            if len(refused) < len(recipients):
                self._expect(*session.data(message.as_bytes()), "DATA")
            return refused
        except smtplib.SMTPException as wrong:
            raise self._judged(wrong) from None
        except OSError as wrong:
            raise self._away(wrong) from None

    def _session(self) -> smtplib.SMTP:
        """Connected, encrypted, logged in."""
        trusted = self._trusted()
        myself = domain(self.sender)
        session: smtplib.SMTP
        if self.tls == "tls":
            session = smtplib.SMTP_SSL(self.host, self.port, myself, timeout=self.timeout_s, context=trusted)
        else:
            session = smtplib.SMTP(self.host, self.port, myself, timeout=self.timeout_s)
        try:
            if self.tls == "starttls":
                session.starttls(context=trusted)
            session.ehlo_or_helo_if_needed()
            if self.user:
                session.login(self.user, self.password)
        except BaseException:
            session.close()
            raise
        return session

    def _trusted(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as wrong:
            told = self._told(f"ca_file {self.ca_file} cannot be read: {wrong}")
            raise ConnectorError(told, "a file of certificates in PEM") from None

    def _expect(self, code: int, said: bytes, step: str, *, sender: bool = False) -> None:
        """Go on after a 2xx or 3xx."""
        if code < 400:
            return
        told = self._told(f"{step}: {code} {_plain(said)}")
        if code < 500:
            raise Disconnected(told)
        raise ConnectorError(told, "may this user send as `sender`?") if sender else Refused(told)

    def _judged(self, wrong: smtplib.SMTPException) -> Exception:
        told = self._told(str(wrong))
        if isinstance(wrong, smtplib.SMTPServerDisconnected):
            return Disconnected(told)
        if isinstance(wrong, smtplib.SMTPDataError):
            return Disconnected(told) if wrong.smtp_code < 500 else Refused(told)
        if isinstance(wrong, smtplib.SMTPResponseException) and wrong.smtp_code < 500:
            return Disconnected(told)
        hint = "are user and password right?" if isinstance(wrong, smtplib.SMTPAuthenticationError) else "is tls right?"
        return ConnectorError(f"{told} ({hint})", hint)

    def _away(self, wrong: OSError) -> Exception:
        if isinstance(wrong, ssl.SSLCertVerificationError):
            hint = "`ca_file` names the certificate that signs the server's"
            return ConnectorError(f"{self._told(wrong.verify_message)} ({hint})", hint)
        told = self._told(f"{type(wrong).__name__} {wrong}")
        if isinstance(wrong, ssl.SSLError) and not isinstance(wrong, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            hint = "is tls right for this port? starttls is usual on 587, tls on 465"
            return ConnectorError(f"{told} ({hint})", hint)
        return Disconnected(told)

    def _told(self, said: str) -> str:
        secret = said.replace(self.password, "***") if self.password else said
        return f"outlet {self.name}: {self.host}:{self.port} {' '.join(secret.split())[:SAID_CHARS]}"


def _plain(said: bytes) -> str:
    return said.decode("utf-8", "replace")
