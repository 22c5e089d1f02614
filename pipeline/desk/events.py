"""Ticket events: what happened, append-only and hash-chained, so that a changed past shows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

STRANGE: Final = re.compile(r"\\u(?:0000|d[89a-f])")
"""In JSON of ASCII: a NUL, or a surrogate, alone or in a pair."""
GENESIS: Final = "0" * 64
"""`prev_hash` of the first event of a ticket."""

KINDS: Final[tuple[str, ...]] = (
    "opened",
    "telemetry_updated",
    "severity_changed",
    "severity_forced",
    "severity_released",
    "severity_graded",
    "recovered",
    "acknowledged",
    "taken",
    "responded",
    "noted",
    "intake_amended",
    "evidence_added",
    "root_cause_set",
    "window_confirmed",
    "postmortem_linked",
    "reclassified",
    "mitigated",
    "resolved",
    "reopened",
    "closed",
    "merged",
    "unmerged",
    "absorbed",
    "absorbed_recovered",
    "absorbed_relapsed",
    "released",
    "split",
    "unsplit",
    "linked",
    "unlinked",
    "parent_set",
    "parent_cleared",
    "child_joined",
    "child_left",
    "escalated",
    "silenced",
    "unsilenced",
    "watched",
    "unwatched",
)


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One change of one ticket: `seq` counts from 1, `kind` is past tense, `data` is JSON, `why` is for people."""

    ticket_id: str
    seq: int
    at_ms: int
    actor: str
    kind: str
    data: Mapping[str, Any]
    why: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """An event before it has its place in the chain."""

    kind: str
    data: Mapping[str, Any]
    why: str = ""


def digest(event: TicketEvent) -> str:
    """SHA-256 (hex) over the canonical JSON of everything but the hash itself."""
    body = [event.ticket_id, event.seq, event.at_ms, event.actor, event.kind, event.data, event.why, event.prev_hash]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def chain(
    ticket_id: str, version: int, head: str, changes: Iterable[Change], at_ms: int, actor: str
) -> list[TicketEvent]:
    """Give changes their seq and hashes, after event `version` with hash `head` (0 and GENESIS for a new ticket)."""
    events: list[TicketEvent] = []
    for change in changes:
        version += 1
        data = _plain(change.data)
        bare = TicketEvent(ticket_id, version, at_ms, actor, change.kind, data, storable(change.why), head, "")
        events.append(replace(bare, hash=digest(bare)))
        head = events[-1].hash
    return events


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data as it will be read back; what has nothing strange in it needs no look at each of its strings."""
    text = json.dumps(data, allow_nan=False, default=dict)
    if STRANGE.search(text):
        text = json.dumps(storable(data), allow_nan=False)
    found: dict[str, Any] = json.loads(text)
    return found


def storable(value: Any) -> Any:
    """`value` without what a database cannot hold: NUL and lone surrogates in its strings are shown as U+FFFD."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def verify(events: Sequence[TicketEvent]) -> str | None:
    """None when the log of one ticket is whole; else what is wrong and where."""
    head = GENESIS
    for place, event in enumerate(events, start=1):
        where = f"ticket {event.ticket_id} event {event.seq}"
        if event.ticket_id != events[0].ticket_id:
            return f"{where}: belongs to another ticket than {events[0].ticket_id}"
        if event.seq != place:
            return f"{where}: event {place} is missing or out of order"
        if event.prev_hash != head:
            return f"{where}: does not follow event {place - 1} (its previous hash differs)"
        if digest(event) != event.hash:
            return f"{where}: its content was changed after it was written"
        head = event.hash
    return None
