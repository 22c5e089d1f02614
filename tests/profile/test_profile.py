"""A declarative profile: what its keys mean, what it refuses, and that its numbers are those of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import ConnectorError
from connectors.profile import Profile, ProfileReader, load
from pipeline.directory import Directory

START_S = 1_772_445_600
BASE: dict[str, Any] = {
    "format": "csv",
    "columns": "id,who,start,answer,end,dur,talk,code,leg",
    "times": "epoch_s",
    "fields": {"call_id": "id", "customer": "who", "setup_at": "start", "answered_at": "answer", "ended_at": "end"},
}


def made(**changes: Any) -> ProfileReader:
    return ProfileReader(Profile.model_validate({**BASE, **changes}))


def rows(by: ProfileReader, *lines: str) -> list[tuple[Any, ...]]:
    frame, rejects = by.read("\n".join(lines).encode(), "f", 1, Directory())
    assert rejects == ()
    names = ("setup_at", "ringing_at", "answered_at", "ended_at")
    return [tuple(None if t is None else t - START_S * 1000 for t in row) for row in frame.select(names).iter_rows()]


def line(answer: str = "", end: str = "", dur: str = "", talk: str = "", start: str = str(START_S)) -> str:
    return f"c1,alfa,{start},{answer},{end},{dur},{talk},200,A"


def test_times_as_given() -> None:
    assert rows(made(), line(str(START_S + 4), str(START_S + 9.5))) == [(0, None, 4000, 9500)]
    assert rows(made(), line("0", str(START_S + 9))) == [(0, None, None, 9000)]


def test_a_duration_from_set_up_and_one_from_the_answer_place_the_call() -> None:
    fields = {"call_id": "id", "customer": "who", "setup_at": "start"}
    both = made(fields=fields, durations={"from_setup": {"column": "dur"}, "from_answer": {"column": "talk"}})
    assert rows(both, line(dur="64", talk="60"), line(dur="5", talk="0")) == [
        (0, None, 4000, 64000),
        (0, None, None, 5000),
    ]
    assert both.understanding.duration == "from answer"
    talk = made(fields=fields | {"answered_at": "answer"}, durations={"from_answer": {"column": "talk", "unit": "ms"}})
    assert rows(talk, line(answer=str(START_S + 3), talk="60500")) == [(0, None, 3000, 63500)]
    ring = made(durations={"ringing_after": {"column": "dur", "unit": "ms"}})
    assert rows(ring, line(str(START_S + 4), str(START_S + 9), dur="1250")) == [(0, 1250, 4000, 9000)]
    assert "pdd_rise" not in dict(ring.understanding.disabled)


@pytest.mark.parametrize(
    ("unit", "text"), [("s", "60"), ("ms", "60000"), ("us", "60000000"), ("ns", "6e10"), ("min", "1")]
)
def test_units_of_a_duration(unit: str, text: str) -> None:
    fields = {"call_id": "id", "customer": "who", "setup_at": "start", "answered_at": "answer"}
    by = made(fields=fields, durations={"from_answer": {"column": "talk", "unit": unit}})
    assert rows(by, line(answer=str(START_S), talk=text)) == [(0, None, 0, 60_000)]


def test_a_wrong_unit_of_time_is_refused_and_named() -> None:
    frame, rejects = made(times="epoch_ms").read(line("", str(START_S)).encode(), "f", 1, Directory())
    assert frame.height == 0
    assert (rejects[0].line, rejects[0].field, rejects[0].reason) == (1, "start", "bad_time")
    frame, rejects = made(times="%Y-%m-%d %H:%M:%S").read(line("", str(START_S)).encode(), "f", 1, Directory())
    assert (frame.height, rejects[0].reason) == (0, "bad_time")


def test_an_answer_rule_a_leg_and_code_maps() -> None:
    by = made(
        fields={**BASE["fields"], "sip_code": "code", "released_by": "leg"},
        answered={"column": "code", "values": "200"},
        keep={"column": "leg", "values": ["A"]},
        codes={"sip_code": {"busy": 486}, "released_by": {"A": "caller"}},
    )
    end = str(START_S + 9)
    lines = [
        f"c1,alfa,{START_S},{START_S},{end},,,{code},{leg}" for code, leg in (("200", "A"), ("busy", "A"), ("200", "B"))
    ]
    frame, rejects = by.read("\n".join(lines).encode(), "f", 1, Directory())
    assert frame["answered_at"].is_null().to_list() == [False, True]
    assert frame["sip_code"].to_list() == [200, 486]
    assert frame["released_by"].to_list() == ["caller", "caller"]
    assert [(r.line, r.field, r.reason) for r in rejects] == [(3, "leg", "set_aside")]


def test_an_unknown_code_is_refused_not_dropped() -> None:
    by = made(fields={**BASE["fields"], "sip_code": "code"}, codes={"sip_code": {"busy": 486}})
    frame, rejects = by.read(line("", str(START_S + 9)).replace(",200,", ",engaged,").encode(), "f", 1, Directory())
    assert frame.height == 0
    assert (rejects[0].field, rejects[0].reason) == ("code", "bad_value")


def test_answered_only_disables_asr_and_says_so() -> None:
    told = made(answered_only=True).understanding
    assert told.answered_only
    assert "failed calls" in dict(told.disabled)["asr_drop"]
    assert not made().understanding.answered_only


def test_a_header_is_passed_over_and_another_one_is_refused() -> None:
    by = made(header=True)
    end = str(START_S + 9)
    assert rows(by, BASE["columns"], line("", end)) == [(0, None, None, 9000)]
    _, rejects = by.read(f"{BASE['columns'].replace('who', 'whom')}\n{line('', end)}".encode(), "f", 1, Directory())
    assert [(r.line, r.reason) for r in rejects] == [(1, "bad_header")]
    assert BASE["columns"] in rejects[0].expected


def test_identity_may_be_several_columns_and_a_field_the_first_that_is_filled() -> None:
    by = made(fields={**BASE["fields"], "call_id": ["id", "leg"], "customer": ["talk", "who"]})
    frame, _ = by.read(line("", str(START_S + 1)).encode(), "f", 1, Directory())
    assert (frame["call_id"][0], frame["customer"][0]) == ("c1|A", "alfa")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"zone": "Paris"}, "no IANA zone"),
        ({"times": "iso"}, "rfc3339"),
        ({"columns": "id,who"}, "columns has no answer, end, start"),
        ({"fields": {"customer": "who", "setup_at": "start"}}, "needs call_id"),
        ({"fields": {**BASE["fields"], "custmer": "who"}}, "`custmer` is no field"),
        (
            {"fields": {"call_id": "id", "setup_at": "start", "ended_at": "end", "answered_at": "answer"}},
            "who sent the call",
        ),
        ({"fields": {"call_id": "id", "customer": "who", "setup_at": "start"}}, "ended_at"),
        ({"colums": "a"}, "colums"),
        ({"durations": {"talk": {"column": "talk"}}}, "talk"),
    ],
)
def test_a_mistake_in_a_profile_names_the_file_the_key_and_the_cure(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    place = tmp_path / "my.toml"
    place.write_text(_toml({**BASE, **change}))
    with pytest.raises(ConnectorError) as caught:
        load(place)
    assert said in caught.value.message
    assert str(place) in caught.value.message
    assert "docs/readers.md" in caught.value.hint


def test_a_profile_that_is_no_toml_or_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"no\.toml: No such file"):
        load(tmp_path / "no.toml")
    (tmp_path / "bad.toml").write_text("format = csv")
    with pytest.raises(ConnectorError, match="not TOML"):
        load(tmp_path / "bad.toml")
    (tmp_path / "good.toml").write_text(_toml(BASE))
    assert load(tmp_path / "good.toml").name == "good"


@settings(max_examples=40, deadline=None)
@given(
    setup=st.integers(0, 10**6),
    ring=st.none() | st.integers(0, 90_000),
    wait=st.none() | st.integers(0, 90_000),
    talk=st.integers(0, 10**7),
)
def test_milliseconds_go_through_unchanged(setup: int, ring: int | None, wait: int | None, talk: int) -> None:
    """Whatever the times of a call, a profile in epoch ms gives exactly them back."""
    start = START_S * 1000 + setup
    answer = None if wait is None else start + max(wait, ring or 0)
    end = (answer or start + (ring or 0)) + talk
    by = made(
        columns="id,who,start,ring,answer,end",
        times="epoch_ms",
        fields={**BASE["fields"], "ringing_at": "ring"},
    )
    ringing = None if ring is None else start + ring
    text = ",".join("" if v is None else str(v) for v in ("c", "a", start, ringing, answer, end))
    frame, rejects = by.read(text.encode(), "f", 1, Directory())
    assert rejects == ()
    assert frame.select("setup_at", "ringing_at", "answered_at", "ended_at").row(0) == (start, ringing, answer, end)


def _toml(value: dict[str, Any]) -> str:
    """Enough TOML for these profiles."""

    def text(item: Any) -> str:
        if isinstance(item, dict):
            return "{ " + ", ".join(f'"{key}" = {text(inner)}' for key, inner in item.items()) + " }"
        return str(item).lower() if isinstance(item, bool) else f'"{item}"'

    return "\n".join(f"{key} = {text(item)}" for key, item in value.items())
