"""Every rule of the contract, by a record that breaks just that one: both paths name the field and the reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipeline.intake import exact, judge, validate
from pipeline.intake.rules import RULES
from pipeline.intake.wire import FIELDS
from pipeline.records import SCHEMAS, Kind

NOW = 1_795_515_878_920
DAY = 86_400_000
GOOD: dict[Kind, dict[str, Any]] = {
    "cdr": {
        "call_id": "a",
        "customer": "c",
        "setup_at": NOW,
        "ringing_at": NOW + 1,
        "answered_at": NOW + 2,
        "ended_at": NOW + 3,
        "emitted_at": NOW + 4,
    },
    "sip": {"at": NOW, "metric": "up", "value": 1.0, "peer": "gw1", "peer_kind": "terminator"},
    "balance": {"at": NOW, "customer": "c", "event": "blocked"},
}
LONG = "x" * 256
BROKEN: list[tuple[Kind, dict[str, Any], str, str]] = [
    ("cdr", {"call_id": None}, "call_id", "missing"),
    ("cdr", {"customer": ""}, "customer", "missing"),
    ("cdr", {"setup_at": None}, "setup_at", "missing"),
    ("cdr", {"ended_at": None}, "ended_at", "missing"),
    *[
        ("cdr", {name: LONG}, name, "too_long")
        for name in ("call_id", "switch", "customer", "account", "trunk", "source_ip", "cli", "dialed")
        + ("destination", "terminator", "egress_trunk")
    ],
    ("cdr", {"customer": "é" * 256}, "customer", "too_long"),
    ("cdr", {"reason": "x" * 2_001}, "reason", "too_long"),
    ("cdr", {"attempt": 0}, "attempt", "bad_value"),
    ("cdr", {"sip_code": 99}, "sip_code", "bad_value"),
    ("cdr", {"sip_code": 700}, "sip_code", "bad_value"),
    ("cdr", {"q850": -1}, "q850", "bad_value"),
    ("cdr", {"q850": 128}, "q850", "bad_value"),
    ("cdr", {"released_by": "nobody"}, "released_by", "bad_value"),
    ("cdr", {"rtp_rx": -1}, "rtp_rx", "bad_value"),
    ("cdr", {"rtp_tx": -1}, "rtp_tx", "bad_value"),
    ("cdr", {"billed_ms": -1}, "billed_s", "bad_value"),
    ("cdr", {"billed_ms": 7 * DAY + 1}, "billed_s", "bad_value"),
    ("cdr", {"charge_micro": 10**18 + 1}, "charge", "bad_value"),
    ("cdr", {"charge_micro": -(10**18) - 1}, "charge", "bad_value"),
    ("cdr", {"currency": "eur"}, "currency", "bad_value"),
    ("cdr", {"currency": "EUR\n"}, "currency", "bad_value"),
    ("cdr", {"rating": "free"}, "rating", "bad_value"),
    ("cdr", {"setup_at": NOW // 1000}, "setup_at", "bad_time"),
    ("cdr", {"setup_at": 946_684_799_999}, "setup_at", "bad_time"),
    ("cdr", {"ringing_at": NOW * 1000}, "ringing_at", "bad_time"),
    ("cdr", {"answered_at": 4_102_444_800_000}, "answered_at", "bad_time"),
    ("cdr", {"ended_at": 4_102_444_800_000}, "ended_at", "bad_time"),
    ("cdr", {"emitted_at": 0}, "emitted_at", "bad_time"),
    ("cdr", {"ringing_at": NOW - 1}, "ringing_at", "order"),
    ("cdr", {"answered_at": NOW}, "answered_at", "order"),
    ("cdr", {"answered_at": NOW - 1, "ringing_at": None}, "answered_at", "order"),
    ("cdr", {"ended_at": NOW + 1}, "ended_at", "order"),
    ("cdr", {"ended_at": NOW, "answered_at": None}, "ended_at", "order"),
    ("cdr", {"ended_at": NOW - 1, "answered_at": None, "ringing_at": None}, "ended_at", "order"),
    ("cdr", {"ended_at": NOW + 7 * DAY + 1, "emitted_at": None}, "ended_at", "bad_time"),
    ("cdr", {"emitted_at": NOW - DAY}, "emitted_at", "bad_time"),
    ("cdr", {"emitted_at": NOW + 32 * DAY}, "emitted_at", "bad_time"),
    ("sip", {"at": None}, "at", "missing"),
    ("sip", {"metric": None}, "metric", "missing"),
    ("sip", {"value": None}, "value", "missing"),
    ("sip", {"peer_kind": None}, "peer_kind", "missing"),
    *[("sip", {name: LONG}, name, "too_long") for name in ("switch", "peer", "customer")],
    ("sip", {"at": 5}, "at", "bad_time"),
    ("sip", {"interval_ms": 0}, "interval_s", "bad_value"),
    ("sip", {"interval_ms": 7 * DAY + 1}, "interval_s", "bad_value"),
    ("sip", {"peer_kind": "peer"}, "peer_kind", "bad_value"),
    ("sip", {"metric": "ups"}, "metric", "bad_value"),
    ("sip", {"value": float("nan")}, "value", "bad_value"),
    ("sip", {"value": float("inf")}, "value", "bad_value"),
    ("sip", {"value": -1.0}, "value", "bad_value"),
    ("sip", {"value": 1.5}, "value", "bad_value"),
    ("balance", {"at": None}, "at", "missing"),
    ("balance", {"customer": None}, "customer", "missing"),
    ("balance", {"event": None}, "event", "missing"),
    *[("balance", {name: LONG}, name, "too_long") for name in ("customer", "account")],
    ("balance", {"reason": "x" * 2_001}, "reason", "too_long"),
    ("balance", {"at": 4_102_444_800_000}, "at", "bad_time"),
    ("balance", {"event": "block"}, "event", "bad_value"),
    ("balance", {"balance_micro": 10**18 + 1}, "balance", "bad_value"),
    ("balance", {"threshold_micro": 10**18 + 1}, "threshold", "bad_value"),
    ("balance", {"currency": "E"}, "currency", "bad_value"),
]
UNREACHED = {("cdr", name) for name in ("released_by", "currency", "rating")}
UNREACHED |= {("sip", "peer_kind"), ("sip", "metric"), ("balance", "event"), ("balance", "currency")}
"""Texts that are one of a list: too long is shadowed on no path, but has no record of its own here."""


def on_the_wire(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    scale = {"seconds": Decimal(1_000), "money": Decimal(1_000_000)}
    record = {}
    for field in FIELDS[kind]:
        value = row.get(field.column)
        record[field.wire] = str(value / scale[field.sort]) if field.sort in scale and value is not None else value
    return record


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_good_record_is_taken(kind: Kind) -> None:
    good, rejects = validate(kind, pl.DataFrame([GOOD[kind]], schema=SCHEMAS[kind]), "f")
    assert good.height == 1
    assert rejects == ()
    assert exact.read(kind, on_the_wire(kind, GOOD[kind])) == good.row(0, named=True)


@pytest.mark.parametrize(("kind", "broken", "field", "reason"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_broken_one_is_refused_by_both_paths(kind: Kind, broken: dict[str, Any], field: str, reason: str) -> None:
    row = GOOD[kind] | broken
    frame = pl.DataFrame([GOOD[kind], row, GOOD[kind]], schema=SCHEMAS[kind])
    good, rejects = validate(kind, frame, "f.ndjson", 10)
    assert good.height == 2
    (reject,) = rejects
    assert (reject.source, reject.line, reject.field, reject.reason) == ("f.ndjson", 11, field, reason)
    assert reject.expected
    read = exact.read(kind, on_the_wire(kind, row))
    assert isinstance(read, exact.Refused)
    assert (read.field, read.reason) == (field, reason)


def test_every_rule_has_its_record() -> None:
    told = {(kind, field, reason) for kind, _, field, reason in BROKEN}
    rules = {(kind, rule.field, rule.reason) for kind in RULES for rule in RULES[kind]}
    assert {r for r in rules - told if not (r[2] == "too_long" and r[:2] in UNREACHED)} == set()


def test_defaults_are_filled() -> None:
    row = {"call_id": "a", "customer": "c", "setup_at": NOW, "ended_at": NOW + 9, "trunk": ""}
    good, _ = judge("cdr", pl.DataFrame([row, row | {"answered_at": NOW}], schema=SCHEMAS["cdr"]))
    first, answered = good.to_dicts()
    assert (first["attempt"], first["last_attempt"], first["switch"]) == (1, True, "default")
    assert first["emitted_at"] == NOW + 9
    assert first["trunk"] is None
    assert first["sip_code"] is None
    assert answered["sip_code"] == 200
    sample, _ = judge("sip", pl.DataFrame([{"at": NOW, "metric": "up", "value": 0.0}], schema=SCHEMAS["sip"]))
    assert sample.row(0, named=True) | {
        "switch": "default",
        "peer_kind": "switch",
        "interval_ms": 60_000,
    } == sample.row(0, named=True)


def test_a_200_that_nobody_heard_keeps_its_code() -> None:
    """An answer is `answered_at`: a 200 without it (never acknowledged) is no conversation, and no mistake either."""
    row = {"call_id": "a", "customer": "c", "setup_at": NOW, "ended_at": NOW + 9, "sip_code": 200}
    good, rejects = validate("cdr", pl.DataFrame([row], schema=SCHEMAS["cdr"]), "f")
    assert rejects == ()
    assert good.select("sip_code", "answered_at").row(0) == (200, None)


def test_255_characters_of_two_bytes_are_not_too_long() -> None:
    row = GOOD["cdr"] | {"customer": "é" * 255}
    assert validate("cdr", pl.DataFrame([row], schema=SCHEMAS["cdr"]), "f")[1] == ()
