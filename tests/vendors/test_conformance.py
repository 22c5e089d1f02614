"""What every reader of a CDR format owes, whatever the format: each of these is asked of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from connectors.formats import FORMATS, reader
from connectors.rows.understanding import Reader
from pipeline.directory import Customer, Directory, Terminator
from pipeline.ports import Reject
from pipeline.records import CDR_SCHEMA

DATA = Path(__file__).parent.parent / "data" / "vendors"
START_MS = 1_772_445_600_000
"""2026-03-02 10:00 UTC: every sample is of the minutes after it."""
DIRECTORY = Directory(
    customers=(
        Customer(id="alfa", trunks=("alfa-trunk", "alfa-gw", "ALFA_TG"), accounts=("alfa",)),
        Customer(id="beta", trunks=("beta-trunk", "beta-gw", "BETA_TG"), accounts=("beta",)),
    ),
    terminators=(Terminator(id="supplier-1", egress_trunks=("gw1", "GW1_TG")),),
)


@dataclass(frozen=True)
class Case:
    """A format, its sample, the options it is read with, and how many calls are in the sample."""

    name: str
    sample: str
    calls: int
    options: dict[str, Any] = field(default_factory=dict)

    def make(self) -> Reader:
        return reader(str(DATA / self.name) if self.name.endswith(".toml") else self.name, self.options)

    def data(self) -> bytes:
        return (DATA / self.sample).read_bytes()


QUOTED = {"quoted": True, "zone": "Europe/Paris", "extras": ["account", "dialed"]}
CASES = (
    Case("freeswitch_json", "freeswitch_json.ndjson", 4),
    Case("freeswitch_json", "freeswitch_legs.ndjson", 5),
    Case("freeswitch_csv", "freeswitch_csv.csv", 2),
    Case("kamailio", "kamailio.ndjson", 4),
    Case("asterisk_csv", "asterisk_csv.csv", 4, {"zone": "Europe/Paris"}),
    Case("asterisk_cel", "asterisk_cel.csv", 3),
    Case("opensips_flatstore", "opensips_flatstore.txt", 2),
    Case("opensips_flatstore", "opensips_quoted.csv", 2, QUOTED),
    Case("opensips_event", "opensips_event.txt", 2),
    Case("didww", "didww.ndjson", 2),
    Case("mera", "mera.txt", 2),
    Case("sonus_act", "sonus_act.txt", 2),
    Case("vos3000", "vos3000.txt", 2, {"zone": "Asia/Shanghai"}),
    Case("cgrates_json", "cgrates.ndjson", 3),
    Case("cgrates_csv", "cgrates.csv", 3),
    Case("profile_csv.toml", "profile.csv", 3),
    Case("profile_json.toml", "didww.ndjson", 2),
)
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}:{case.sample}")


def read(case: Case, data: bytes, by: Reader | None = None) -> tuple[pl.DataFrame, tuple[Reject, ...]]:
    """All of `data` at once and the end of it."""
    by = by or case.make()
    frame, rejects = by.read(data, case.sample, 1, DIRECTORY)
    last, more = by.finish(case.sample, DIRECTORY)
    return pl.concat([frame, last]), (*rejects, *more)


def refusals(rejects: tuple[Reject, ...]) -> list[Reject]:
    """Without what the format itself sets aside, or leaves open at its end."""
    return [reject for reject in rejects if reject.reason not in ("set_aside", "half_call")]


def test_every_format_is_a_case() -> None:
    named = {case.name for case in CASES}
    assert set(FORMATS) <= named


@EVERY
def test_the_sample_is_read_whole(case: Case) -> None:
    frame, rejects = read(case, case.data())
    assert frame.height == case.calls
    assert refusals(rejects) == []
    assert frame.schema == CDR_SCHEMA


@EVERY
def test_units_and_zone_are_those_of_the_day(case: Case) -> None:
    frame, _ = read(case, case.data())
    for column in ("setup_at", "ended_at", "emitted_at"):
        assert frame[column].is_between(START_MS, START_MS + 120_000).all(), column
    talk = (frame["ended_at"] - frame["answered_at"]).drop_nulls()
    assert talk.is_between(1_000, 120_000).all()
    assert frame["answered_at"].is_not_null().any()


@EVERY
def test_order_of_times_holds_and_codes_are_codes(case: Case) -> None:
    frame, _ = read(case, case.data())
    for before, after in (
        ("setup_at", "ringing_at"),
        ("ringing_at", "answered_at"),
        ("setup_at", "answered_at"),
        ("answered_at", "ended_at"),
        ("setup_at", "ended_at"),
    ):
        assert (frame[after] >= frame[before]).drop_nulls().all()
    assert frame.filter(pl.col("answered_at").is_not_null())["sip_code"].eq(200).all()
    assert frame["sip_code"].drop_nulls().is_between(100, 699).all()


@EVERY
def test_identity_is_one_per_record_and_a_copy_has_the_same(case: Case) -> None:
    key = ["call_id", "attempt", "switch"]
    frame, _ = read(case, case.data())
    assert frame.select(key).n_unique() == frame.height
    twice, _ = read(case, case.data() * 2)
    assert twice.select(key).n_unique() == frame.height


@EVERY
def test_who_called_and_over_whom(case: Case) -> None:
    frame, _ = read(case, case.data())
    assert set(frame["customer"]) <= {"alfa", "beta"}
    assert "gw1" not in frame["terminator"].to_list()
    assert "GW1_TG" not in frame["terminator"].to_list()


@EVERY
def test_an_empty_input_is_no_record_and_no_error(case: Case) -> None:
    for data in (b"", b"\n", b"\r\n \n"):
        frame, rejects = read(case, data)
        assert frame.height == 0
        assert frame.schema == CDR_SCHEMA
        assert rejects == ()


JUNK = b'}{ this, is | no "record at all = 1\n'


@EVERY
def test_a_junk_line_is_refused_with_its_line_and_the_rest_is_read(case: Case) -> None:
    lines = case.data().splitlines(keepends=True)
    whole, known = read(case, case.data())
    at = len(lines)
    frame, rejects = read(case, b"".join(lines) + JUNK)
    new = [reject for reject in refusals(rejects) if reject not in refusals(known)]
    assert [reject.line for reject in new] == [at + 1]
    assert new[0].source == case.sample
    assert new[0].expected
    assert "no " in new[0].raw
    assert_frame_equal(frame, whole)


@EVERY
def test_half_a_record_at_the_end_of_a_file_is_refused_and_the_rest_is_read(case: Case) -> None:
    content = case.data()
    by = case.make()
    last = by.whole(content[:-1].rstrip(b"\n"))
    half = content[: last + max(12, (len(content.rstrip()) - last) // 3)].rstrip(b"\n")
    before, known = read(case, content[:last])
    frame, rejects = read(case, half)
    assert_frame_equal(frame, before)
    assert len(rejects) == len(known) + 1
    new = next(reject for reject in rejects if reject not in known)
    assert new.line is not None and new.line > content[:last].count(b"\n")
    assert new.expected


@EVERY
def test_another_format_is_refused_line_by_line(case: Case) -> None:
    wrong = b'<cdr><callid>1</callid><start>10:00</start></cdr>\n{"level":"info","msg":"started"}\n'
    frame, rejects = read(case, wrong)
    assert frame.height == 0
    assert {reject.line for reject in rejects} >= {1}
    assert all(reject.expected for reject in rejects)


@EVERY
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(case: Case) -> None:
    whole, _ = read(case, case.data())
    frame, rejects = read(case, b"\xef\xbb\xbf" + case.data().replace(b"\n", b"\r\n"))
    assert refusals(rejects) == []
    assert_frame_equal(frame, whole)


@EVERY
def test_bytes_that_are_no_text_do_not_stop_the_reading(case: Case) -> None:
    whole, _ = read(case, case.data())
    frame, rejects = read(case, case.data() + b"\xff\xfe\xfd\xfc\n")
    assert frame.height == whole.height
    assert refusals(rejects)


@EVERY
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_split_anywhere_gives_the_same_records(case: Case, data: st.DataObject) -> None:
    content = case.data()
    whole, known = read(case, content)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=4)))
    by = case.make()
    frames, rejects, held, line = [], [], b"", 1
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        held += content[start:end]
        # Asterisk writes the rows of one call together: a reader of growing files sees them in one piece.
        end_at = by.whole(held) if case.name != "asterisk_csv" or held == content else 0
        ready = held[:end_at]
        held = held[len(ready) :]
        frame, refused = by.read(ready, case.sample, line, DIRECTORY)
        line += ready.count(b"\n")
        frames.append(frame)
        rejects += refused
    frame, refused = by.finish(case.sample, DIRECTORY)
    key = ["call_id", "attempt"]
    assert_frame_equal(pl.concat([*frames, frame]).sort(key), whole.sort(key))
    assert sorted((r.line, r.reason) for r in (*rejects, *refused)) == sorted((r.line, r.reason) for r in known)


@EVERY
def test_an_understanding_says_all_that_an_operator_must_check(case: Case) -> None:
    told = case.make().understanding
    assert told.format and told.times and told.zone and told.legs and told.identity
    frame, _ = read(case, case.data())
    unasked = {kind for kind, _ in told.disabled}
    assert all(why for _, why in told.disabled)
    assert told.answered_only == ({"asr_drop", "ner_drop"} <= unasked)
    assert frame["ringing_at"].is_not_null().any() == ("pdd_rise" not in unasked)


@EVERY
def test_a_wrong_line_number_never_comes_from_the_first_line(case: Case) -> None:
    by = case.make()
    _, rejects = by.read(JUNK, case.sample, 1001, DIRECTORY)
    assert [reject.line for reject in rejects] == [1001]
