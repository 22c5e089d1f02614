"""What a customer's words say of the intake: fields, window, examples, and a class that is only a suggestion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pipeline.desk.ticket import Intake
from pipeline.directory import Directory
from pipeline.incidents import TicketType

EXAMPLES: Final = 20
FIELD_CHARS: Final = 255
_MOST_MS: Final = 400 * 86_400_000
_LABELS: Final[dict[str, str]] = {
    "customer": r"customer|company|originator",
    "account": r"account(?:\s*(?:no|number|id|nr))?\.?",
    "affected": r"(?:affected\s+)?(?:trunk|cli|trunk group|number)|affected",
    "from": r"since|from|start(?:ed)?|begin|window",
    "to": r"until|to|end(?:ed)?",
}
_LINE: Final = {
    name: re.compile(rf"^[ \t>*-]{{0,10}}(?:{words})[ \t]*[:=][ \t]*(\S.{{0,250}})$", re.IGNORECASE | re.MULTILINE)
    for name, words in _LABELS.items()
}
_MOMENT: Final = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)[T ,]{1,2})?(\d\d:\d\d(?::\d\d)?)[ ]?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b)?", re.IGNORECASE
)
_SINCE: Final = re.compile(rf"\b(?:since|from)\b[^\n]{{0,20}}?({_MOMENT.pattern})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![\w.:-])\+?\d{7,15}(?![\w:-])")
_CALL: Final = re.compile(r"\bcall[- ]?id[ \t]*[:=]?[ \t]*(\S{5,200})", re.IGNORECASE)

WORDS: Final[dict[TicketType, tuple[str, ...]]] = {
    "billing": ("invoice", "credit note", "payment", "dispute", "overcharged", "billed", "billing", "tariff", "rate"),
    "access": ("password", "log in", "login", "mfa", "2fa", "locked out", "authenticator", "portal access", "sign in"),
    "balance": ("balance", "prepaid", "top-up", "topped up", "credit limit", "blocked for", "out of credit"),
    "cdr_pipeline": ("cdr", "cdrs", "call records", "call detail", "duplicate records", "missing records"),
    "sip_quality": ("calls", "call", "asr", "acd", "pdd", "sip", "trunk", "registration", "one-way", "no audio", "503")
    + ("failing", "route", "routing", "fas", "ring", "timeout"),
}
"""The seed's ticket types by the words that people use for them; the first class wins a tie."""
_IMPACT: Final = re.compile(
    r"\b(?:all (?:our |outgoing |outbound |inbound )?calls|no calls|outage|is down|are down|cannot (?:make|place)|"
    r"can't (?:make|place)|unable to (?:make|place)|(?:is|are) (?:all )?(?:failing|blocked)|service[- ]affecting)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A class, the words that speak for it, and whether the text says that service is hit right now."""

    ticket_type: TicketType
    words: tuple[str, ...]
    impact: bool


def suggested(subject: str, text: str, otherwise: TicketType) -> Suggestion:
    """The class whose words are said most, those of the subject counting twice; `otherwise` when none is."""
    said = f" {subject} {subject} {text} ".lower()
    found = {kind: {word: n for word in words if (n := _times(said, word))} for kind, words in WORDS.items()}
    best = max(WORDS, key=lambda kind: sum(found[kind].values()))
    return Suggestion(best if found[best] else otherwise, tuple(found[best])[:5], bool(_IMPACT.search(said)))


def intake_of(subject: str, text: str, sent_ms: int, directory: Directory, customer: str = "") -> Intake:
    """The fields that the text gives; `customer` is who the sender is known to be. Times without a day are of the day
    it was sent, times without a zone are UTC."""
    everything = f"{subject}\n{text}"
    said = _label("customer", text)
    customer = customer or _known(said, directory) or _mentioned(everything, directory) or said
    begin, end = _window(everything, sent_ms)
    return Intake(
        customer=customer,
        account=_label("account", text) or _account(everything, customer, directory),
        affected=_label("affected", text) or _trunk(everything, customer, directory),
        from_ms=begin,
        to_ms=end,
        examples=_examples(text),
    )


def lacking(old: Intake, new: Intake) -> Intake | None:
    """Of `new` what `old` lacks, for an `Amend`; None when there is nothing."""
    more = Intake(
        customer="" if old.customer else new.customer,
        account="" if old.account else new.account,
        affected="" if old.affected else new.affected,
        from_ms=new.from_ms if old.from_ms is None else None,
        to_ms=new.to_ms if old.to_ms is None and old.from_ms is None else None,
        examples=tuple(one for one in new.examples if one not in old.examples),
    )
    return None if more == Intake() else more


def _label(name: str, text: str) -> str:
    found = _LINE[name].search(text)
    return found[1].strip()[:FIELD_CHARS] if found else ""


def _known(said: str, directory: Directory) -> str:
    """The id of the customer that is called so."""
    names = {name.lower(): entry.id for entry in directory.customers for name in (entry.name, entry.id) if name}
    return names.get(said.lower(), "")


def _mentioned(text: str, directory: Directory) -> str:
    """The one customer whose id, name, trunk or account is in the text; of several nobody knows which is meant."""
    spoken = _spoken(text)
    found = {
        entry.id
        for entry in directory.customers
        if any(spoken(name) for name in (entry.id, entry.name, *entry.trunks, *entry.accounts))
    }
    return next(iter(found)) if len(found) == 1 else ""


def _spoken(text: str) -> Callable[[str], bool]:
    """Whether a name of three letters or more is said: by one look-up each, since directories are long."""
    said = text.lower()
    words = {word.strip(".:-") for word in re.findall(r"[\w.:@+-]+", said)}
    return lambda name: len(name) >= 3 and (name.lower() in words or (" " in name and name.lower() in said))


def _of(customer: str, directory: Directory, field: str) -> Iterable[str]:
    return (value for entry in directory.customers if entry.id == customer for value in getattr(entry, field))


def _account(text: str, customer: str, directory: Directory) -> str:
    """An account of the customer that is named in the text, or its only one."""
    accounts = tuple(_of(customer, directory, "accounts"))
    return next(filter(_spoken(text), accounts), accounts[0] if len(accounts) == 1 else "")


def _trunk(text: str, customer: str, directory: Directory) -> str:
    return next(filter(_spoken(text), _of(customer, directory, "trunks")), "")


def _window(text: str, sent_ms: int) -> tuple[int | None, int | None]:
    begin = next((at for line in _LINE["from"].finditer(text) if (at := _moments(line[1], sent_ms))), [])
    end = next((at for line in _LINE["to"].finditer(text) if (at := _moments(line[1], sent_ms))), [])
    if not begin and (found := _SINCE.search(text)):
        begin = _moments(found[1], sent_ms)
    if not begin:
        return None, None
    last = end[0] if end else (begin[1] if len(begin) > 1 else None)
    return begin[0], last if last is not None and last >= begin[0] else None


def _moments(text: str, sent_ms: int) -> list[int]:
    """The times in a text, none of them after it was sent nor long before."""
    found = []
    for day, hour, zone in _MOMENT.findall(text):
        offset = "+00:00" if zone.upper() in ("", "Z", "UTC", "GMT") else zone
        date = day or datetime.fromtimestamp(sent_ms / 1000, UTC).date().isoformat()
        try:
            at = datetime.fromisoformat(f"{date}T{hour}{offset}")
        except ValueError:
            continue
        if not day and at.timestamp() * 1000 > sent_ms:
            at -= timedelta(days=1)
        at_ms = round(at.timestamp() * 1000)
        if sent_ms - _MOST_MS <= at_ms <= sent_ms:
            found.append(at_ms)
    return found


def _examples(text: str) -> tuple[str, ...]:
    """Lines with two numbers, or with a call id."""
    lines = (line.strip(" \t>*-•") for line in text.splitlines())
    kept = (line[:FIELD_CHARS] for line in lines if len(_NUMBER.findall(line)) >= 2 or _CALL.search(line))
    return tuple(dict.fromkeys(kept))[:EXAMPLES]


def _times(text: str, word: str) -> int:
    return len(re.findall(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text))
