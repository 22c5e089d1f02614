"""NDJSON: every good line is read, every bad one is named, whatever stands around it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from connectors.codec import decode, decode_messages, encode
from pipeline.intake import exact
from pipeline.records import SCHEMAS, empty

NOW = 1_795_515_878_920
CALL: dict[str, Any] = {"call_id": "a", "customer": "c", "setup_at": NOW, "ended_at": NOW + 9}


def line(**fields: Any) -> bytes:
    return json.dumps(CALL | fields).encode()


def test_a_block_is_read_in_order() -> None:
    block = b"\n".join([line(call_id=str(n)) for n in range(5)]) + b"\n"
    batch = decode("cdr", block, "f")
    assert batch.kind == "cdr"
    assert batch.frame.schema == SCHEMAS["cdr"]
    assert batch.frame["call_id"].to_list() == list("01234")
    assert batch.rejects == ()


BAD = [
    (b"garbage", None, "not_json"),
    (b'{"call_id": "a"', None, "not_json"),
    (b'{"call_id": NaN}', None, "not_json"),
    (b"[1, 2]", None, "not_json"),
    (b"null", None, "not_json"),
    (b"5", None, "not_json"),
    (b"{} {}", None, "not_json"),
    (b'{"call_id": "\xff"}', None, "not_json"),
    (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, "not_json"),
    (line(customer="\ud83d"), "customer", "bad_value"),
    (line(cli={"a": 1}), "cli", "bad_value"),
    (line(cli=["447700900123"]), "cli", "bad_value"),
    (line(setup_at="yesterday"), "setup_at", "bad_time"),
    (line(setup_at=True), "setup_at", "bad_time"),
    (line(setup_at=NOW / 1000), "setup_at", "bad_time"),
    (line(attempt=1.5), "attempt", "bad_value"),
    (line(attempt=2**40), "attempt", "bad_value"),
    (line(sip_code="OK"), "sip_code", "bad_value"),
    (line(sip_code=70_000), "sip_code", "bad_value"),
    (line(last_attempt="maybe"), "last_attempt", "bad_value"),
    (line(charge="0,15"), "charge", "bad_value"),
    (line(billed_s="12 s"), "billed_s", "bad_value"),
    (line(rtp_rx=2**80), "rtp_rx", "bad_value"),
    (line(customer=None), "customer", "missing"),
    (line(ended_at=NOW - 1), "ended_at", "order"),
    (b"{}", "call_id", "missing"),
]


@pytest.mark.parametrize(("bad", "field", "reason"), BAD, ids=lambda value: repr(value)[:40])
def test_one_bad_line_costs_that_line_only(bad: bytes, field: str | None, reason: str) -> None:
    lines = [line(call_id=str(n)) for n in range(300)]
    lines.insert(200, bad)
    batch = decode("cdr", b"\n".join(lines), "calls.ndjson", 1_000)
    assert batch.frame["call_id"].to_list() == [str(n) for n in range(300)]
    (reject,) = batch.rejects
    assert (reject.source, reject.line, reject.field, reject.reason) == ("calls.ndjson", 1_200, field, reason)
    assert reject.raw == bad.decode("utf-8", "replace")[:2_000]
    assert reject.expected


def test_a_bad_line_beside_an_odd_one() -> None:
    """Neither hides the other, and lines are counted with the empty ones."""
    lines = [line(), b"", line(setup_at="2026-11-24T10:24:38Z", attempt="2"), b"broken", b"  ", line(cli={}), line()]
    batch = decode("cdr", b"\r\n".join(lines) + b"\r\n", "f", 1)
    assert batch.frame["attempt"].to_list() == [1, 2, 1]
    assert [(reject.line, reject.reason) for reject in batch.rejects] == [(4, "not_json"), (6, "bad_value")]


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n  \r\n", b"\xef\xbb\xbf"])
def test_nothing_is_nothing(data: bytes) -> None:
    batch = decode("sip", data, "f")
    assert_frame_equal(batch.frame, empty("sip"))
    assert batch.rejects == ()


def test_a_byte_order_mark_is_passed_over() -> None:
    assert decode("cdr", b"\xef\xbb\xbf" + line(), "f").frame.height == 1


ODD = [
    ({"setup_at": "2026-11-24T10:24:38.920Z"}, {"setup_at": NOW}),
    ({"setup_at": "2026-11-24T12:24:38.9209+02:00"}, {"setup_at": NOW}),
    ({"setup_at": "2026-11-24T10:24:38.92012345678Z"}, {"setup_at": NOW}),
    ({"setup_at": str(NOW)}, {"setup_at": NOW}),
    ({"setup_at": float(NOW)}, {"setup_at": NOW}),
    ({"setup_at": NOW + 0.75}, {"setup_at": NOW}),
    ({"attempt": "2"}, {"attempt": 2}),
    ({"attempt": 2.0}, {"attempt": 2}),
    ({"last_attempt": "false"}, {"last_attempt": False}),
    ({"last_attempt": 0}, {"last_attempt": False}),
    ({"charge": "0.123456"}, {"charge_micro": 123_456}),
    ({"charge": 0.1}, {"charge_micro": 100_000}),
    ({"charge": "12345678901.123456"}, {"charge_micro": 12_345_678_901_123_456}),
    ({"charge": "0.0000005"}, {"charge_micro": 0}),
    ({"charge": "0.0000015"}, {"charge_micro": 2}),
    ({"charge": "1e-6"}, {"charge_micro": 1}),
    ({"billed_s": 1.0015}, {"billed_ms": 1_002}),
    ({"billed_s": "61"}, {"billed_ms": 61_000}),
    ({"dialed": 447700900123}, {"dialed": "447700900123"}),
    ({"customer": "[x]"}, {"customer": "[x]"}),
    ({"customer": "\U0001f600"}, {"customer": "\U0001f600"}),
    ({"trunk": ""}, {"trunk": None}),
    ({"vendor": {"a": [1, {"b": None}]}}, {}),
    ({"call_id": "x" * 255}, {"call_id": "x" * 255}),
]


@pytest.mark.parametrize(("given_as", "taken_as"), ODD, ids=lambda value: str(value)[:50])
def test_what_the_contract_accepts_is_taken_among_others(given_as: dict[str, Any], taken_as: dict[str, Any]) -> None:
    batch = decode("cdr", b"\n".join([line(), line(**given_as), line()]), "f")
    assert batch.rejects == ()
    row = batch.frame.row(1, named=True)
    assert {name: row[name] for name in taken_as} == taken_as
    assert batch.frame.row(0) == batch.frame.row(2)


def test_messages_have_their_own_offsets() -> None:
    messages = [line(), b'{\n "call_id": "b"\n}', line(call_id="c")]
    batch = decode_messages("cdr", messages, "akira.cdr[0]", [7, 9, 12])
    assert batch.frame["call_id"].to_list() == ["a", "c"]
    assert [(reject.line, reject.field) for reject in batch.rejects] == [(9, "customer")]


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.sampled_from([NOW, NOW + 5, 200, 1]),
    st.text(max_size=3),
    st.sampled_from(["2026-11-24T10:24:38Z", "1", "x\n", "[", "{"]),
    st.lists(st.integers(), max_size=1),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=1),
)
records = st.dictionaries(st.sampled_from([*SCHEMAS["cdr"], "charge", "billed_s", "other"]), values, max_size=4).map(
    lambda some: CALL | some
)
broken = st.sampled_from([b"x", b"{", b"", b"[]", b"{}{}", b'{"call_id":"\\ud800"}'])


@settings(max_examples=80, deadline=None)
@given(lines=st.lists(st.one_of(records.map(lambda r: json.dumps(r).encode()), broken), max_size=12))
def test_a_block_says_what_its_lines_say_one_by_one(lines: list[bytes]) -> None:
    batch = decode("cdr", b"\n".join(lines), "f")
    rows, refused = [], []
    for number, text in enumerate(lines, 1):
        one = decode("cdr", text, "f", number)
        rows.append(one.frame)
        refused += one.rejects
        if text.strip() and text.startswith(b'{"call_id": "a"'):
            read = exact.read("cdr", json.loads(text))
            assert isinstance(read, exact.Refused) == (one.frame.height == 0)
    assert_frame_equal(batch.frame, pl.concat(rows) if rows else empty("cdr"))
    assert [(r.line, r.field, r.reason) for r in batch.rejects] == [(r.line, r.field, r.reason) for r in refused]


@settings(max_examples=60, deadline=None)
@given(
    charge=st.none() | st.integers(-(10**12), 10**12),
    billed=st.none() | st.integers(0, 600_000_000),
    text=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
)
def test_written_is_read_again(charge: int | None, billed: int | None, text: str | None) -> None:
    row = {"call_id": "a", "customer": "c", "setup_at": NOW, "ended_at": NOW + 9, "emitted_at": NOW + 9}
    row |= {"attempt": 1, "last_attempt": True, "switch": "s", "charge_micro": charge, "billed_ms": billed}
    frame = pl.DataFrame([row | {"reason": text}], schema=SCHEMAS["cdr"])
    batch = decode("cdr", encode("cdr", frame), "f")
    assert batch.rejects == ()
    assert_frame_equal(batch.frame, frame)
