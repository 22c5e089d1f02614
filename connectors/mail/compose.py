"""A mail as it leaves: plain text, the picture of the incident beside it, headers that keep its thread together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Final, Literal

from connectors.mail.threads import references

POLICY: Final = SMTP.clone(max_line_length=998)
"""Long enough that no Message-ID is folded: folding would encode it, and it would no longer be found."""
Automatic = Literal["", "auto-generated", "auto-replied"]


@dataclass(frozen=True, slots=True)
class Letter:
    """What there is to say. `at_ms` is when it was said, so that a repeat is the same mail.

    `automatic` (RFC 3834): empty for what a person wrote, `auto-replied` for an answer that a program gives to one
    mail, `auto-generated` for what it says by itself. Without `to` the recipients do not see each other.
    """

    id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    at_ms: int
    parents: Sequence[str] = ()
    automatic: Automatic = ""
    picture: bytes | None = None


def composed(letter: Letter) -> EmailMessage:
    """The message, ready for SMTP."""
    message = EmailMessage(policy=POLICY)
    message["From"] = letter.sender
    message["To"] = ", ".join(letter.to) if letter.to else "undisclosed-recipients:;"
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = formatdate(letter.at_ms / 1000)
    message["Message-ID"] = letter.id
    if letter.parents:
        message["In-Reply-To"] = letter.parents[-1]
        message["References"] = references(letter.parents)
    if letter.automatic:
        message["Auto-Submitted"] = letter.automatic
    message.set_content(letter.text.rstrip() + "\n")
    if letter.picture is not None:
        message.add_attachment(
            letter.picture, maintype="image", subtype="png", disposition="inline", filename="incident.png"
        )
    return message
