"""The /metrics page: names, bounds, ages that grow by themselves, and the reference that is written from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from akira.metrics import LABELS_MOST, Metrics
from akira.metrics_reference import reference
from akira.slice_metrics import FIGURES, SHOWN, SliceFigure, figures_of
from detectors import QUESTIONS
from pipeline.incidents import TYPE_OF_SIGNAL, Evidence, Figure, Incident
from pipeline.records import KINDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


class Clock:
    def __init__(self) -> None:
        self.s = 1_000.0

    def __call__(self) -> float:
        return self.s


def values(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """Label values, in the order of the labels' names, of every sample of that name to the number."""
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        tuple(s.labels[name] for name in sorted(s.labels)): s.value
        for f in families
        for s in f.samples
        if s.name == name
    }


def figure(metric: str = "ASR", unit: str = "ratio", **of: str) -> SliceFigure:
    return SliceFigure(metric, unit, of or {"terminator": "term-05"}, 0.06, 0.58)


def test_records_rejects_and_events_add_up() -> None:
    metrics = Metrics("1.2", Clock())
    metrics.records("cdr", "accepted", 900)
    metrics.records("cdr", "accepted", 100)
    metrics.rejects(["not_json", "bad_time", "not_json"])
    metrics.ticket_events(["opened", "acknowledged"])
    assert values(metrics, "akira_records_total") == {("cdr", "accepted"): 1000.0}
    assert values(metrics, "akira_rejects_total") == {("not_json",): 2.0, ("bad_time",): 1.0}
    assert values(metrics, "akira_ticket_events_total") == {("opened",): 1.0, ("acknowledged",): 1.0}
    assert values(metrics, "akira_build_info") == {("1.2",): 1.0}


def test_ages_grow_while_nobody_reports() -> None:
    clock = Clock()
    metrics = Metrics("1", clock)
    metrics.clock(990_000)
    metrics.feeds({("sw1", "cdr"): 995_000})
    metrics.oldest_unprocessed(None)
    assert values(metrics, "akira_lag_seconds") == {(): 10.0}
    clock.s += 300
    assert values(metrics, "akira_lag_seconds") == {(): 310.0}
    assert values(metrics, "akira_feed_silence_seconds") == {("cdr", "sw1"): 305.0}
    assert values(metrics, "akira_oldest_unprocessed_seconds") == {(): 0.0}


def test_a_clock_ahead_of_the_wall_is_no_negative_lag() -> None:
    metrics = Metrics("1", Clock())
    metrics.clock(2_000_000)
    assert values(metrics, "akira_lag_seconds") == {(): 0.0}


def test_open_tickets_go_back_to_zero() -> None:
    metrics = Metrics("1", Clock())
    metrics.tickets({("SEV1", "sip_quality"): 2})
    assert values(metrics, "akira_tickets_open")[("SEV1", "sip_quality")] == 2.0
    metrics.tickets({})
    assert set(values(metrics, "akira_tickets_open").values()) == {0.0}
    assert len(values(metrics, "akira_tickets_open")) == 15


def test_every_signal_is_there_before_anything_happened() -> None:
    """So that a rule on `> 0` has something to compare from the first scrape on."""
    assert values(Metrics("1", Clock()), "akira_incidents_active") == {(signal,): 0.0 for signal in TYPE_OF_SIGNAL}


def test_figures_of_a_slice_stand_beside_their_expectation_and_vanish_with_it() -> None:
    metrics = Metrics("1", Clock())
    metrics.slices([figure(terminator="term-05", destination="Germany-Mobile")])
    where = ("", "Germany-Mobile", "", "term-05", "")
    assert values(metrics, "akira_asr_ratio") == {where: 0.06}
    assert values(metrics, "akira_asr_expected_ratio") == {where: 0.58}
    metrics.slices_live(7)
    assert values(metrics, "akira_slices_live") == {(): 7.0}
    metrics.slices([])
    assert values(metrics, "akira_asr_ratio") == {}


def test_cardinality_is_bounded_and_what_is_left_out_is_counted() -> None:
    metrics = Metrics("1", Clock())
    metrics.slices([figure(customer=f"c{n}") for n in range(SHOWN + 50)])
    assert len(values(metrics, "akira_asr_ratio")) == SHOWN
    assert values(metrics, "akira_slices_hidden") == {(): 50.0}
    for n in range(LABELS_MOST + 100):
        metrics.feeds({(f"sw{n}", "cdr"): 0})
        metrics.rejects([f"reason{n}"])
    assert len(values(metrics, "akira_feed_silence_seconds")) == LABELS_MOST + 1
    assert values(metrics, "akira_rejects_total")[("other",)] == 100.0


def test_labels_with_quotes_and_line_feeds_make_no_bad_page() -> None:
    metrics = Metrics("1", Clock())
    metrics.slices([figure(customer='a"b\nc\\')])
    metrics.source('x"\n', True)
    assert ('a"b\nc\\', "", "", "", "") in values(metrics, "akira_asr_ratio")


def test_figures_of_an_incident() -> None:
    normal = Figure("asr_drop", "ASR", 0.06, 0.58, 0.56, 0.60, 3912, "ratio")
    odd = Figure("asr_drop", "ASR", 1, 2, 1, 3, 10, "count")
    incident = Incident(
        "i1", 1, 0, 0, 0, None, None, "sip_quality", ("asr_drop",), "asr_drop",
        {"terminator": ("term-05", "term-06")}, (), "SEV2", "because", "x", evidence=Evidence(figures=(normal, odd)),
    )  # fmt: skip
    assert figures_of([incident]) == [figure(terminator="term-05,term-06")]


def test_names_follow_the_rules_of_prometheus() -> None:
    metrics = Metrics("1", Clock())
    for family in metrics.registry.collect():
        assert re.fullmatch(r"akira_[a-z0-9_]+", family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert not family.name.endswith(("_total", "_count", "_sum", "_info")) or family.name == "akira_build_info"
    assert b"exemplar" not in metrics.page() and b" # {" not in metrics.page()


def test_names_of_figures_differ_and_every_question_has_one() -> None:
    assert len({(stem, unit) for stem, unit, _ in FIGURES.values()}) == len(FIGURES)
    asked = {(question.metric, "ratio") for question in QUESTIONS}
    asked |= {(f"median {question.metric}", "s") for question in QUESTIONS if question.scale}
    assert asked - set(FIGURES) == set()


@pytest.mark.parametrize("metric", [metric for metric, unit in FIGURES if not metric.startswith("median ")])
def test_every_figure_is_one_that_a_detector_writes(metric: str) -> None:
    core = [*(ROOT / "detectors").rglob("*.py"), *(ROOT / "pipeline").rglob("*.py")]
    assert any(f'"{metric}"' in file.read_text() for file in core)


def test_every_family_of_the_page_is_in_the_reference_and_none_besides() -> None:
    metrics = Metrics("1", Clock())
    told = {f.name + ("_total" if f.type == "counter" else "") for f in metrics.registry.collect()}
    written = set(re.findall(r"^\| `(\w+)`", reference(), flags=re.M))
    assert written == told


def test_the_reference_in_docs_is_up_to_date() -> None:
    said = "run: python -m akira.metrics_reference > docs/metrics.md"
    assert (DOCS / "metrics.md").read_text() == reference(), said


def test_all_kinds_of_records_and_a_page_of_everything_parse_as_text() -> None:
    metrics = Metrics("1", Clock())
    for kind in KINDS:
        metrics.records(kind, "accepted", 1)
    metrics.minute_closed(0.2, {"asr": 0.1})
    metrics.outbox({"pagerduty": (3, 1)})
    metrics.delivery("pagerduty", "retry")
    metrics.alert("joined")
    metrics.shed("alertmanager")
    metrics.overdue(2, 1)
    metrics.checkpointed(0)
    assert values(metrics, "akira_outbox_dead") == {("pagerduty",): 1.0}
    assert values(metrics, "akira_minute_seconds_count") == {(): 1.0}
    assert values(metrics, "akira_detector_seconds_total") == {("asr",): 0.1}
    assert values(metrics, "akira_first_responses_overdue") == {(): 2.0}
    assert values(metrics, "akira_checkpoint_age_seconds") == {(): 1000.0}
