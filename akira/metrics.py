"""/metrics: what Akira says of itself to a Prometheus, by names that users of Prometheus expect.

Wiring makes one `Metrics` and passes it on; nothing here is global. Every label has a bound: kinds, reasons, signals,
severities and detectors are fixed lists, switches, sources and targets come from the directory and the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from akira.slice_metrics import SliceCollector, SliceFigure
from pipeline.incidents import TYPE_OF_SIGNAL, Severity, TicketType

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
SEVERITIES: Final[tuple[Severity, ...]] = ("SEV1", "SEV2", "SEV3")
CLASSES: Final[tuple[TicketType, ...]] = ("sip_quality", "cdr_pipeline", "balance", "billing", "access")
LABELS_MOST: Final = 500
"""Values of one label (switches, sources, reasons) told apart; further ones are told as `other`."""
_MINUTE_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)


class Metrics:
    """The registry and what may be told to it. `now_s` (epoch seconds) is read when a page is asked for, so that an age
    grows also while the loop that reports it hangs."""

    def __init__(self, version: str, now_s: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self._now_s = now_s
        self._known: dict[str, set[str]] = {}
        self._slices = SliceCollector()
        self.registry.register(self._slices)
        self._gauge("build_info", "Always 1; the version is in the label.", "version").labels(version).set(1)
        self._stream()
        self._desk()
        self._outlets()

    def page(self) -> bytes:
        """The page in the text format; serve it as `CONTENT_TYPE`."""
        return generate_latest(self.registry)

    # --- the stream -------------------------------------------------------------------------------------------------

    def _stream(self) -> None:
        self._records = self._counter("records", "Records in, by what became of them.", "kind", "outcome")
        self._rejects = self._counter("rejects", "Records refused, by reason.", "reason")
        self._minutes = self._counter("minutes_closed", "Minutes of the stream that are closed.")
        self._minute_seconds = Histogram(
            "akira_minute_seconds", "Time to close one minute.", registry=self.registry, buckets=_MINUTE_BUCKETS
        )
        self._detectors = self._counter("detector_seconds", "Time spent by each detector.", "detector")
        self._clock = self._gauge("lag_seconds", "How far the stream's clock is behind the wall clock.")
        self._oldest = self._gauge(
            "oldest_unprocessed_seconds",
            "Age of the oldest record that waits to be fed, as far as the source tells; 0: none.",
        )
        self._checkpoint = self._gauge("checkpoint_age_seconds", "Time since state and positions were last kept.")
        self._source_up = self._gauge("source_up", "1 while a source of records can be read.", "source")
        self._silence = self._gauge("feed_silence_seconds", "Time since a switch last sent a record.", "switch", "kind")
        self._slices_live = self._gauge("slices_live", "Slices that the watch follows.")

    def records(self, kind: str, outcome: str, n: int) -> None:
        """`n` more records of a kind; outcome: `accepted`, `duplicate`, `late`, `ahead` or `rejected`."""
        self._records.labels(kind, outcome).inc(n)

    def rejects(self, reasons: Iterable[str]) -> None:
        """The reasons of records refused just now."""
        for reason in reasons:
            self._rejects.labels(self._bounded("reason", reason)).inc()

    def minute_closed(self, seconds: float, by_detector: Mapping[str, float]) -> None:
        """A minute was closed in `seconds`, of which each detector took its share."""
        self._minutes.inc()
        self._minute_seconds.observe(seconds)
        for detector, spent in by_detector.items():
            self._detectors.labels(detector).inc(spent)

    def clock(self, clock_ms: int | None) -> None:
        """Where the stream's clock stands; None before the first record."""
        self._since(self._clock, None if clock_ms is None else clock_ms / 1000)

    def oldest_unprocessed(self, arrived_ms: int | None) -> None:
        """When the oldest record arrived that waits to be fed; None when none waits."""
        self._since(self._oldest, None if arrived_ms is None else arrived_ms / 1000)

    def checkpointed(self, at_ms: int) -> None:
        """State and positions were kept at wall-clock time `at_ms`."""
        self._since(self._checkpoint, at_ms / 1000)

    def source(self, name: str, up: bool) -> None:
        """Whether a source of records answers."""
        self._source_up.labels(self._bounded("source", name)).set(up)

    def feeds(self, last_seen_ms: Mapping[tuple[str, str], int]) -> None:
        """Per (switch, kind): the wall-clock time of its last record."""
        for (switch, kind), seen_ms in last_seen_ms.items():
            self._since(self._silence.labels(self._bounded("switch", switch), kind), seen_ms / 1000)

    def slices_live(self, number: int) -> None:
        """How many slices the watch follows."""
        self._slices_live.set(number)

    def slices(self, figures: Sequence[SliceFigure]) -> None:
        """The figures of the slices that are alarming or listed, in place of those of before."""
        self._slices.show(figures)

    # --- the desk ---------------------------------------------------------------------------------------------------

    def _desk(self) -> None:
        self._tickets = self._gauge("tickets_open", "Tickets that want work.", "severity", "ticket_type")
        self._incidents = self._gauge("incidents_active", "Faults that telemetry shows, by signal.", "signal")
        self._overdue = self._gauge("first_responses_overdue", "First responses that are owed and late.")
        self._updates = self._gauge("updates_overdue", "Promised customer updates that are late.")
        self._events = self._counter("ticket_events", "Changes of tickets, by kind.", "kind")
        self.tickets({})
        self.incidents({})
        self.overdue(0, 0)

    def tickets(self, open_by: Mapping[tuple[str, str], int]) -> None:
        """Tickets that want work, by (severity, ticket type); what is not named is none."""
        for severity in SEVERITIES:
            for ticket_type in CLASSES:
                self._tickets.labels(severity, ticket_type).set(open_by.get((severity, ticket_type), 0))

    def incidents(self, active_by: Mapping[str, int]) -> None:
        """Active faults by signal; one with two signals counts for both."""
        for signal in TYPE_OF_SIGNAL:
            self._incidents.labels(signal).set(active_by.get(signal, 0))

    def overdue(self, first_responses: int, updates: int) -> None:
        """How many tickets owe their first response, or the update that was promised."""
        self._overdue.set(first_responses)
        self._updates.set(updates)

    def ticket_events(self, kinds: Iterable[str]) -> None:
        """Kinds of the events written just now (`pipeline.desk.events.KINDS`)."""
        for kind in kinds:
            self._events.labels(kind).inc()

    # --- the other doors --------------------------------------------------------------------------------------------

    def _outlets(self) -> None:
        self._pending = self._gauge("outbox_pending", "Messages that wait to be delivered.", "target")
        self._dead = self._gauge("outbox_dead", "Messages given up; a person must look at them.", "target")
        self._deliveries = self._counter("outbox_deliveries", "Attempts to deliver, by outcome.", "target", "outcome")
        self._resting = self._gauge("outbox_resting", "1 while a target that keeps failing is left alone.", "target")
        self._alerts = self._counter("alerts", "Alerts taken from Alertmanager, by what they became.", "outcome")
        self._mails = self._counter("mails", "Mails taken, by what they became.", "outcome")
        self._shed = self._counter("http_shed", "Requests answered 503 because too many waited.", "door")

    def outbox(self, waiting: Mapping[str, tuple[int, int]]) -> None:
        """Per target: (pending, dead)."""
        for target, (pending, dead) in waiting.items():
            name = self._bounded("target", target)
            self._pending.labels(name).set(pending)
            self._dead.labels(name).set(dead)

    def delivery(self, target: str, outcome: str) -> None:
        """One attempt to deliver; outcome: `delivered`, `retry` or `dead`."""
        self._deliveries.labels(self._bounded("target", target), outcome).inc()

    def resting(self, target: str, resting: bool) -> None:
        """Whether the breaker of a target is open."""
        self._resting.labels(self._bounded("target", target)).set(resting)

    def alert(self, outcome: str) -> None:
        """One alert taken from Alertmanager; outcome: `opened`, `joined`, `known`, `recovering` or `own`."""
        self._alerts.labels(outcome).inc()

    def mail(self, outcome: str, n: int = 1) -> None:
        """`n` mails; outcome: `opened`, `answered`, `known`, `ignored` or `refused`. None: told from now on, so that
        Prometheus sees the first as a rise."""
        self._mails.labels(outcome).inc(n)

    def shed(self, door: str, n: int = 1) -> None:
        """`n` requests were answered 503; none as in `mail`."""
        self._shed.labels(door).inc(n)

    # --- how they are made ------------------------------------------------------------------------------------------

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"akira_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"akira_{name}", text, labels, registry=self.registry)

    def _since(self, gauge: Gauge, start_s: float | None) -> None:
        gauge.set_function(lambda: 0.0 if start_s is None else max(0.0, self._now_s() - start_s))

    def _bounded(self, label: str, value: str) -> str:
        known = self._known.setdefault(label, set())
        if value in known or len(known) < LABELS_MOST:
            known.add(value)
            return value
        return "other"
