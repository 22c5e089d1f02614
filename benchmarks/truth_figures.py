"""Figures of labelled runs: what was found, how exactly, how late, and what nobody had asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from akira.scoring import Score, match
from benchmarks.truth_run import Outcome, day_of, warm_days
from pipeline.records import MINUTE_MS

_EVIDENCE: Final = math.log(1e7)
"""Nats that a promise of about one false alarm in 10^7 key-minutes costs."""
Maker = Callable[[Outcome], list[dict[str, Any]]]


def figures(outcomes: Sequence[Outcome], maker: Maker) -> dict[str, Any]:
    """All figures of one method: mean and half-width of the 95 % interval over seeds, or None where nothing counts."""
    seeds = [_of_seed(outcome, maker(outcome)) for outcome in outcomes]
    delays = [minutes for seed in seeds for minutes in seed.pop("delays")]
    bounds = [ratio for seed in seeds for ratio in seed.pop("bounds")]
    told: dict[str, Any] = {name: _mean([seed[name] for seed in seeds]) for name in seeds[0]}
    told["delay_median_min"] = round(float(np.median(delays)), 1) if delays else None
    told["delay_p90_min"] = round(float(np.quantile(delays, 0.9)), 1) if delays else None
    told["delay_of_bound"] = round(float(np.median(bounds)), 2) if bounds else None
    return told


def score(tickets: list[dict[str, Any]], truth: list[dict[str, Any]]) -> dict[str, Any]:
    """Recall, precision and exactness of one data set."""
    return _shares(match(tickets, truth), len(tickets))


def bound_calls(fault: dict[str, Any]) -> float | None:
    """Calls of the slice that carry `ln(1e7)` nats of the fall of its ASR; None where there is no fall."""
    p, q = fault.get("expected_asr"), fault.get("asr")
    if p is None or q is None or not 0 < p < 1 or q >= p:
        return None
    kl = (q * math.log(q / p) if q else 0.0) + (1 - q) * math.log((1 - q) / (1 - p))
    return _EVIDENCE / kl


def _of_seed(outcome: Outcome, tickets: list[dict[str, Any]]) -> dict[str, Any]:
    on_day = [ticket for ticket in tickets if day_of(outcome, ticket) >= 0]
    warm = [ticket for ticket in tickets if -warm_days(outcome) <= day_of(outcome, ticket) < 0]
    held = match(on_day, outcome.truth)
    found = [m for m in held.matches if m.delay_ms is not None]
    bounds = []
    for m in found:
        least = bound_calls(dict(m.fault)) if m.fault["kind"] == "asr_drop" else None
        if least and m.delay_ms and m.delay_ms > 0:
            rate = m.fault["calls"] / (m.fault["end"] - m.fault["start"])
            bounds.append(m.delay_ms * rate / least)
    return {
        **_shares(held, len(on_day)),
        "false_fault_day": len(held.false),
        "false_warm_day": len(warm) / warm_days(outcome) if warm_days(outcome) else None,
        "delays": [max(m.delay_ms or 0, 0) / MINUTE_MS for m in found],
        "bounds": bounds,
    }


def _shares(held: Score, tickets: int) -> dict[str, Any]:
    found = [m for m in held.matches if m.found]
    return {
        "recall": len(found) / len(held.matches) if held.matches else None,
        "precision": 1 - len(held.false) / tickets if tickets else None,
        "cause_exact": _share([m.cause_exact for m in found]),
        "class_exact": _share([m.class_exact for m in found]),
        "severity_exact": _share([m.severity_exact for m in found]),
        "tickets_per_incident": sum(len(m.tickets) for m in found) / len(found) if found else None,
    }


def _share(right: list[bool]) -> float | None:
    return sum(right) / len(right) if right else None


def _mean(values: list[float | None]) -> list[float] | None:
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return None
    half = 1.96 * float(known.std(ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else 0.0
    return [round(float(known.mean()), 3), round(half, 3)]
