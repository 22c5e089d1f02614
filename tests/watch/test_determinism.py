"""The same records give the same incidents: shuffled within lateness, cut anywhere, sent twice, stopped anywhere."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akira.watching import new_watch
from pipeline.incidents import Incident
from pipeline.ports import Batch
from pipeline.settings import WatchSettings
from pipeline.watch.snapshot import SnapshotError
from tests.watch.carrier import DIRECTORY, Carrier, replay, tariffs, watch
from tests.watch.test_faults import fails


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    return Carrier(minutes=40, rate=300, faults=[tariffs, fails({"terminator": 1}, 0.1, 25, 33)]).frame()


@pytest.fixture(scope="module")
def whole(records: pl.DataFrame) -> list[Incident]:
    told = replay(Batch("cdr", records))
    assert told and told[-1].evidence.costs
    return told


def shuffled(records: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Disorder of up to 9 seconds."""
    late_by = np.random.default_rng(seed).integers(0, 9000, len(records))
    return records[np.argsort(records["emitted_at"].to_numpy() + late_by, kind="stable")]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(1, 11_000), max_size=8), stops=st.sets(st.integers(0, 8)))
def test_cut_shuffled_and_stopped_anywhere(
    records: pl.DataFrame, whole: list[Incident], seed: int, cuts: list[int], stops: set[int]
) -> None:
    disordered = shuffled(records, seed)
    edges = sorted({0, len(disordered), *(cut for cut in cuts if cut < len(disordered))})
    present, told = watch(), []
    for number, (start, end) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        told += present.feed(Batch("cdr", disordered[start:end]))
        if number in stops:
            present = new_watch(DIRECTORY, WatchSettings(), present.snapshot())
    assert told + present.finish() == whole


def test_a_batch_delivered_twice_counts_once(records: pl.DataFrame, whole: list[Incident]) -> None:
    twice = replay(Batch("cdr", records[:9000]), Batch("cdr", records[8900:]))
    plain = [i for i in twice if "cdr_duplicated" not in i.signals]
    assert [(i.id, i.lead, i.customers) for i in plain] == [(i.id, i.lead, i.customers) for i in whole]


def test_ticks_alone_close_minutes(records: pl.DataFrame) -> None:
    present = watch()
    present.feed(Batch("cdr", records))
    before = present.closed_until_ms()
    present.feed(Batch("cdr", records[:0], clock_ms=int(records["emitted_at"].max()) + 600_000))  # type: ignore[arg-type]
    after = present.closed_until_ms()
    assert before is not None and after is not None and after > before


@pytest.mark.parametrize("cut", [0, 7, 8, 40, 1_000, -1])
def test_bytes_that_are_no_snapshot_are_refused(records: pl.DataFrame, cut: int) -> None:
    present = watch()
    present.feed(Batch("cdr", records[:500]))
    for bad in (b"junk", b"PK\x03\x04" * 50, bytes(64), present.snapshot()[:cut]):
        with pytest.raises(SnapshotError, match="no snapshot"):
            new_watch(DIRECTORY, WatchSettings(), bad)


def test_a_snapshot_of_another_version_is_refused_by_name(
    records: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = watch()
    present.feed(Batch("cdr", records[:500]))
    with monkeypatch.context() as older:
        older.setattr("pipeline.watch.snapshot.VERSION", 1)
        blob = present.snapshot()
    with pytest.raises(SnapshotError, match="version 1 cannot be read, this is version 4"):
        new_watch(DIRECTORY, WatchSettings(), blob)
