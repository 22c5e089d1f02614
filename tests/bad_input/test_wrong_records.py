"""Records with impossible times and durations are refused with their place and reason, and change no ticket."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.codec import encode
from tests.bad_input.replayed import of_file, replayed, seen
from tests.watch.carrier import Carrier
from tests.watch.test_faults import fails

DAY_MS = 86_400_000
Spoil = Callable[[dict[str, Any]], object]
WRONG: dict[str, tuple[str, str, Spoil]] = {
    "ends before it begins": ("ended_at", "order", lambda r: r.update(ended_at=r["setup_at"] - 1)),
    "answered before it rang": ("answered_at", "order", lambda r: r.update(answered_at=r["setup_at"] - 5_000)),
    "answered after its end": ("ended_at", "order", lambda r: r.update(answered_at=r["ended_at"] + 9_000)),
    "seconds for milliseconds": ("setup_at", "bad_time", lambda r: r.update(setup_at=r["setup_at"] // 1000)),
    "a clock that was never set": ("setup_at", "bad_time", lambda r: r.update(setup_at=0)),
    "microseconds": ("ended_at", "bad_time", lambda r: r.update(ended_at=r["ended_at"] * 1000)),
    "a call of nine days": ("ended_at", "bad_time", lambda r: r.update(setup_at=r["setup_at"] - 9 * DAY_MS)),
    "a negative duration": ("billed_s", "bad_value", lambda r: r.update(billed_s=-4.0)),
    "an absurd duration": ("billed_s", "bad_value", lambda r: r.update(billed_s=1e9)),
    "no number at all": ("billed_s", "bad_value", lambda r: r.update(billed_s="NaN")),
    "written before the call": ("emitted_at", "bad_time", lambda r: r.update(emitted_at=r["ended_at"] - 2 * DAY_MS)),
    "written next year": ("emitted_at", "bad_time", lambda r: r.update(emitted_at=r["ended_at"] + 300 * DAY_MS)),
}


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return Carrier(minutes=80, rate=200, faults=[fails({"terminator": 1}, 0.05)]).frame()


@pytest.fixture(scope="module")
def plain(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return replayed(tmp_path_factory.mktemp("plain"), frame).tickets


def test_spoilt_records_among_good_ones_change_nothing(
    frame: pl.DataFrame, plain: list[dict[str, Any]], tmp_path: Path
) -> None:
    lines = encode("cdr", frame).decode().splitlines()
    spoilt = []
    for number, line in enumerate(lines):
        spoilt.append(line)
        if number % 20 == 0:
            record = {**json.loads(line), "call_id": f"spoilt-{number}", "seq": None}
            list(WRONG.values())[number // 20 % len(WRONG)][2](record)
            spoilt.append(json.dumps(record))
    path = tmp_path / "cdr.ndjson"
    path.write_text("\n".join(spoilt) + "\n", encoding="utf-8")
    outcome = of_file(path)
    assert outcome.tickets == plain and seen(outcome) == [("asr_drop", {"terminator": ["term-1"]})]
    assert outcome.rejects.total() == len(spoilt) - len(lines)
    assert set(outcome.rejects) == {"order", "bad_time", "bad_value"}


@pytest.mark.parametrize("name", WRONG)
def test_each_is_refused_with_its_line_field_and_reason(frame: pl.DataFrame, tmp_path: Path, name: str) -> None:
    field, reason, spoil = WRONG[name]
    good = encode("cdr", frame.filter(pl.col("answered_at").is_not_null())[:3]).decode().splitlines()
    record = json.loads(good[1])
    spoil(record)
    path = tmp_path / "cdr.ndjson"
    path.write_text("\n".join([good[0], json.dumps(record), good[2]]) + "\n", encoding="utf-8")
    outcome = of_file(path)
    assert outcome.records["cdr"] == 2
    [reject] = outcome.first_rejects
    assert (reject.line, reject.field, reject.reason) == (2, field, reason) and reject.expected


def test_calls_that_end_after_days_and_calls_of_no_length_open_nothing(frame: pl.DataFrame, tmp_path: Path) -> None:
    calm = Carrier(minutes=80, rate=200).frame()
    stuck = calm[::50].with_columns(
        pl.col("call_id") + "-stuck",
        *(pl.col(name) - 6 * DAY_MS for name in ("setup_at", "ringing_at", "answered_at")),
    )
    instant = calm[25::50].filter(pl.col("answered_at").is_not_null())
    instant = instant.with_columns(pl.col("call_id") + "-instant", ended_at="answered_at", emitted_at="answered_at")
    outcome = replayed(tmp_path, pl.concat([calm, stuck, instant]))
    assert outcome.rejects.total() == 0 and seen(outcome) == []


def test_a_clock_that_is_hours_slow_from_the_beginning_opens_nothing(tmp_path: Path) -> None:
    times = ("setup_at", "ringing_at", "answered_at", "ended_at")
    slow = pl.when(pl.col("switch") == "sw-1").then(3 * 3_600_000).otherwise(0)
    outcome = replayed(tmp_path, Carrier(minutes=80, rate=200).frame().with_columns(pl.col(t) - slow for t in times))
    assert outcome.rejects.total() == 0 and seen(outcome) == []


def test_times_of_the_wrong_day_do_not_move_the_rest(frame: pl.DataFrame, plain: list[object], tmp_path: Path) -> None:
    times = [pl.col(name) + DAY_MS for name in ("setup_at", "ringing_at", "answered_at", "ended_at", "emitted_at")]
    stray = frame[700:701].with_columns(pl.col("call_id") + "-stray", *times)
    outcome = replayed(tmp_path, pl.concat([frame, stray]))
    assert outcome.tickets == plain and outcome.stats["ahead"] == 1


def test_a_few_times_at_the_end_of_the_century_are_not_walked_to_minute_by_minute(tmp_path: Path) -> None:
    frame = Carrier(minutes=30, rate=60).frame()
    names = ("setup_at", "ringing_at", "answered_at", "ended_at", "emitted_at")
    late = [pl.col(name) + 25_000 * DAY_MS for name in names]
    strays = frame[7::900].with_columns(pl.col("call_id") + "-stray", *late)
    outcome = replayed(tmp_path, pl.concat([frame, strays]))
    assert outcome.records["cdr"] == len(frame) + len(strays) and outcome.stats["minutes"] < 3 * 1440
