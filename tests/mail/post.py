"""A real SMTP server on the loopback that keeps what it is given, and shows the faults of real ones."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.ports import free_port

USER, PASSWORD = "akira", "tr0ub4dor&3"


@dataclass
class Post:
    """What came, in its order. `recipients` answers to some addresses, `faults` are the next answers to DATA: a reply,
    `late` (it is kept, and no answer comes in time) or None (all is well)."""

    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    recipients: dict[str, str] = field(default_factory=dict)
    senders: dict[str, str] = field(default_factory=dict)
    faults: deque[str | None] = field(default_factory=deque)
    sessions: list[Session] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.senders:
            return self.senders[address]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.recipients:
            return self.recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and fault != "late":
            return fault
        content = cast(bytes, envelope.content)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.envelopes.append(envelope)
        self.sessions.append(session)
        if fault == "late":
            await asyncio.sleep(60)  # until the other side has gone
        return "250 kept"

    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]


def _allowed(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, message=None if right else "535 5.7.8 no such user")


class _Tls(Controller):
    """TLS from the first byte."""

    def __init__(self, post: Post, port: int, context: ssl.SSLContext) -> None:
        super().__init__(post, hostname="127.0.0.1", port=port, ssl_context=context)


@contextmanager
def posting(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, log_in: bool = False
) -> Iterator[Post]:
    """A server while the block runs: in clear text, with STARTTLS, or with TLS from the first byte."""
    post = Post(port=free_port())
    if tls is not None:
        controller: Controller = _Tls(post, post.port, tls)
    else:
        extra: dict[str, Any] = {"tls_context": starttls, "require_starttls": True} if starttls else {}
        extra |= (
            {"authenticator": _allowed, "auth_required": True, "auth_require_tls": bool(starttls)} if log_in else {}
        )
        controller = Controller(post, hostname="127.0.0.1", port=post.port, **extra)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


@dataclass(frozen=True)
class Trust:
    """A certificate for the loopback, and the file of the authority that signed it."""

    server: ssl.SSLContext
    ca_file: str


def trust(folder: Path, name: str = "127.0.0.1") -> Trust:
    """A new authority and a certificate of `name`."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return Trust(context, str(file))
