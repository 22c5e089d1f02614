"""Counters to intervals: resets, new series, gaps, pages read twice, and any split of the pages into batches."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.prometheus.counters import FORGET_MS, READING_SCHEMA, Carried, intervals
from pipeline.records import SIP_SCHEMA

MINUTE = 60_000


def reading(at: int, value: float, *, series: str = "s", family: str = "f", mode: str = "counter", **more: str) -> dict:
    row = {"at": at, "switch": "sw1", "peer": None, "peer_kind": "switch", "customer": None, "metric": "invites"}
    return row | {"mode": mode, "fold": "sum", "family": family, "series": series, "value": value} | more


def frame(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=READING_SCHEMA)


def told(*pages: pl.DataFrame) -> list[tuple[int, int, float]]:
    carried, seen = Carried.none(), []
    for page in pages:
        samples, carried = intervals(page, carried)
        assert samples.schema == pl.Schema(SIP_SCHEMA)
        seen += samples.select("at", "interval_ms", "value").rows()
    return seen


def test_first_reading_says_nothing_the_second_says_the_difference() -> None:
    assert told(frame(reading(0, 500.0)), frame(reading(MINUTE, 530.0))) == [(MINUTE, MINUTE, 30.0)]


def test_a_reset_counts_from_zero_and_is_never_negative() -> None:
    pages = [frame(reading(at * MINUTE, value)) for at, value in enumerate([500.0, 530.0, 4.0, 10.0])]
    assert [value for _, _, value in told(*pages)] == [30.0, 4.0, 6.0]


def test_a_series_that_appears_in_a_known_family_counts_from_zero() -> None:
    first = frame(reading(0, 500.0))
    second = frame(reading(MINUTE, 500.0), reading(MINUTE, 3.0, series="code=503"))
    assert told(first, second) == [(MINUTE, MINUTE, 3.0)]


def test_a_family_that_appears_does_not_tell_its_whole_past() -> None:
    first = frame(reading(0, 1.0))
    second = frame(reading(MINUTE, 1.0), reading(MINUTE, 90_000.0, series="t", family="other"))
    third = frame(reading(2 * MINUTE, 1.0), reading(2 * MINUTE, 90_007.0, series="t", family="other"))
    assert [value for _, _, value in told(first, second, third)] == [0.0, 7.0]


def test_a_gap_is_told_as_one_long_interval() -> None:
    assert told(frame(reading(0, 10.0)), frame(reading(7 * MINUTE, 80.0))) == [(7 * MINUTE, 7 * MINUTE, 70.0)]


def test_a_page_read_twice_or_out_of_order_counts_once() -> None:
    pages = [
        frame(reading(0, 10.0)),
        frame(reading(MINUTE, 20.0)),
        frame(reading(MINUTE, 20.0)),
        frame(reading(1, 11.0)),
    ]
    assert told(*pages) == [(MINUTE, MINUTE, 10.0)]


def test_series_of_one_metric_are_differenced_alone_and_then_added() -> None:
    first = frame(reading(0, 100.0, series="a"), reading(0, 7.0, series="b"))
    second = frame(reading(MINUTE, 2.0, series="a"), reading(MINUTE, 9.0, series="b"))
    assert told(first, second) == [(MINUTE, MINUTE, 4.0)]


def test_gauges_fold_as_declared() -> None:
    def gauge(value: float, series: str, metric: str, fold: str) -> dict:
        return reading(0, value, series=series, mode="gauge", metric=metric, fold=fold)

    page = frame(
        gauge(4.0, "a", "active_calls", "sum"),
        gauge(6.0, "b", "active_calls", "sum"),
        gauge(0.0, "c", "up", "max"),
        gauge(1.0, "d", "up", "max"),
        gauge(30.0, "e", "rtt_ms", "mean"),
        gauge(50.0, "f", "rtt_ms", "mean"),
        gauge(3.0, "g", "registrations", "min"),
        gauge(2.0, "h", "registrations", "min"),
    )
    samples, _ = intervals(page, Carried.none())
    assert dict(samples.select("metric", "value").rows()) == {
        "active_calls": 10.0,
        "up": 1.0,
        "rtt_ms": 40.0,
        "registrations": 2.0,
    }


def test_a_series_unseen_for_a_day_is_forgotten() -> None:
    _, carried = intervals(frame(reading(0, 1.0, series="old")), Carried.none())
    _, carried = intervals(frame(reading(FORGET_MS + 1, 1.0, series="new")), carried)
    assert carried.last["series"].to_list() == ["new"]


values = st.lists(st.integers(0, 50), min_size=2, max_size=12)


@settings(max_examples=60, deadline=None)
@given(values, st.sets(st.integers(1, 11)))
def test_any_split_into_batches_gives_the_same_samples(counts: list[int], cuts: set[int]) -> None:
    rows = [reading(at * MINUTE, float(value)) for at, value in enumerate(counts)]
    edges = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    batches = [frame(*rows[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    assert told(*batches) == told(frame(*rows))


@settings(max_examples=60, deadline=None)
@given(values)
def test_increases_add_up_to_what_a_counter_really_counted(steps: list[int]) -> None:
    """A counter that is reset to zero between pages: what is told is what was counted, never more."""
    value, pages, real = 0.0, [], 0.0
    for at, step in enumerate(steps):
        value = 0.0 if step > 40 else value + step
        real += 0.0 if step > 40 or at == 0 else step
        pages.append(frame(reading(at * MINUTE, value)))
    assert sum(increase for _, _, increase in told(*pages)) == real
