"""What a switch does not write is not asked of it, is said, and spoils nothing at the others."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.bad_input.replayed import AT_60_MIN, blank, of_file, replayed, seen
from tests.watch.carrier import Carrier
from tests.watch.test_faults import changes, fails

SW0 = pl.col("switch") == "sw-0"
ANSWERED = pl.col("answered_at").is_not_null()
PROFILE = """
format = "csv"
separator = ","
header = true
columns = "call_id,customer,dialed,switch,setup_at,ringing_at,answered_at,ended_at,sip_code,terminator"
times = "epoch_ms"
answered_only = true
[fields]
call_id = "call_id"
customer = "customer"
dialed = "dialed"
switch = "switch"
setup_at = "setup_at"
ringing_at = "ringing_at"
answered_at = "answered_at"
ended_at = "ended_at"
sip_code = "sip_code"
terminator = "terminator"
"""


def told_of(lines: list[str], switch: str, metric: str) -> str:
    """The reason why a metric is disabled for a switch; empty when it is not."""
    found = [line for line in lines if line.startswith(f"{switch}:") and metric in line.split(" disabled: ")[0]]
    return found[0].split(" disabled: ")[1] if found else ""


def test_a_switch_that_logs_answered_calls_only_has_no_asr_and_leaves_that_of_the_others_alone(tmp_path: Path) -> None:
    frame = Carrier(minutes=120, rate=200).frame().filter(ANSWERED | ~SW0)
    outcome = replayed(tmp_path, frame)
    answers = f"{frame.filter(SW0).height:,}"
    assert seen(outcome) == []
    for metric in ("ASR", "NER", "number failures", "calls refused by ACL"):
        assert told_of(outcome.disabled, "sw-0", metric) == f"no failed call in its last {answers} records"
    assert told_of(outcome.disabled, "sw-1", "ASR") == "" == told_of(outcome.disabled, "sw-0", "ACD")


def test_its_neighbour_still_shows_a_dead_terminator(tmp_path: Path) -> None:
    frame = Carrier(minutes=80, rate=300, faults=[fails({"terminator": 1}, 0.05)]).frame()
    outcome = replayed(tmp_path, frame.filter(ANSWERED | ~SW0))
    assert seen(outcome) == [("asr_drop", {"terminator": ["term-1"]})]


@pytest.mark.parametrize("back", [False, True])
def test_a_switch_that_stops_logging_failures_and_begins_again_has_no_fault(tmp_path: Path, back: bool) -> None:
    frame = Carrier(minutes=120, rate=200).frame()
    until = AT_60_MIN + (30 if back else 999) * 60_000
    hidden = SW0 & ~ANSWERED & pl.col("emitted_at").is_between(AT_60_MIN, until)
    outcome = replayed(tmp_path, frame.filter(~hidden))
    assert seen(outcome) == []
    assert bool(told_of(outcome.disabled, "sw-0", "ASR")) is not back


def test_a_switch_that_begins_to_log_failures_has_no_fault(tmp_path: Path) -> None:
    frame = Carrier(minutes=120, rate=200).frame()
    outcome = replayed(tmp_path, frame.filter(ANSWERED | ~SW0 | (pl.col("emitted_at") >= AT_60_MIN)))
    assert seen(outcome) == [] == outcome.disabled


def test_a_switch_without_ringing_times_is_not_asked_for_pdd_and_false_answers(tmp_path: Path) -> None:
    frame = blank(Carrier(minutes=80, rate=200).frame(), "ringing_at", SW0)
    outcome = replayed(tmp_path, frame)
    answers = f"{frame.filter(SW0 & ANSWERED).height:,}"
    assert seen(outcome) == []
    for metric in ("PDD", "suspected false answers", "NER"):
        assert told_of(outcome.disabled, "sw-0", metric) == f"no ringing time in its last {answers} answers"
    assert not told_of(outcome.disabled, "sw-0", "ASR")
    assert not told_of(outcome.disabled, "sw-1", "PDD")


@pytest.mark.parametrize("offset_ms", [0, 30_000])
@pytest.mark.parametrize("where", [SW0, pl.lit(True)])
def test_ringing_times_that_stop_in_the_middle_are_no_false_answers(
    tmp_path: Path, offset_ms: int, where: pl.Expr
) -> None:
    since, until = AT_60_MIN + offset_ms, AT_60_MIN + 20 * 60_000 + offset_ms
    gone = where & pl.col("emitted_at").is_between(since, until)
    outcome = replayed(tmp_path, blank(Carrier(minutes=100, rate=300).frame(), "ringing_at", gone))
    assert seen(outcome) == []


def test_false_answers_of_one_terminator_are_seen_beside_a_switch_without_ringing_times(tmp_path: Path) -> None:
    frame = Carrier(minutes=80, rate=300, faults=[changes({"terminator": 2}, rang=False, media=0)]).frame()
    outcome = replayed(tmp_path, blank(frame, "ringing_at", SW0))
    assert seen(outcome) == [("fas", {"terminator": ["term-2"]})]


def test_without_media_counts_false_answers_are_told_by_ringing(tmp_path: Path) -> None:
    frame = Carrier(minutes=80, rate=300, faults=[changes({"terminator": 2}, rang=False)]).frame()
    outcome = replayed(tmp_path, blank(frame, "rtp_rx"))
    assert seen(outcome) == [("fas", {"terminator": ["term-2"]})]
    assert outcome.disabled == []


def test_a_switch_that_counts_no_media_is_not_asked_for_false_answers(tmp_path: Path) -> None:
    frame = Carrier(minutes=80, rate=200).frame()
    silent = pl.when(SW0 | pl.col("rtp_rx").is_null()).then(0).otherwise("rtp_rx")
    outcome = replayed(tmp_path, frame.with_columns(silent.alias("rtp_rx")))
    assert seen(outcome) == []
    assert told_of(outcome.disabled, "sw-0", "suspected false answers").startswith("no media packet counted")


def test_what_the_profile_says_reaches_the_watch(tmp_path: Path) -> None:
    profile, calls = tmp_path / "answered.toml", tmp_path / "calls.csv"
    profile.write_text(PROFILE, encoding="utf-8")
    columns = PROFILE.split('columns = "')[1].split('"')[0].split(",")
    Carrier(minutes=30, rate=60).frame().filter(ANSWERED).select(columns).write_csv(calls)
    outcome = of_file(calls, profile=str(profile))
    assert seen(outcome) == []
    for switch in ("sw-0", "sw-1"):
        assert told_of(outcome.disabled, switch, "ASR") == "the profile says that failed calls are not in the file"
