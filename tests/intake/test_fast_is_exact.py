"""The column path against its oracle: whatever it reads without doubt, the exact path reads as the same."""

from __future__ import annotations

from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.codec.coerce import coerce
from pipeline.intake import exact, judge
from pipeline.intake.wire import FIELDS, Sort
from pipeline.records import Kind

NOW = 1_795_515_878_920
times = st.one_of(
    st.integers(NOW - 10_000, NOW + 10_000),
    st.sampled_from(
        [0, NOW // 1000, NOW * 1000, -1, 2**63 - 1, 946_684_800_000, 4_102_444_800_000, NOW + 8 * 86_400_000]
    ),
)
rfc = st.one_of(
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
    st.sampled_from(
        [
            "2026-11-24T10:24:38Z",
            "2026-11-24t10:24:38.5z",
            "2026-11-24 12:24:38.123456789+02:00",
            "2026-11-24T10:24:38.12345678901Z",
            "2026-11-24T10:24:60Z",
            "2026-11-24T23:59:60+14:00",
            "2026-11-24T10:24:38-0800",
            "2026-11-24T10:24:38+24:00",
            "2026-11-24T10:24:38+10:60",
            "2026-11-24T10:24:38",
            "2026-11-24",
            "2026-02-30T10:24:38Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T10:24:61Z",
            "2026-11-24T10:24:38 Z",
            "+2026-11-24T10:24:38Z",
            "2026-1-4T1:2:3Z",
            " 2026-11-24T10:24:38Z",
            "2026-11-24T10:24:38−08:00",
            "0000-01-01T00:00:00Z",
        ]
    ),
)
numbers = st.one_of(
    st.integers(-3, 800),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.decimals(-10_000, 10_000, places=7),
)
odd_numbers = st.sampled_from(
    ["", "1", "+1", "01", "-0", "1.", ".5", "1.0", "1.5", "1e3", "1E-7", "0x10", "1_000", " 1", "1 ", "NaN", "inf"]
    + ["0.0005", "1.0015", "0.0000005", "0.0000015", "1e400", "1e30", "99999999999999999999", "true", "١"]
)
texts: dict[Sort, st.SearchStrategy[str]] = {
    "text": st.one_of(st.text(max_size=4), st.sampled_from(["a" * 255, "a" * 256, "é" * 255, "é" * 256, "a" * 2_001])),
    "time": st.one_of(times.map(str), rfc, odd_numbers),
    "whole": st.one_of(numbers.map(str), odd_numbers),
    "flag": st.sampled_from(["true", "false", "True", "FALSE", "1", "0", "1.0", "2", "yes", ""]),
    "seconds": st.one_of(numbers.map(str), odd_numbers),
    "money": st.one_of(numbers.map(str), odd_numbers),
    "real": st.one_of(numbers.map(str), odd_numbers),
}
ENUMS = {
    "metric": ["up", "invites", "acl_denied", "ups"],
    "peer_kind": ["trunk", "terminator", "switch", "peer"],
    "event": ["balance", "blocked", "unblocked", "threshold", "topup", "block"],
    "released_by": ["caller", "callee", "switch", "nobody"],
    "rating": ["rated", "unrated", "failed", "free"],
    "currency": ["EUR", "eur", "EURO", "EUR\n", "É12"],
}
GOOD: dict[Kind, dict[str, Any]] = {
    "cdr": {"call_id": "a", "customer": "c", "setup_at": NOW, "ended_at": NOW + 5_000},
    "sip": {"at": NOW, "metric": "invites", "value": 3.0},
    "balance": {"at": NOW, "customer": "c", "event": "balance"},
}


def as_text(kind: Kind) -> st.SearchStrategy[dict[str, str]]:
    """Records of a CSV: all values text, the required ones mostly there and right."""
    odd = {
        field.wire: st.sampled_from(ENUMS[field.wire]) if field.wire in ENUMS else texts[field.sort]
        for field in FIELDS[kind]
    }
    return few(odd, {name: str(value) for name, value in GOOD[kind].items()})


def few(odd: dict[str, st.SearchStrategy[Any]], base: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """`base` with up to three fields as `odd` has them: more would hide each other."""
    names = st.lists(st.sampled_from(sorted(odd)), max_size=3, unique=True)
    some = names.flatmap(lambda chosen: st.fixed_dictionaries({name: odd[name] for name in chosen}))
    return some.map(lambda values: base | values)


def agree(kind: Kind, raw: pl.DataFrame, records: list[dict[str, Any]]) -> None:
    """Rows that the column path reads without doubt are accepted, refused and valued as by the exact path."""
    frame, failed = coerce(kind, raw)
    sure = [row for row, bad in enumerate(failed) if not bad]
    good, verdicts = judge(kind, frame.filter(~failed))
    refused = {sure[verdict.index] for verdict in verdicts}
    accepted = iter(good.to_dicts())
    for row in sure:
        read = exact.read(kind, records[row])
        if row in refused:
            assert isinstance(read, exact.Refused), records[row]
        else:
            assert read == next(accepted), records[row]


@pytest.mark.parametrize("kind", get_args(Kind))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_texts(kind: Kind, data: st.DataObject) -> None:
    records = data.draw(st.lists(as_text(kind), min_size=1, max_size=12))
    schema = {field.wire: pl.String for field in FIELDS[kind]}
    agree(kind, pl.DataFrame(records, schema=schema), records)


PLAIN: dict[Sort, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "text": (pl.String(), texts["text"]),
    "time": (pl.Int64(), times),
    "whole": (pl.Int64(), st.integers(-3, 800) | st.integers(-(2**63), 2**63 - 1)),
    "flag": (pl.Boolean(), st.booleans()),
    "seconds": (pl.Float64(), st.floats(-10, 700_000, allow_nan=False) | st.sampled_from([0.0005, 1.0015, 1e18])),
    "money": (pl.Float64(), st.floats(-1e13, 1e13, allow_nan=False) | st.sampled_from([0.0000005, 0.1234565, 1e12])),
    "real": (pl.Float64(), st.floats(allow_nan=False, allow_infinity=False)),
}


@pytest.mark.parametrize("kind", get_args(Kind))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_numbers(kind: Kind, data: st.DataObject) -> None:
    odd = {
        field.wire: st.none() | (st.sampled_from(ENUMS[field.wire]) if field.wire in ENUMS else PLAIN[field.sort][1])
        for field in FIELDS[kind]
    }
    records = data.draw(st.lists(few(odd, GOOD[kind]), min_size=1, max_size=12))
    schema = {field.wire: PLAIN[field.sort][0] for field in FIELDS[kind]}
    agree(kind, pl.DataFrame(records, schema=schema), records)
