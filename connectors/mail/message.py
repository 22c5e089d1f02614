"""A mail as it came, read without trust: sender, thread, text, names of attachments, and whether a program sent it.

RFC 5322 headers, RFC 2045 bodies, RFC 3834 and its unwritten forerunners for what is automatic, RFC 3464 for bounces.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

from connectors.errors import ConnectorError
from connectors.mail.addresses import addresses_in
from connectors.outlets.html_text import html_text

PARTS: Final = 200
RULES: Final = 5_000
"""Lines that may begin a part: the parser would make all of them before any could be left out."""
HEAD_BYTES: Final = 250_000
HEADER_CHARS: Final = 20_000
IDS: Final = 100
NAMES: Final = 50
_ID: Final = re.compile(r"<[^<>\s]{1,500}>")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MACHINES: Final = ("mailer-daemon@", "postmaster@")
_FATAL: Final = "5"
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """`parents` are the Message-IDs it answers, the nearest first; `at_ms` is its Date (epoch ms), if it has one.

    `automatic` says why a program sent it, empty for a person's mail; `undelivered` tells of each address that a mail
    of ours (one of `parents`) did not reach.
    """

    id: str
    parents: tuple[str, ...]
    sender: str
    subject: str
    at_ms: int | None
    text: str
    attachments: tuple[str, ...]
    automatic: str
    undelivered: tuple[str, ...] = ()


def read(raw: bytes) -> Mail:
    """The mail in `raw`. Raises ConnectorError when it is none, or has no sender."""
    if not raw.strip():
        raise ConnectorError("the mail is empty", "a mail as RFC 5322 has it: headers, an empty line, the text")
    if raw.count(b"\n--") > RULES or len(_END_OF_HEAD.split(raw, maxsplit=1)[0]) > HEAD_BYTES:
        raise ConnectorError("the mail has too many parts or headers", "no mail program sends such a mail")
    try:
        message = message_from_bytes(raw)
        parts = list(_parts(message))
        text, attachments = _text(parts), _attachments(parts)
        undelivered, returned = _bounce(parts)
    except Exception as wrong:  # the standard library's parser raises many kinds for what it cannot read
        raise ConnectorError(f"the mail cannot be read: {type(wrong).__name__} {wrong}"[:300]) from wrong
    senders = addresses_in(_header(message, "From")) or addresses_in(_header(message, "Sender"))
    automatic = _automatic(message, senders)
    if not senders and not automatic:
        raise ConnectorError("the mail has no sender", "From: must hold an address such as noc@example.net")
    own = _ID.findall(_header(message, "Message-ID"))
    return Mail(
        id=own[0] if own else f"<{hashlib.sha256(raw).hexdigest()}@without-id>",
        parents=_parents(message, returned),
        sender=senders[0] if senders else "",
        subject=" ".join(_clean(_header(message, "Subject")).split())[:1000],
        at_ms=_date(message),
        text=text,
        attachments=attachments,
        automatic=automatic,
        undelivered=undelivered,
    )


def _header(message: Message, name: str) -> str:
    """Decoded, whatever it is encoded in; empty when it is absent."""
    raw = str(message.get(name, ""))[:HEADER_CHARS]
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, UnicodeError, HeaderParseError, ValueError):
        return raw.encode("ascii", "replace").decode()


def _parents(message: Message, returned: list[str]) -> tuple[str, ...]:
    answered = _ID.findall(_header(message, "In-Reply-To"))
    thread = _ID.findall(_header(message, "References"))
    return tuple(dict.fromkeys([*returned, *answered, *reversed(thread)]))[:IDS]


def _date(message: Message) -> int | None:
    try:
        return round(parsedate_to_datetime(_header(message, "Date")).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _automatic(message: Message, senders: tuple[str, ...]) -> str:
    """Why nobody wrote it by hand."""
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return f"Auto-Submitted: {submitted}"[:100]
    precedence = _header(message, "Precedence").strip().lower()
    if precedence in ("bulk", "junk", "list", "auto_reply"):
        return f"Precedence: {precedence}"
    for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond"):
        if name in message:
            return name
    if message.get_content_type() == "multipart/report":
        return "a report of a mail server"
    if _header(message, "Return-Path").strip() == "<>":
        return "Return-Path: <>"
    return "a mail server" if senders and senders[0].startswith(_MACHINES) else ""


def _parts(message: Message) -> Iterator[Message]:
    """The leaves in their order; a mail within the mail is one of them."""
    waiting = [message]
    for _ in range(PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting[:0] = [each for each in inner if isinstance(each, Message)]
        else:
            yield part


def _text(parts: list[Message]) -> str:
    """The plain text; that of the HTML when there is none."""
    shown = [part for part in parts if part.get_content_disposition() != "attachment"]
    for kind in ("text/plain", "text/html"):
        texts = [_decoded(part) for part in shown if part.get_content_type() == kind]
        if kind == "text/html":
            texts = [html_text(text) for text in texts]
        if text := "\n\n".join(text.strip() for text in texts if text.strip()):
            return _clean(text.replace("\r\n", "\n").replace("\r", "\n"))
    return ""


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return raw.decode(charset)
        except (LookupError, UnicodeError):
            continue
    return raw.decode("cp1252", "replace")


def _attachments(parts: list[Message]) -> tuple[str, ...]:
    """`trace.pcap (34 kB)` each: what they hold is never read."""
    named = []
    for part in parts:
        name = part.get_filename()
        if name or part.get_content_disposition() == "attachment" or part.get_content_maintype() == "message":
            kept = " ".join(_clean(name or part.get_content_type()).split())[:150]
            payload = part.get_payload(decode=True)
            size = len(payload) if isinstance(payload, bytes) else 0
            named.append(f"{kept} ({max(1, size // 1000)} kB)" if size else kept)
    more = len(named) - NAMES
    return (*named[:NAMES], *((f"and {more} more",) if more > 0 else ()))


def _bounce(parts: list[Message]) -> tuple[tuple[str, ...], list[str]]:
    """Who was not reached, and the Message-IDs of the mail that came back."""
    lost: list[str] = []
    returned: list[str] = []
    for part in parts:
        inner = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(inner, list):
            for fields in inner:
                if isinstance(fields, Message) and _header(fields, "Status").strip().startswith(_FATAL):
                    who = _header(fields, "Final-Recipient").partition(";")[2].strip()
                    why = " ".join(_clean(_header(fields, "Diagnostic-Code")).split())
                    lost.append(f"{who}: {why or _header(fields, 'Status')}"[:300])
        elif part.get_content_type() == "text/rfc822-headers":
            returned += _ID.findall(_header(message_from_bytes(_decoded(part).encode()), "Message-ID"))
        elif part.get_content_type() == "message/rfc822" and isinstance(inner, list) and lost:
            mails = [each for each in inner if isinstance(each, Message)]
            returned += [found for each in mails for found in _ID.findall(_header(each, "Message-ID"))]
    return tuple(lost[:NAMES]), returned[:IDS]


def _clean(text: str) -> str:
    """Without control and direction marks: they could make it look like another text."""
    return _UNSEEN.sub("", text)
