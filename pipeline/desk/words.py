"""Times, durations, slices and money in the words that people read in messages and drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from pipeline.incidents import Cost

_SIGNS: Final = {"EUR": "€", "GBP": "£", "USD": "$"}
_KINDS: Final = {"not_carried": "not carried", "unrated": "carried unrated"}
_COUNTED: Final = {"not_carried": "answered calls missing", "unrated": "answered calls without a price above normal"}


def clock(at_ms: int) -> str:
    """`2026-11-24 14:02 UTC`."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(from_ms: int, to_ms: int) -> str:
    """A duration that fits: `23 min`, `2 h 5 min`, `3 d 4 h`."""
    minutes = max(0, to_ms - from_ms) // 60_000
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def cause_words(cause: Mapping[str, tuple[str, ...]]) -> str:
    """`terminator term-05 × destination Germany-Mobile`; an empty cause is the whole platform."""
    if not cause:
        return "the whole platform"
    return " × ".join(f"{dimension} {', '.join(values)}" for dimension, values in cause.items())


def money(micro: float, currency: str) -> str:
    """`€84`, `€1,200`, `CHF 3.4`: two digits, since an estimate knows no more."""
    value = float(f"{micro / 1e6:.2g}")
    return f"{_SIGNS.get(currency, f'{currency} ')}" + (f"{value:,.0f}" if value >= 10 else f"{value:.2g}")


def cost_by_hour(costs: Sequence[Cost]) -> str:
    """`≈ €84/h`, of several currencies each: `≈ €84/h + $12/h`."""
    return "≈ " + " + ".join(f"{money(cost.per_h_micro, cost.currency)}/h" for cost in costs)


def cost_so_far(costs: Sequence[Cost]) -> str:
    """`≈ €31`: since the onset."""
    return "≈ " + " + ".join(money(cost.total_micro, cost.currency) for cost in costs)


def cost_kind(costs: Sequence[Cost]) -> str:
    """`not carried` or `carried unrated`: an incident has costs of one kind."""
    return _KINDS[costs[0].kind]


def cost_words(costs: Sequence[Cost]) -> str:
    """A sentence with what the estimate is made of; nothing when there is none."""
    if not costs:
        return ""
    counted, kind = f"{costs[0].calls:,.0f} {_COUNTED[costs[0].kind]}", cost_kind(costs)
    means = " + ".join(money(cost.charge_micro, cost.currency) for cost in costs)
    charged = f"{sum(cost.charged_calls for cost in costs):,}"
    return (
        f"{cost_by_hour(costs)} {kind}, {cost_so_far(costs)} since the onset: {counted}, "
        f"at a mean charge of {means} ({charged} calls)"
    )
