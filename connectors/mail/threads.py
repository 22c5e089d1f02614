"""What ties mails to tickets: our Message-IDs carry the ticket, subjects carry its tag. RFC 5322 section 3.6.4."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote

ID_CHARS: Final = 250
REFERENCES_CHARS: Final = 900
"""A header line holds 998; RFC 5322 asks for the first and the last ones when there are too many."""
SUBJECT_CHARS: Final = 200
_OURS: Final = re.compile(r"<akira\+([^+@<>\s]{1,300})\+[^@<>\s]{1,100}@[^<>\s@]{1,255}>")
_TAG: Final = re.compile(r"\[AKI-([^\s\[\]]{1,255})\]")
_PREFIX: Final = re.compile(r"\s*(?:(?:re|aw|sv|fw|fwd|wg|antw|tr|rv)\s*(?:\[\d{1,3}\])?\s*:)\s*", re.IGNORECASE)


def message_id(ticket_id: str, mark: str, host: str) -> str:
    """`<akira+D-000007+3.customers@noc.example>`: the same whenever the message is sent again."""
    return f"<akira+{quote(ticket_id, safe='')}+{mark}@{host}>"


def ticket_in(message_id: str) -> str | None:
    """The ticket that one of our own Message-IDs names."""
    ours = _OURS.fullmatch(message_id)
    return unquote(ours[1]) if ours else None


def tagged(ticket_id: str, summary: str) -> str:
    """A subject that leads back to the ticket."""
    return f"[AKI-{ticket_id}] {' '.join(summary.split())}"[:SUBJECT_CHARS]


def tags(subject: str) -> tuple[str, ...]:
    """The tickets that a subject names, the first first."""
    return tuple(dict.fromkeys(_TAG.findall(subject)))


def bare(subject: str) -> str:
    """The subject without tags and the `Re:` of mail programs."""
    text = " ".join(_TAG.sub(" ", subject).split())
    while match := _PREFIX.match(text):
        text = text[match.end() :]
    return text.strip()


def references(parents: Sequence[str]) -> str:
    """The value of References: the first of the thread and as many of the last as there is room for."""
    known = [one for one in dict.fromkeys(parents) if len(one) <= ID_CHARS]
    while len(known) > 2 and sum(len(one) + 1 for one in known) > REFERENCES_CHARS:
        del known[1]
    return " ".join(known)
