"""What the page of one ticket shows, gathered from ticket, log and policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from markupsafe import Markup

from akira.charts import Mark, incident_chart, png
from akira.report import picture
from akira.web.pages import impact
from akira.web.pages.runbooks import titles
from akira.web.pages.timeline import newest_first
from pipeline.desk import postmortem, templates
from pipeline.desk.closure import Item, checklist, needs_postmortem
from pipeline.desk.commands import Respond
from pipeline.desk.customer_update import customer_update
from pipeline.desk.events import TicketEvent
from pipeline.desk.first_response import next_update
from pipeline.desk.intake import missing
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.response import Progress, over, progress
from pipeline.desk.ticket import Ticket
from pipeline.desk.timeline import Line
from pipeline.desk.words import cause_words, cost_words
from pipeline.incidents import Evidence, Impact, Point

WIDE: Final = 1_180
NARROW: Final = 330


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that one key sends."""

    title: str
    text: str
    stance: str


@dataclass(frozen=True, slots=True)
class TicketView:
    """The page's content besides the ticket itself. Times in epoch ms."""

    since_ms: int
    until_ms: int | None
    lasted: str
    why: str
    figures: list[tuple[str, str]]
    cause: str
    explained: str
    evidence: list[str]
    picture: Markup | None
    before: list[impact.Before]
    ask: tuple[str, ...]
    customers: list[tuple[Impact, str]]
    cost: str
    examples: tuple[str, ...]
    series: tuple[Point, ...]
    unit: str
    timeline: list[tuple[Line, int]]
    grouping: list[str]
    relatives: list[tuple[str, list[Ticket]]]
    runbooks: list[tuple[str, str]]
    steps: tuple[Progress, ...]
    over: tuple[tuple[str, bool], ...]
    checklist: tuple[Item, ...]
    wants_postmortem: bool
    postmortem_draft: str
    drafts: dict[str, Draft]
    draft: str
    next_update_ms: int
    recipient: str
    window_from_ms: int | None
    window_to_ms: int | None


def view(
    ticket: Ticket,
    log: Sequence[TicketEvent],
    others: Sequence[Ticket],
    kin: Sequence[Ticket],
    policy: DeskPolicy,
    now_ms: int,
    draft: str = "",
) -> TicketView:
    """Gather the page of `ticket`; `others` are the tickets among which what came before it is looked for, `kin` those
    it is bound to."""
    drafts = _drafts(ticket, now_ms, policy)
    window = ticket.window
    lead = ticket.evidence.chart_of
    leading = sorted(ticket.signals, key=lambda signal: signal != ticket.lead)
    by_excess = sorted(ticket.customers, key=lambda hit: hit.expected_failures - hit.failures)
    return TicketView(
        since_ms=impact.since_ms(ticket),
        until_ms=impact.until_ms(ticket),
        lasted=impact.lasted(ticket, now_ms),
        why=impact.why_words(ticket),
        figures=impact.figures(ticket),
        cause=cause_words(ticket.cause),
        explained=impact.explained(ticket),
        evidence=impact.evidence_lines(ticket),
        picture=drawn(ticket),
        before=impact.before(ticket, others),
        ask=() if ticket.revision else missing(ticket.intake, ticket.ticket_type),
        customers=[(hit, impact.completed(hit, policy.severity.unable_support)) for hit in by_excess],
        cost=cost_words(ticket.evidence.costs),
        examples=(ticket.evidence.examples + ticket.intake.examples)[:10],
        series=ticket.evidence.series,
        unit=lead.unit if lead else "count",
        timeline=newest_first(log),
        grouping=impact.grouping(ticket),
        relatives=_relatives(ticket, kin),
        runbooks=[(signal, titles()[signal]) for signal in leading if signal in titles()],
        steps=progress(ticket, now_ms),
        over=over(ticket) if ticket.incident else (),
        checklist=checklist(ticket),
        wants_postmortem=needs_postmortem(ticket),
        postmortem_draft=postmortem.draft(ticket, log) if needs_postmortem(ticket) and not ticket.postmortem else "",
        drafts=drafts,
        draft=draft if draft in drafts else next(iter(drafts)),
        next_update_ms=next_update(ticket, now_ms, policy),
        recipient=ticket.intake.reporter or ticket.intake.customer or "every affected customer's contact",
        window_from_ms=window.from_ms if window else impact.since_ms(ticket),
        window_to_ms=window.to_ms if window else (impact.until_ms(ticket) or ticket.resolved_at_ms),
    )


def chart_png(ticket: Ticket) -> bytes | None:
    """The picture of the page as a PNG; None when nothing was measured by the minute."""
    if not ticket.evidence.series:
        return None
    lead = ticket.evidence.chart_of
    metric, unit = (lead.metric, lead.unit) if lead else ("value", "count")
    return png(incident_chart(ticket.evidence.series, impact.marks(ticket), metric=metric, unit=unit))


def drawn(ticket: Ticket) -> Markup | None:
    """The inline picture of its leading signal; None when nothing was measured by the minute."""
    return _drawn(ticket.evidence, tuple(impact.marks(ticket)), ticket.summary)


@lru_cache(maxsize=256)
def _drawn(evidence: Evidence, marks: tuple[Mark, ...], title: str) -> Markup | None:
    """Drawn once for each revision of the evidence, wide and narrow: the style sheet shows the one that fits."""
    words = f"{title}: observed against expected, by the minute"
    wide = picture(evidence, marks, title=words, width=WIDE)
    narrow = picture(evidence, marks, title=words, width=NARROW)
    if wide is None or narrow is None:
        return None
    return Markup('<div class="for-wide">{}</div><div class="for-narrow">{}</div>').format(wide, narrow)


def _drafts(ticket: Ticket, now_ms: int, policy: DeskPolicy) -> dict[str, Draft]:
    first: Respond = templates.first_response(ticket, now_ms, policy)
    customer = ticket.intake.customer or (ticket.customers[0].customer if ticket.customers else "")
    update = Draft("Update from the facts", customer_update(ticket, customer, now_ms), "under_investigation")
    drafts = {"first": Draft("First response", first.text, first.stance), "update": update}
    return drafts if ticket.first_response is None else {"update": update, "first": drafts["first"]}


def _relatives(ticket: Ticket, kin: Sequence[Ticket]) -> list[tuple[str, list[Ticket]]]:
    bonds = [
        ("Part of", (ticket.parent,)),
        ("Its parts", ticket.children),
        ("Merged into it", ticket.absorbed),
        ("Taken out of", (ticket.split_from,)),
        ("Taken out of it", ticket.split_into),
        ("Related", ticket.related),
    ]
    return [(title, bound) for title, ids in bonds if (bound := [other for other in kin if other.id in ids])]
