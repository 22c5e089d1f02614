"""Lanes: however records lie in partitions and however they are read, the watch closes the same minutes."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lanes import Lane, give
from pipeline.ports import Batch, Reject
from pipeline.records import SCHEMAS, Kind, empty
from tests.run.minutes import MinuteWatch, told

LATENESS_MS = 10_000
T0 = 1_760_000_040_000
KINDS: tuple[Kind, ...] = ("cdr", "cdr", "sip", "balance")
"""Of the lanes in these tests."""


def frame(kind: Kind, arrivals: list[int], first: int) -> pl.DataFrame:
    """Rows with a name of their own and these arrivals."""
    rows = len(arrivals)
    names = [f"{kind}-{first + n}" for n in range(rows)]
    known = {"cdr": ("call_id", "emitted_at"), "sip": ("peer", "at"), "balance": ("account", "at")}[kind]
    columns = {known[0]: names, known[1]: arrivals}
    if kind == "cdr":
        columns["ended_at"] = arrivals
    return pl.concat([empty(kind), pl.DataFrame(columns, schema_overrides=SCHEMAS[kind])], how="diagonal").select(
        list(SCHEMAS[kind])
    )


def partition(rng: random.Random, number: int) -> list[int]:
    """Arrivals of one partition over ten minutes, each up to the lateness out of order."""
    count = rng.randrange(0, 200)
    times = sorted(T0 + rng.randrange(600_000) for _ in range(count))
    return [at for _, at in sorted((at + rng.randrange(LATENESS_MS), at) for at in times)]


def through_lanes(parts: list[list[int]], rng: random.Random) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """Read the partitions in random pieces, each lane held until its end; the minutes and the last positions."""
    watch = MinuteWatch(LATENESS_MS)
    lanes = [Lane(f"p{n}", kind) for n, kind in enumerate(KINDS)]
    read = [0] * len(parts)
    found, positions = [], {}
    while any(lane.holds for lane in lanes):
        n = rng.choice([n for n, lane in enumerate(lanes) if lane.holds])
        size = rng.randrange(1, 60)
        piece = parts[n][read[n] : read[n] + size]
        if piece:
            offsets = np.arange(read[n], read[n] + len(piece), dtype=np.int64)
            lanes[n].push(frame(KINDS[n], piece, n * 1000 + read[n]), offsets, (), read[n] + len(piece))
        read[n] += len(piece)
        lanes[n].holds = read[n] < len(parts[n])
        for batch in give(lanes, LATENESS_MS):
            positions.update(batch.positions)
            found += watch.feed(batch)
    found += watch.finish()
    assert watch.buffer.late == 0
    return told(found), positions


def at_once(parts: list[list[int]]) -> list[tuple[str, str]]:
    """The same records, each kind in one batch."""
    watch = MinuteWatch(10_000_000)
    found = []
    for n, arrivals in enumerate(parts):
        found += watch.feed(Batch(KINDS[n], frame(KINDS[n], arrivals, n * 1000)))
    return told(found + watch.finish())


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_same_minutes_however_they_are_read(seed: int) -> None:
    rng = random.Random(seed)
    parts = [partition(rng, n) for n in range(len(KINDS))]
    minutes, positions = through_lanes(parts, rng)
    assert minutes == at_once(parts)
    assert positions == {f"p{n}": len(part) for n, part in enumerate(parts) if part}


def test_nothing_is_given_before_every_lane_was_heard() -> None:
    lanes = [Lane("a", "cdr"), Lane("b", "cdr")]
    lanes[0].push(frame("cdr", [T0], 0), np.array([0]), (), 1)
    assert list(give(lanes, LATENESS_MS)) == []
    lanes[1].holds = False
    assert [batch.positions for batch in give(lanes, LATENESS_MS)] == [{"a": 1}]


def test_a_lane_ahead_waits_and_its_position_says_so() -> None:
    lanes = [Lane("a", "cdr"), Lane("b", "sip")]
    lanes[0].push(frame("cdr", [T0, T0 + 1000, T0 + 9000, T0 + 2000], 0), np.array([4, 5, 8, 9]), (), 10)
    lanes[1].push(frame("sip", [T0 + 5000], 0), np.array([0]), (), 1)
    batches = list(give(lanes, LATENESS_MS))
    assert [(len(batch.frame), dict(batch.positions)) for batch in batches] == [(2, {"a": 8}), (1, {"b": 1})]
    assert lanes[0].waiting == 2


def test_rejects_go_with_the_rows_around_them_and_alone() -> None:
    def reject(line: int) -> Reject:
        return Reject("a", line, None, "not_json", "JSON", "x")

    lanes = [Lane("a", "cdr"), Lane("b", "cdr")]
    lanes[0].push(frame("cdr", [T0, T0 + 9000], 0), np.array([1, 3]), [reject(0), reject(2), reject(4)], 5)
    lanes[1].push(frame("cdr", [T0 + 1000], 5), np.array([0]), (), 1)
    first = next(batch for batch in give(lanes, LATENESS_MS) if "a" in batch.positions)
    assert ([r.line for r in first.rejects], first.positions["a"]) == ([0, 2], 3)
    lanes[1].holds = False
    (rest,) = give(lanes, LATENESS_MS)
    assert ([r.line for r in rest.rejects], rest.positions["a"]) == ([4], 5)
    lanes[1].push(empty("cdr"), np.zeros(0, np.int64), [reject(9)], 10)
    lanes[0].holds = False
    (alone,) = give(lanes, LATENESS_MS)
    assert ([r.line for r in alone.rejects], alone.positions) == ([9], {"b": 10})
