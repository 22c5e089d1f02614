"""What the desk is told besides the ticket and the command: time, actor, policy, and what is around."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from pipeline.desk.commands import Command, Refusal
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from pipeline.directory import Directory

NAME_MAX = 255
SUMMARY_MAX = 300
ITEMS_MAX = 200


@dataclass(frozen=True, slots=True)
class Around:
    """The live evidence at intake: who is who, and the tickets that are open now."""

    directory: Directory = Directory()
    open_tickets: tuple[Ticket, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """The arguments that every rule shares; `at_ms` is now."""

    at_ms: int
    actor: str
    policy: DeskPolicy
    around: Around = Around()


def oversize(command: Command, policy: DeskPolicy) -> Refusal | None:
    """The refusal of a command with a field that is too long, naming it and the limit."""
    found = _oversize(command, policy, "")
    if found is None:
        return None
    place, limit = found
    return Refusal("invalid", f"{place} is too long: at most {limit}.", hint="shorten it, or attach a link")


def _oversize(value: Any, policy: DeskPolicy, place: str) -> tuple[str, str] | None:
    if isinstance(value, str):
        field = place.rsplit(".", 1)[-1]
        limit = policy.text_max if field in ("text", "value", "why", "note") else NAME_MAX
        limit = SUMMARY_MAX if field == "summary" else limit
        return (place, f"{limit} characters") if len(value) > limit else None
    if isinstance(value, tuple):
        if len(value) > ITEMS_MAX:
            return place, f"{ITEMS_MAX} items"
        return next((found for item in value if (found := _oversize(item, policy, place))), None)
    if is_dataclass(value):
        parts = ((field.name, getattr(value, field.name)) for field in fields(value))
        dot = f"{place}." if place else ""
        return next((found for name, part in parts if (found := _oversize(part, policy, dot + name))), None)
    return None
