"""Silences and maintenance: they hide pages, never tickets; they end, say why, and count what they hid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pipeline.desk.commands import Refusal
from pipeline.desk.policy import MINUTE_MS, DeskPolicy
from pipeline.incidents import CAUSE_DIMENSIONS, Signal

QuietKind = Literal["silence", "maintenance"]
MATCHERS: Final[tuple[str, ...]] = (*CAUSE_DIMENSIONS, "ticket_type", "signal")


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `starts_ms` until `ends_ms` tickets that match page nobody.

    `match` maps a dimension of the cause, `ticket_type` or `signal` to the values that are silenced; all named
    dimensions must hold. `hidden` counts the tickets whose pages it kept back.
    """

    id: str
    kind: QuietKind
    match: Mapping[str, tuple[str, ...]]
    starts_ms: int
    ends_ms: int
    why: str
    by: str
    hidden: int = field(default=0, compare=False)


def refuse(quiet: Quiet, at_ms: int, policy: DeskPolicy) -> Refusal | None:
    """What is wrong with a silence: it needs a reason, a matcher, and an end within the limit."""
    if not quiet.why.strip():
        return Refusal("missing", "A silence needs a reason.", ("why",), "say why in a few words")
    unknown = [name for name in quiet.match if name not in MATCHERS]
    if unknown or not any(quiet.match.values()):
        what = f"Unknown matcher {unknown[0]}." if unknown else "A silence that matches everything is refused."
        return Refusal("invalid", what, ("match",), f"choose from {', '.join(MATCHERS)}")
    longest = policy.silence_max_days * 1440 * MINUTE_MS
    if not max(at_ms, quiet.starts_ms) < quiet.ends_ms <= max(at_ms, quiet.starts_ms) + longest:
        days = policy.silence_max_days
        return Refusal("invalid", f"A silence ends after it starts and within {days} days.", ("ends",), "give its end")
    return None


def quiet_for(
    quiets: Iterable[Quiet],
    cause: Mapping[str, tuple[str, ...]],
    ticket_type: str,
    signals: Iterable[Signal | str],
    at_ms: int,
) -> Quiet | None:
    """The longest silence that hides a fault with this cause at `at_ms`; a platform outage (no cause) is never hidden
    by a silence of a part of it."""
    seen = {**{name: frozenset(values) for name, values in cause.items()}, "ticket_type": frozenset({ticket_type})}
    seen["signal"] = frozenset(signals)
    hits = [
        quiet
        for quiet in quiets
        if quiet.starts_ms <= at_ms < quiet.ends_ms
        and all(_covers(frozenset(values), seen.get(name, frozenset())) for name, values in quiet.match.items())
    ]
    return max(hits, key=lambda quiet: (quiet.ends_ms, quiet.id), default=None)


def _covers(silenced: frozenset[str], seen: frozenset[str]) -> bool:
    """Everything that the fault names in this dimension is silenced."""
    return bool(seen) and seen <= silenced
