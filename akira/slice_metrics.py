"""Figures of the slices that are alarming or listed, for /metrics: observed and expected side by side.

A carrier has 10^5 slices; a monitoring system must not get them all. What is shown is bounded (`SHOWN`), and what was
left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pipeline.incidents import CAUSE_DIMENSIONS, Evidence

SHOWN: Final = 200
"""Slices told at most; each has two samples a figure."""
LABEL_CHARS: Final = 200

FIGURES: Final[dict[tuple[str, str], tuple[str, str, str]]] = {
    ("ASR", "ratio"): ("asr", "ratio", "Answer seizure ratio (E.411)"),
    ("NER", "ratio"): ("ner", "ratio", "Network effectiveness ratio (E.425)"),
    ("median ACD", "s"): ("acd", "seconds", "Median talk time of answered calls"),
    ("ACD", "ratio"): ("short_talk", "ratio", "Answered calls shorter than the reference quantile"),
    ("median PDD", "s"): ("pdd", "seconds", "Median post-dial delay, INVITE to the first 18x"),
    ("PDD", "ratio"): ("late_ringing", "ratio", "Calls that ring later than the reference quantile"),
    ("suspected false answers", "ratio"): ("fas", "ratio", "Answers suspected of false answer supervision"),
    ("number failures", "ratio"): ("number_failures", "ratio", "Attempts that fail for their number"),
    ("attempts", "calls"): ("attempts", "calls", "Attempts in the time that is short of them"),
    ("re-routed first attempts", "ratio"): ("failover", "ratio", "First attempts that were re-routed"),
    ("late records", "ratio"): ("cdr_late", "ratio", "Call records that came late"),
    ("records a minute", "records"): ("cdr_minute", "records", "Call records a minute of a silent switch"),
    ("records lost", "ratio"): ("cdr_lost", "ratio", "Call records missing by the switch's own numbers"),
    ("counted calls without a record", "ratio"): ("cdr_missing", "ratio", "Calls a switch counted without a record"),
    ("duplicated records", "ratio"): ("cdr_duplicated", "ratio", "Call records seen before"),
    ("unrated answers", "ratio"): ("unrated", "ratio", "Answered calls whose rating failed or did not come"),
    ("calls refused by ACL", "ratio"): ("acl_refused", "ratio", "Calls refused by the access list"),
    ("denials a minute", "calls"): ("acl_denials", "calls", "Requests a minute that the access list refuses"),
    ("bindings", "count"): ("registrations", "bindings", "Registrations alive"),
    ("answers OPTIONS", "count"): ("reachable", "peers", "Whether a peer answers OPTIONS"),
    ("customers", "count"): ("balance", "customers", "Customers blocked or over their threshold"),
    ("calls refused for balance", "ratio"): ("balance_refused", "ratio", "Calls refused for their balance"),
    ("answers against expected", "ratio"): ("platform_answers", "ratio", "Answers of the platform against expected"),
}
"""(metric, unit) of a figure to the stem and unit of the name, and its help."""


@dataclass(frozen=True, slots=True)
class SliceFigure:
    """One figure of one slice; `slice` maps dimensions to a value."""

    metric: str
    """As `Figure.metric`."""
    unit: str
    slice: Mapping[str, str]
    observed: float
    expected: float


class Explained(Protocol):
    """An incident or a ticket."""

    @property
    def cause(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def evidence(self) -> Evidence: ...


def figures_of(explained: Iterable[Explained]) -> list[SliceFigure]:
    """The figures of active incidents or tickets on the slice that is their cause."""
    return [
        SliceFigure(
            figure.metric,
            figure.unit,
            {dimension: ",".join(values)[:LABEL_CHARS] for dimension, values in one.cause.items()},
            figure.observed,
            figure.expected,
        )
        for one in explained
        for figure in one.evidence.figures
        if (figure.metric, figure.unit) in FIGURES
    ]


class SliceCollector(Collector):
    """Yields what `show` was last given; the oldest given first when there are too many."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[tuple[str, ...], tuple[float, float]]] = {}
        self._hidden = 0

    def show(self, figures: Sequence[SliceFigure]) -> None:
        """Replace all slices at once."""
        rows: dict[tuple[str, str], dict[tuple[str, ...], tuple[float, float]]] = {}
        slices: set[tuple[str, ...]] = set()
        hidden: set[tuple[str, ...]] = set()
        for figure in figures:
            labels = tuple(figure.slice.get(dimension, "") for dimension in CAUSE_DIMENSIONS)
            if labels not in slices and len(slices) == SHOWN:
                hidden.add(labels)
                continue
            slices.add(labels)
            rows.setdefault((figure.metric, figure.unit), {}).setdefault(labels, (figure.observed, figure.expected))
        self._rows, self._hidden = rows, len(hidden)

    def collect(self) -> Iterator[Metric]:
        """Every family of `FIGURES`, with samples or without, so that the reference is whole."""
        rows = self._rows
        for key, (stem, unit, text) in FIGURES.items():
            observed = GaugeMetricFamily(f"akira_{stem}_{unit}", f"{text}, observed.", labels=CAUSE_DIMENSIONS)
            expected = GaugeMetricFamily(f"akira_{stem}_expected_{unit}", f"{text}, expected.", labels=CAUSE_DIMENSIONS)
            for labels, (seen, normal) in rows.get(key, {}).items():
                observed.add_metric(labels, seen)
                expected.add_metric(labels, normal)
            yield observed
            yield expected
        hidden = "Slices that are alarming or listed but left out of this page, to keep it bounded."
        yield GaugeMetricFamily("akira_slices_hidden", hidden, value=self._hidden)
