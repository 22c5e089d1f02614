"""The lines of an incident's first ten seconds: how bad, why, who, what, since when, what came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from akira.charts import Mark
from akira.wording import duration, figure_words, value_words
from pipeline.desk.ticket import Ticket
from pipeline.desk.words import clock, cost_by_hour, cost_kind, cost_so_far
from pipeline.incidents import Impact

HOUR_MS = 3_600_000
EVIDENCE_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Before:
    """Something that happened in the hour before the onset."""

    at_ms: int
    words: str
    href: str


def why_words(ticket: Ticket) -> str:
    """`because 14 customers cannot place calls (was SEV2 until 14:06)`."""
    history = ticket.severity_history
    if not history:
        return ""
    now, before = history[-1], history[-2] if len(history) > 1 else None
    was = f" ({before.severity} until {clock(now.at_ms)[11:]})" if before else ""
    hand = " — set by hand" if ticket.forced else ""
    return f"{ticket.why}{was}{hand}"


def figures(ticket: Ticket) -> list[tuple[str, str]]:
    """Numbers that say how bad it is, each with its words; a figure that nobody measured is left out."""
    found: list[tuple[str, str]] = []
    if ticket.customers:
        count = len(ticket.customers)
        found.append((f"{count:,}", "customer" if count == 1 else "customers"))
    above = sum(hit.failures - hit.expected_failures for hit in ticket.customers)
    if above >= 1:
        found.append((f"{above:,.0f}", "failed calls above normal"))
    now = _failing_now(ticket)
    if now is not None and ticket.telemetry_active:
        found.append((f"{now:,.0f}", "of them in the last minute"))
    costs = ticket.evidence.costs
    if costs and until_ms(ticket) is None:
        found.append((cost_by_hour(costs), f"{cost_kind(costs)}, {cost_so_far(costs)} so far"))
    elif costs:
        found.append((cost_so_far(costs), cost_kind(costs)))
    majors = [hit.customer for hit in ticket.customers if hit.major]
    if majors:
        found.append((", ".join(majors[:3]), "major" if len(majors) <= 3 else f"and {len(majors) - 3} more major"))
    return found


def _failing_now(ticket: Ticket) -> float | None:
    """Calls of the last minute that failed above normal, where the chart counts answers."""
    lead = ticket.evidence.chart_of
    last = ticket.evidence.series[-1] if ticket.evidence.series else None
    if lead is None or last is None or last.observed is None or lead.unit != "ratio" or lead.expected < lead.observed:
        return None
    return max(last.expected - last.observed, 0.0) * last.support


def evidence_lines(ticket: Ticket) -> list[str]:
    """The first figures, each with its normal beside it, then the remarks; all figures are in a table further down."""
    shown, all_figures = EVIDENCE_SHOWN, ticket.evidence.figures
    more = [f"{len(all_figures) - shown} more figures below"] if len(all_figures) > shown else []
    return [*(figure_words(figure) for figure in all_figures[:shown]), *ticket.evidence.notes, *more]


def completed(hit: Impact, least: int) -> str:
    """How many of a customer's calls were answered beside what is normal; below `least` calls nothing is said."""
    if hit.attempts < least:
        return "not enough calls"
    normal = 1 - hit.expected_failures / hit.attempts
    return f"{value_words(1 - hit.failures / hit.attempts, 'ratio')} where {value_words(normal, 'ratio')} is normal"


def lasted(ticket: Ticket, now_ms: int) -> str:
    """How long it has lasted, or lasted."""
    begin = since_ms(ticket)
    return duration((until_ms(ticket) or now_ms) - begin)


def since_ms(ticket: Ticket) -> int:
    """The onset, else the start that the customer gave, else the opening (epoch ms)."""
    return ticket.impact_from_ms or ticket.intake.from_ms or ticket.opened_at_ms


def until_ms(ticket: Ticket) -> int | None:
    """The end of the impact, or of the work where no impact was measured; None while it lasts."""
    if ticket.active:
        return ticket.impact_to_ms
    return ticket.impact_to_ms or ticket.resolved_at_ms or ticket.closed_at_ms


def marks(ticket: Ticket) -> list[Mark]:
    """What the chart marks: changes of route, onset, opening, changes of severity, mitigation, clearing."""
    found = [Mark(ticket.opened_at_ms, "opened", f"opened {ticket.severity_history[0].severity}")]
    found += [Mark(step.at_ms, "change", step.severity) for step in ticket.severity_history[1:]]
    if ticket.impact_from_ms is not None:
        found.append(Mark(ticket.impact_from_ms, "onset", "onset"))
    if ticket.mitigated_at_ms is not None:
        found.append(Mark(ticket.mitigated_at_ms, "person", "mitigated"))
    if ticket.impact_to_ms is not None:
        found.append(Mark(ticket.impact_to_ms, "cleared", "cleared"))
    found += [Mark(moved.at_ms, "route", "route change") for moved in ticket.evidence.moves]
    return found


def before(ticket: Ticket, others: Sequence[Ticket]) -> list[Before]:
    """Changes of route, and other faults of the same queue, in the hour before this one's onset: newest first, five at
    most."""
    onset = ticket.impact_from_ms
    if onset is None:
        return []
    found = [Before(moved.at_ms, moved.words, "") for moved in ticket.evidence.moves]
    for other in others:
        began = other.impact_from_ms or other.opened_at_ms
        if other.id != ticket.id and other.queue == ticket.queue and onset - HOUR_MS <= began < onset:
            found.append(Before(began, other.summary, f"/tickets/{other.id}"))
    return sorted(found, key=lambda line: -line.at_ms)[:5]


def grouping(ticket: Ticket) -> list[str]:
    """Why this is one incident, in sentences."""
    lines: list[str] = []
    if ticket.revision:
        named = {name: values for name, values in ticket.cause.items() if values}
        where = " and ".join(f"{name} {', '.join(values)}" for name, values in named.items()) or "the whole platform"
        lines.append(f"All of it lies within {where}: the narrowest part of the traffic that explains the excess.")
        if ticket.customers:
            lines.append(
                f"{len(ticket.customers)} customers are hit within it; their other traffic is not part of this."
            )
        if len(ticket.signals) > 1:
            lines.append(f"The signals {', '.join(ticket.signals)} moved together and have this one cause.")
        lines.append(
            f"Telemetry has revised it {ticket.revision} times; the cause may widen or narrow, the ticket stays."
        )
    return lines


def explained(ticket: Ticket) -> str:
    """`explains 97 % of the excess`, where the search for the cause measured it."""
    share = ticket.facts.get("explained")
    return f"explains {100 * share:.0f} % of the excess" if isinstance(share, float) and share else ""
