"""Where the time of a minute goes: each moment is counted once, and every detector is told apart."""

from __future__ import annotations

import polars as pl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from akira.metrics import Metrics
from akira.timing import Stopwatch, Timed
from detectors import QUESTIONS, RULES
from pipeline.ports import Batch
from pipeline.settings import WatchSettings
from tests.watch.carrier import DIRECTORY, Carrier, replay
from tests.watch.test_faults import fails


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    return Carrier(minutes=40, rate=300, faults=[fails({"terminator": 1}, 0.1, 25, 33)]).frame()


def seconds(metrics: Metrics) -> dict[str, float]:
    """By detector."""
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        sample.labels["detector"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == "akira_detector_seconds_total"
    }


def test_what_an_inner_part_takes_is_not_the_outer_ones() -> None:
    clock = Clock()
    timing = Stopwatch(clock)
    with timing("evidence", "asr"):
        clock.s += 1
        with timing("search", "asr"):
            clock.s += 2
        with timing("rules", "acl"):
            clock.s += 4
        clock.s += 8
    assert timing.spent == {("evidence", "asr"): 9.0, ("search", "asr"): 2.0, ("rules", "acl"): 4.0}
    assert timing.parts() == {"asr": 11.0, "acl": 4.0}
    assert timing.parts() == {}


def test_time_counts_when_the_work_fails() -> None:
    clock = Clock()
    timing = Stopwatch(clock)
    with pytest.raises(ValueError), timing("outer"):
        with timing("inner"):
            clock.s += 1
            raise ValueError
    assert timing.spent == {("inner", ""): 1.0, ("outer", ""): 0.0}


def test_each_detector_of_the_product_has_its_seconds_and_the_incidents_are_the_same(records: pl.DataFrame) -> None:
    metrics = Metrics("0", lambda: 0.0)
    watch = Timed(DIRECTORY, WatchSettings(), None, metrics)
    told = watch.feed(Batch("cdr", records)) + watch.finish()
    assert told == replay(Batch("cdr", records))
    spent = seconds(metrics)
    assert {"asr", "pdd", "cdr_delay", "traffic"} | {rule.name for rule in RULES} <= set(spent)
    assert set(spent) <= {question.name for question in QUESTIONS} | {rule.name for rule in RULES} | {"traffic"}
    assert min(spent.values()) > 0


def test_a_watch_restored_from_a_snapshot_is_timed_too(records: pl.DataFrame) -> None:
    first = Timed(DIRECTORY, WatchSettings(), None, Metrics("0", lambda: 0.0))
    first.feed(Batch("cdr", records[:8000]))
    metrics = Metrics("0", lambda: 0.0)
    second = Timed(DIRECTORY, WatchSettings(), first.snapshot(), metrics)
    second.feed(Batch("cdr", records[8000:]))
    assert seconds(metrics)["asr"] > 0
