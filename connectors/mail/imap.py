"""Mails in a mailbox by IMAP (RFC 3501, MOVE of RFC 6851): polled; what is taken moves to other mailboxes."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from connectors.errors import ConnectorError
from connectors.mail.inlet import AT_ONCE, Waiting
from connectors.mail.settings import ImapSettings
from pipeline.ports import Disconnected

T = TypeVar("T")


class Imap:
    """An `Inlet` of one mailbox. A connection lives for one look: a poll every few seconds needs no more."""

    name = "mail-imap"

    def __init__(self, settings: ImapSettings, max_bytes: int) -> None:
        self._settings, self._max_bytes = settings, max_bytes
        self._session: imaplib.IMAP4 | None = None

    def waiting(self) -> Iterator[Waiting]:
        """The oldest first. A mail that was marked as deleted is not looked at."""
        self.close()
        self._session = self._try(self._opened)
        found = self._ask("search", "UNDELETED")
        for uid in (found[0] or b"").split()[:AT_ONCE]:
            parts = self._ask("fetch", uid.decode(), f"(BODY.PEEK[]<0.{self._max_bytes + 1}>)")
            raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
            if raw is not None:
                yield Waiting(uid.decode(), raw)
        self.close()

    def done(self, mail: Waiting) -> None:
        """Move it to the mailbox `done`."""
        self._move(mail.key, self._settings.done)

    def failed(self, mail: Waiting, why: str) -> None:
        """Move it to the mailbox `failed`, flagged; `why` is in the log."""
        self._ask("store", mail.key, "+FLAGS", r"(\Flagged)")
        self._move(mail.key, self._settings.failed)

    def close(self) -> None:
        """Log out."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                session.logout()

    def _opened(self) -> imaplib.IMAP4:
        """Connected, encrypted, logged in, the three mailboxes there."""
        known = self._settings
        trusted, host = self._trusted(), known.host or ""
        session: imaplib.IMAP4
        if known.tls == "tls":
            session = imaplib.IMAP4_SSL(host, known.port, ssl_context=trusted, timeout=known.timeout_s)
        else:
            session = imaplib.IMAP4(host, known.port, timeout=known.timeout_s)
        try:
            if known.tls == "starttls":
                session.starttls(trusted)
            session.login(_quoted(known.user), known.password.get_secret_value())
            for mailbox in (known.done, known.failed):
                if session.status(_quoted(mailbox), "(UIDNEXT)")[0] != "OK":
                    session.create(_quoted(mailbox))
            status, told = session.select(_quoted(known.mailbox))
            if status != "OK":
                raise imaplib.IMAP4.error(f"there is no mailbox {known.mailbox}: {told}")
        except BaseException:
            with suppress(OSError):
                session.shutdown()
            raise
        return session

    def _trusted(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._settings.ca_file)
        except OSError as wrong:
            told = f"[mail.imap] ca_file {self._settings.ca_file} cannot be read: {wrong}"
            raise ConnectorError(told, "a file of certificates in PEM") from None

    def _move(self, uid: str, mailbox: str) -> None:
        """By MOVE; else copied and marked as deleted: what others have marked is not expunged."""
        can = self._try(lambda: self._alive().capability())[1][0].upper().split()
        if b"MOVE" in can:
            self._ask("move", uid, _quoted(mailbox))
            return
        self._ask("copy", uid, _quoted(mailbox))
        self._ask("store", uid, "+FLAGS", r"(\Deleted)")
        if b"UIDPLUS" in can:
            self._ask("expunge", uid)

    def _ask(self, command: str, *given: str) -> list[Any]:
        """A command by UID."""
        status, answer = self._try(lambda: self._alive().uid(command, *given))
        if status != "OK":
            raise ConnectorError(self._told(f"answers {command} with {status}: {answer}"))
        return answer

    def _alive(self) -> imaplib.IMAP4:
        if self._session is None:
            raise Disconnected(self._told("was left"))
        return self._session

    def _try(self, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except imaplib.IMAP4.abort as wrong:
            raise Disconnected(self._told(str(wrong))) from None
        except imaplib.IMAP4.error as wrong:
            hint = "are [mail.imap] user, password, tls and mailbox right?"
            raise ConnectorError(f"{self._told(str(wrong))} ({hint})", hint) from None
        except ssl.SSLCertVerificationError as wrong:
            hint = "[mail.imap] ca_file names the certificate that signs the server's"
            raise ConnectorError(f"{self._told(wrong.verify_message)} ({hint})", hint) from None
        except UnicodeError:
            hint = "[mail.imap] user and password must be ASCII"
            raise ConnectorError(f"{self._told('cannot log in')} ({hint})", hint) from None
        except OSError as wrong:
            raise Disconnected(self._told(f"{type(wrong).__name__} {wrong}")) from None

    def _told(self, said: str) -> str:
        secret = self._settings.password.get_secret_value()
        plain = said.replace(secret, "***") if secret else said
        return f"mailbox {self._settings.host}:{self._settings.port} {plain[:300]}"


def _quoted(text: str) -> str:
    """An IMAP string; names beyond ASCII need the server's own spelling."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
