"""What was wrong, a line each: faults missed or mislabelled, tickets that are nobody's, and how to see it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from akira.scoring import Match, match, worst
from akira.simulate.calendar import DAY_MS
from benchmarks.truth_figures import detectable
from benchmarks.truth_run import Outcome, day_of
from pipeline.records import MINUTE_MS


def wrongs(runs: Mapping[str, Sequence[Outcome]]) -> list[str]:
    """Lines of every scenario and seed where something was wrong."""
    lines = []
    for name, outcomes in runs.items():
        for outcome in outcomes:
            told = _of_seed(outcome)
            if told:
                lines.append(f"{name}, seed {outcome.seed} (--only '{name}' --seeds {outcome.seed})")
                lines += [f"  {line}" for line in told]
    return lines


def _of_seed(outcome: Outcome) -> list[str]:
    lines = []
    warm = [t for t in outcome.tickets if day_of(outcome, t) < 0]
    held = match([t for t in outcome.tickets if day_of(outcome, t) >= 0], outcome.truth)
    for m in held.matches:
        if (len(m.tickets), m.cause_exact, m.class_exact, m.severity_exact) != (1, True, True, True):
            lines.append(_fault(m, outcome.first_day_ms))
            lines += [f"  ticket: {_ticket(t, outcome.first_day_ms)}" for t in m.tickets]
            if not m.tickets:
                lines.append(
                    "  missed" if detectable(dict(m.fault)) else "  missed, with too few calls to be detectable"
                )
    return lines + [f"false: {_ticket(t, outcome.first_day_ms)}" for t in [*warm, *held.false]]


def _fault(m: Match, midnight: int) -> str:
    fault = m.fault
    minutes = (fault["end"] - fault["start"]) // MINUTE_MS
    rates = f"{fault['calls']} calls in {minutes} min, asr {fault['expected_asr']} → {fault['asr']}"
    where = f"{fault['kind']} × {fault['strength']} {fault['cause']} {fault['severity']}"
    return f"{fault['id']} {_clock(fault['start'], midnight)}: {where}; {rates}"


def _ticket(ticket: Mapping[str, Any], midnight: int) -> str:
    return f"{_clock(ticket['opened_at'], midnight)} {ticket['signals']} {ticket['cause']} {worst(ticket)}"


def _clock(at: int, midnight: int) -> str:
    """Day and time, the first fault day being 0d."""
    day, ms = divmod(at - midnight, DAY_MS)
    return f"{day}d {ms // (60 * MINUTE_MS):02d}:{ms // MINUTE_MS % 60:02d}"
