"""Findings of a minute into incidents: join, open, grade, end. Deterministic; one call a closed minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from pipeline.correlate.case import Case, case_id
from pipeline.correlate.facts import customers_of, facts_of
from pipeline.correlate.failover import failovers, users
from pipeline.correlate.impact import Tally, carried
from pipeline.correlate.lead import cause_of, leading, spoken
from pipeline.correlate.loss import loss_of
from pipeline.correlate.moves import BEFORE_MIN, moves
from pipeline.correlate.platform import platform_finding
from pipeline.correlate.relate import Known, belongs, returns
from pipeline.correlate.sentence import sentence
from pipeline.directory import Directory
from pipeline.findings import Finding, NamedCause
from pipeline.incidents import TYPE_OF_SIGNAL, Incident
from pipeline.names import Names
from pipeline.quality.cause import coded
from pipeline.quality.recent import Recent
from pipeline.records import MINUTE_MS
from pipeline.settings import WatchSettings
from pipeline.severity import grade

REFRESH_MIN = 5
GRADED_MIN = 60


class Correlator:
    """The open incidents, and those that ended within the reopen window."""

    def __init__(self, directory: Directory, settings: WatchSettings, names: Names, recent: Recent) -> None:
        self.directory, self.settings, self.names, self.recent = directory, settings, names, recent
        self.majors = directory.majors()
        self.cases: list[Case] = []

    def step(self, minute: int, findings: Sequence[Finding], owners: Mapping[str, str]) -> list[Incident]:
        """The incidents that changed when `minute` closed, in a fixed order."""
        now_ms = (minute + 1) * MINUTE_MS
        findings = [*findings, *failovers(minute, findings, self.recent, self.names)]
        platform = platform_finding(minute, findings, self.recent, self.settings, self._platform(), len(owners))
        known = Known(owners, self.recent, self.names)
        ordered = sorted([*findings, *([platform] if platform else [])], key=lambda f: (f.onset_ms, f.key))
        # a cause that has just moved is known before what is new is held against it
        for finding in [f for f in ordered if not self._renew(f)]:
            self._assign(finding, now_ms, known)
        self._drop({finding.key for finding in findings}, now_ms)
        self._adopt(now_ms)
        self._forget(now_ms)
        told = [self._tell(case, minute, now_ms) for case in self.cases]
        return [incident for incident in told if incident is not None]

    def _platform(self) -> Finding | None:
        """The platform finding that lasts, if any."""
        for case in self.cases:
            for finding in case.findings.values():
                if finding.signal == "platform_down" and finding.ended_ms is None:
                    return finding
        return None

    def _renew(self, finding: Finding) -> bool:
        """Bring a finding that some case has up to date; false when none has it."""
        for case in self.cases:
            if finding.key in case.findings:
                case.findings[finding.key] = _with_last_words(case.findings[finding.key], finding)
                return True
        return False

    def _assign(self, finding: Finding, now_ms: int, known: Known) -> None:
        if finding.ended_ms is not None:
            return
        found = self._match(finding, known)
        if found is None:
            found = Case(case_id(finding), now_ms, {})
            self.cases.append(found)
        elif found.ended_ms is not None:
            found.flaps += finding.onset_ms > found.ended_ms
            found.ended_ms = found.recovered_at_ms = None
        found.findings[finding.key] = finding
        self._unite(found, finding, known)

    def _unite(self, case: Case, finding: Finding, known: Known) -> None:
        """Cases of this minute, not told yet, that the finding belongs to as well are the same fault."""
        for other in [c for c in self.cases if c is not case and c.revision == 0]:
            if any(belongs(finding, old, known) for old in other.findings.values()):
                case.findings.update(other.findings)
                self.cases.remove(other)

    def _drop(self, told: set[str], now_ms: int) -> None:
        """A finding that is told no more has been taken into a wider one; alone it is over."""
        for case in self.cases:
            for key, finding in list(case.findings.items()):
                source = key.removeprefix("route_failover:")
                if finding.ended_ms is not None or finding.signal == "platform_down" or {key, source} & told:
                    continue
                del case.findings[key]
                if not case.active:
                    case.findings[key] = replace(finding, ended_ms=now_ms)

    def _match(self, finding: Finding, known: Known) -> Case | None:
        platform = self._within_platform(finding)
        if platform is not None:
            return platform
        for case in self.cases:
            lasting = [f for f in case.findings.values() if f.ended_ms is None]
            if any(belongs(finding, old, known) for old in lasting):
                return case
        reopen_ms = self.settings.hold.reopen_min * MINUTE_MS
        for case in reversed(self.cases):
            if finding.cause and not case.cause:
                continue  # what was everywhere is not back because a part of it fails
            ended = [f for f in case.findings.values() if f.ended_ms is not None]
            fresh = [f for f in ended if finding.onset_ms - (f.ended_ms or 0) <= reopen_ms]
            if any(returns(finding, old, known) for old in fresh):
                return case
        return None

    def _within_platform(self, finding: Finding) -> Case | None:
        """The platform's case, while the platform is down, for whatever fails calls."""
        if TYPE_OF_SIGNAL[finding.signal] != "sip_quality":
            return None
        return next((c for c in self.cases if c.active and c.lead == "platform_down"), None)

    def _adopt(self, now_ms: int) -> None:
        """A platform outage takes the faults of calls that began with it in as children."""
        for platform in self.cases:
            if not (platform.active and any(f.signal == "platform_down" for f in platform.lasting())):
                continue
            for case in self.cases:
                began_with = case.onset_ms() >= platform.onset_ms() - 5 * MINUTE_MS
                quality = any(TYPE_OF_SIGNAL[f.signal] == "sip_quality" for f in case.findings.values())
                if case is not platform and case.active and case.parent is None and began_with and quality:
                    case.parent = platform.id

    def _forget(self, now_ms: int) -> None:
        keep_ms = (self.settings.hold.reopen_min + 5) * MINUTE_MS
        self.cases = [c for c in self.cases if c.recovered_at_ms is None or now_ms - c.recovered_at_ms <= keep_ms]

    def _tell(self, case: Case, minute: int, now_ms: int) -> Incident | None:
        """The incident's next revision when something worth telling changed."""
        if not case.active and case.recovered_at_ms is not None:
            return None
        self._update(case, minute, now_ms)
        incident = self._incident(case, now_ms)
        if case.told is not None and not _changed(case.told, incident):
            return None
        case.revision += 1
        case.told = replace(incident, evidence=replace(incident.evidence, costs=case.costs()))
        return case.told

    def _update(self, case: Case, minute: int, now_ms: int) -> None:
        case.seen_ms = now_ms
        lead = self._name(case, minute) if case.active else None
        case.count(self.recent.since(case.tallied_until + 1), self.names)
        if lead is not None:
            self._grade(case, lead, minute, now_ms)
        else:
            ended_ms = max(f.ended_ms or 0 for f in case.findings.values())
            if now_ms - ended_ms >= self.settings.hold.soak_min * MINUTE_MS:
                case.ended_ms, case.recovered_at_ms = ended_ms, now_ms
                case.count_until_end(list(self.recent.minutes), self.names, ended_ms)

    def _name(self, case: Case, minute: int) -> Finding:
        """Which finding leads, and what that makes the cause; a new cause is counted from the onset on."""
        lasting = case.lasting()
        lead = leading(lasting, True)
        if lead.signal == "route_failover":
            minutes = self.recent.since(_since(case, minute, 15))
            lead = leading(lasting, carried(minutes, coded(lead.cause, self.names)))
        cause = cause_of(lead, lasting)
        if case.revision == 0 or dict(cause) != dict(case.cause):
            case.tally = Tally()
            onset = case.onset_ms() // MINUTE_MS
            case.users = self._users(lead.signal, cause, onset)
            case.moves = moves(coded(cause, self.names), onset, self.recent.since(onset - BEFORE_MIN), self.names)
            case.loss = loss_of(coded(cause, self.names), case.onset_ms(), self.recent.since(onset - BEFORE_MIN))
            case.tallied_until = onset - 1
        case.lead, case.cause = spoken(lead, lasting), cause
        return lead

    def _grade(self, case: Case, lead: Finding, minute: int, now_ms: int) -> None:
        minutes = self.recent.since(_since(case, minute, GRADED_MIN))
        facts = facts_of(case, minutes, self.names, self.directory, self.settings)
        case.facts = {**lead.facts, **asdict(facts)}
        severity, why = grade(facts, self.settings.severity)
        case.grade(severity, why, now_ms, self.settings.hold.downgrade_min * MINUTE_MS, case.revision == 0)

    def _users(self, signal: str, cause: NamedCause, onset: int) -> tuple[str, ...]:
        """Customers of a terminator that fails over: those whose calls it carried before."""
        if signal != "route_failover":
            return ()
        return users(cause, [m for m in self.recent.since(onset - 30) if m.minute < onset], self.names)

    def _incident(self, case: Case, now_ms: int) -> Incident:
        customers = customers_of(case, list(case.findings.values()), self.names, self.majors)
        return Incident(
            id=case.id,
            revision=case.revision + 1,
            at_ms=now_ms,
            opened_at_ms=case.opened_at_ms,
            onset_ms=case.onset_ms(),
            ended_ms=case.ended_ms,
            recovered_at_ms=case.recovered_at_ms,
            ticket_type=TYPE_OF_SIGNAL[case.lead],
            signals=tuple(sorted({f.signal for f in case.findings.values()})),
            lead=case.lead,
            cause=case.cause,
            customers=customers,
            severity=case.severity,
            why=case.why,
            summary=sentence(case.lead, case.cause),
            facts=case.facts,
            evidence=case.evidence(),
            flaps=case.flaps,
            parent=case.parent,
        )


def _since(case: Case, minute: int, most_min: int) -> int:
    """The first of the last minutes, none before the onset."""
    return max(case.onset_ms() // MINUTE_MS, minute - most_min + 1)


def _with_last_words(old: Finding, new: Finding) -> Finding:
    """What has ended shows no more calls: the last examples and remarks stay with it."""
    if new.ended_ms is None:
        return new
    return replace(new, examples=new.examples or old.examples, notes=new.notes or old.notes)


def _changed(old: Incident, new: Incident) -> bool:
    """Something a reader must know at once, or five minutes of new figures."""
    material = ("ended_ms", "recovered_at_ms", "signals", "lead", "cause", "severity", "why", "flaps", "parent")
    if any(getattr(old, name) != getattr(new, name) for name in material):
        return True
    if {c.customer for c in old.customers} != {c.customer for c in new.customers}:
        return True
    return new.at_ms - old.at_ms >= REFRESH_MIN * MINUTE_MS
