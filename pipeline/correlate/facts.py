"""The facts that the severity of an incident depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from pipeline.correlate.case import Case
from pipeline.correlate.impact import MAJOR_LEAST, unable
from pipeline.directory import Directory
from pipeline.findings import Finding
from pipeline.incidents import TYPE_OF_SIGNAL, Impact
from pipeline.names import Names
from pipeline.quality.recent import Minute
from pipeline.settings import WatchSettings
from pipeline.severity import Facts

NAMED_ONLY: Final = frozenset({"acl_denied", "registration_loss"})
BY_ATTEMPTS: Final = frozenset({"asr_drop", "ner_drop", "platform_down", "route_failover"})


def customers_of(case: Case, findings: Sequence[Finding], names: Names, majors: frozenset[str]) -> tuple[Impact, ...]:
    """The customers of a case: those its findings and its cause name, and those whose calls touched the cause; denials
    on a whole switch touch nobody else's calls."""
    known = {name for f in findings for name in f.customers} | set(case.cause.get("customer", ())) | set(case.users)
    impacts = case.tally.impacts(names, majors, known)
    if case.lead in NAMED_ONLY and "customer" not in case.cause:
        return tuple(impact for impact in impacts if impact.customer in known)
    return impacts


def facts_of(
    case: Case, minutes: Sequence[Minute], names: Names, directory: Directory, settings: WatchSettings
) -> Facts:
    """Facts of a case from its lead, its customers and the attempts of the last minutes."""
    lasting = case.lasting()
    known = sorted({name for f in lasting for name in f.customers} | set(case.cause.get("customer", ())))
    customers = customers_of(case, lasting, names, directory.majors())
    if case.lead.startswith("balance"):
        return _balance(case, customers, directory)
    if TYPE_OF_SIGNAL.get(case.lead) == "cdr_pipeline":
        return _pipeline(case, customers, names, directory)
    majors = [c for c in customers if c.major and (c.attempts >= MAJOR_LEAST or c.customer in known)]
    stuck = unable(minutes, names, {c.customer: c for c in customers}, settings.severity)
    return Facts(
        platform_down=case.lead == "platform_down",
        customers=len(customers),
        unable=len(stuck) if case.lead in BY_ATTEMPTS else 0,
        majors=len(majors),
        major_name=majors[0].customer if majors else "",
        workaround=case.lead == "route_failover",
    )


def _balance(case: Case, touched: Sequence[Impact], directory: Directory) -> Facts:
    """Who is blocked now, not who was: as the events say, else as the calls do. When the events say that it is over,
    the last of the calls change nothing."""
    found = [f for f in case.findings.values() if f.signal.startswith("balance")]
    now = [f for f in found if f.ended_ms is None]
    if case.facts and any(f.customers for f in found) and not any(f.customers for f in now):
        return Facts(**{each.name: case.facts[each.name] for each in fields(Facts)})  # type: ignore[arg-type]
    known = {name for f in now for name in f.customers}
    if not known:
        known = {name for f in now for name in f.cause.get("customer", ())} or {impact.customer for impact in touched}
    majors = sorted(known & directory.majors())
    blocked = len(known) if case.lead == "balance_blocked" else 0
    return Facts(
        customers=len(known),
        blocked=blocked,
        majors=len(majors) if blocked else 0,
        major_name=majors[0] if majors else "",
        threshold_only=case.lead == "balance_threshold",
    )


def _pipeline(case: Case, customers: Sequence[Impact], names: Names, directory: Directory) -> Facts:
    hit = set(case.cause.get("switch", ()))
    known = {s.id for s in directory.switches} | set(names.lists["switch"])
    several = len(known) > 1
    return Facts(
        customers=len(customers),
        pipeline=True,
        switches=len(hit),
        all_switches=several and (known <= hit or not case.cause),
        billing_effect=case.lead == "rating_failure",
    )
