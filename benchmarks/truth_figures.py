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
_TALK_SIGMA: Final = 1.05
"""Spread of the logarithm of talk time in the simulated carriers."""
Maker = Callable[[Outcome], list[dict[str, Any]]]


def figures(outcomes: Sequence[Outcome], maker: Maker) -> dict[str, Any]:
    """All figures of one method: mean and half-width of the 95 % interval over seeds, or None where nothing counts."""
    seeds = [_of_seed(outcome, maker(outcome)) for outcome in outcomes]
    delays = [minutes for seed in seeds for minutes in seed.pop("delays")]
    return {
        **{name: _mean([seed[name] for seed in seeds]) for name in seeds[0]},
        "delay_median_min": round(float(np.median(delays)), 1) if delays else None,
        "delay_p90_min": round(float(np.quantile(delays, 0.9)), 1) if delays else None,
    }


def score(tickets: list[dict[str, Any]], truth: list[dict[str, Any]]) -> dict[str, Any]:
    """Recall, precision and exactness of one data set."""
    return _shares(match(tickets, truth), len(tickets))


def bound_calls(fault: dict[str, Any]) -> float | None:
    """Calls of the slice that carry `ln(1e7)` nats of the change; None where the label does not say how much a call
    carries. Falls of the ASR: Bernoulli; of talk time: log-normal talk of the answered calls; of traffic: Poisson."""
    p, q, left = fault.get("expected_asr"), fault.get("asr"), fault.get("strength")
    nats: float | None = None
    if fault["kind"] == "asr_drop" and p and q is not None and q < p < 1:
        nats = (q * math.log(q / p) if q else 0.0) + (1 - q) * math.log((1 - q) / (1 - p))
    elif fault["kind"] == "acd_drop" and q and left:
        nats = q * math.log(left) ** 2 / (2 * _TALK_SIGMA**2)
    elif fault["kind"] == "traffic_drop" and left is not None:
        nats = 1 - left + (left * math.log(left) if left else 0.0)
    return _EVIDENCE / nats if nats else None


def detectable(fault: dict[str, Any]) -> bool:
    """There were calls enough while the fault lasted: twice the bound. Kinds without a bound count as detectable."""
    least = bound_calls(fault)
    return least is None or "calls" not in fault or fault["calls"] >= 2 * least


def _of_seed(outcome: Outcome, tickets: list[dict[str, Any]]) -> dict[str, Any]:
    on_day = [ticket for ticket in tickets if day_of(outcome, ticket) >= 0]
    warm = [ticket for ticket in tickets if -warm_days(outcome) <= day_of(outcome, ticket) < 0]
    held = match(on_day, outcome.truth)
    return {
        **_shares(held, len(on_day)),
        "false_fault_day": len(held.false),
        "false_warm_day": len(warm) / warm_days(outcome) if warm_days(outcome) else None,
        "delays": [max(m.delay_ms, 0) / MINUTE_MS for m in held.matches if m.delay_ms is not None],
    }


def _shares(held: Score, tickets: int) -> dict[str, Any]:
    found = [m for m in held.matches if m.found]
    return {
        "recall": _share([m.found for m in held.matches]),
        "recall_detectable": _share([m.found for m in held.matches if detectable(dict(m.fault))]),
        "precision": 1 - len(held.false) / tickets if tickets and held.matches else None,
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
