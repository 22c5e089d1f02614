"""The record contract as column rules: each says which rows are wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.intake import limits
from pipeline.intake.wire import FIELDS
from pipeline.records import (
    BALANCE_EVENTS,
    PEER_KINDS,
    RATINGS,
    RELEASED_BY,
    SCHEMAS,
    SIP_METRICS,
    Kind,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """`wrong` is true for a row that breaks it; `suspect` is cheaper, and true for those rows at least."""

    field: str
    """The field of the wire that is blamed."""
    column: str
    """The contract column it speaks of: a rule other than `missing` cannot be broken where that is null."""
    reason: str
    expected: str
    wrong: pl.Expr
    suspect: pl.Expr


_COLUMN: Final = {field.wire: field.column for fields in FIELDS.values() for field in fields}


def _rule(field: str, reason: str, expected: str, wrong: pl.Expr, suspect: pl.Expr | None = None) -> Rule:
    return Rule(field, _COLUMN[field], reason, expected, wrong, wrong if suspect is None else suspect)


def _missing(field: str, expected: str) -> Rule:
    return _rule(field, "missing", expected, pl.col(field).is_null())


def _texts(kind: Kind) -> list[Rule]:
    """Length of every text column; bytes are cheap to count, characters are what the contract counts."""
    rules = []
    for name, dtype in SCHEMAS[kind].items():
        if dtype == pl.String():
            most = limits.REASON_MAX if name == "reason" else limits.TEXT_MAX
            expected = limits.EXPECTED_REASON if name == "reason" else limits.EXPECTED_TEXT
            text = pl.col(name).str
            rules.append(_rule(name, "too_long", expected, text.len_chars() > most, text.len_bytes() > most))
    return rules


def _times(*fields: str) -> list[Rule]:
    low, high = limits.TIME_MIN_MS, limits.TIME_MAX_MS
    return [_rule(f, "bad_time", limits.EXPECTED_TIME, (pl.col(f) < low) | (pl.col(f) >= high)) for f in fields]


def _between(field: str, low: int, high: int, expected: str) -> Rule:
    return _rule(field, "bad_value", expected, (pl.col(field) < low) | (pl.col(field) > high))


def _one_of(field: str, values: Sequence[str]) -> Rule:
    return _rule(field, "bad_value", "one of " + ", ".join(values), ~pl.col(field).is_in(values))


def _currency() -> Rule:
    wrong = ~pl.col("currency").str.contains(r"^[A-Z]{3}$")
    return _rule("currency", "bad_value", limits.EXPECTED_CURRENCY, wrong)


def _money(field: str, wire: str) -> Rule:
    high = limits.MONEY_MAX_MICRO
    wrong = (pl.col(field) < -high) | (pl.col(field) > high)
    return _rule(wire, "bad_value", limits.EXPECTED_MONEY, wrong)


def _order(later: str, earlier: str) -> Rule:
    return _rule(later, "order", f"{later} at or after {earlier}", pl.col(later) < pl.col(earlier))


def _cdr() -> list[Rule]:
    span = pl.col("ended_at") - pl.col("setup_at")
    lag = pl.col("emitted_at") - pl.col("ended_at")
    return [
        _missing("call_id", limits.EXPECTED_TEXT),
        _missing("customer", limits.EXPECTED_TEXT),
        _missing("setup_at", limits.EXPECTED_TIME),
        _missing("ended_at", limits.EXPECTED_TIME),
        *_texts("cdr"),
        _between("attempt", 1, 2**31 - 1, "a whole number, 1 or more"),
        _between("sip_code", 100, 699, "a SIP status, 100 to 699"),
        _between("q850", 0, 127, "a Q.850 cause, 0 to 127"),
        _one_of("released_by", RELEASED_BY),
        _between("rtp_rx", 0, 2**63 - 1, limits.EXPECTED_COUNT),
        _between("rtp_tx", 0, 2**63 - 1, limits.EXPECTED_COUNT),
        _rule("billed_s", "bad_value", limits.EXPECTED_BILLED, ~pl.col("billed_ms").is_between(0, limits.SPAN_MAX_MS)),
        _money("charge_micro", "charge"),
        _currency(),
        _one_of("rating", RATINGS),
        *_times("setup_at", "ringing_at", "answered_at", "ended_at", "emitted_at"),
        _order("ringing_at", "setup_at"),
        _order("answered_at", "ringing_at"),
        _order("answered_at", "setup_at"),
        _order("ended_at", "answered_at"),
        _order("ended_at", "ringing_at"),
        _order("ended_at", "setup_at"),
        _rule("ended_at", "bad_time", "a call of at most 7 days", span > limits.SPAN_MAX_MS),
        _rule(
            "emitted_at",
            "bad_time",
            "at most 1 day before and 31 days after ended_at",
            (lag < limits.LAG_MIN_MS) | (lag > limits.LAG_MAX_MS),
        ),
    ]


def _sip() -> list[Rule]:
    value = pl.col("value")
    odd = ~value.is_finite() | (value < 0) | ((pl.col("metric") == "up") & (value > 1))
    interval = (pl.col("interval_ms") <= 0) | (pl.col("interval_ms") > limits.SPAN_MAX_MS)
    return [
        _missing("at", limits.EXPECTED_TIME),
        _missing("metric", "one of " + ", ".join(SIP_METRICS)),
        _missing("value", limits.EXPECTED_VALUE),
        _missing("peer_kind", "one of " + ", ".join(PEER_KINDS) + " when peer is given"),
        *_texts("sip"),
        *_times("at"),
        _rule("interval_s", "bad_value", limits.EXPECTED_INTERVAL, interval),
        _one_of("peer_kind", PEER_KINDS),
        _one_of("metric", SIP_METRICS),
        _rule("value", "bad_value", limits.EXPECTED_VALUE, odd),
    ]


def _balance() -> list[Rule]:
    return [
        _missing("at", limits.EXPECTED_TIME),
        _missing("customer", limits.EXPECTED_TEXT),
        _missing("event", "one of " + ", ".join(BALANCE_EVENTS)),
        *_texts("balance"),
        *_times("at"),
        _one_of("event", BALANCE_EVENTS),
        _money("balance_micro", "balance"),
        _money("threshold_micro", "threshold"),
        _currency(),
    ]


RULES: Final[dict[Kind, tuple[Rule, ...]]] = {
    "cdr": tuple(_cdr()),
    "sip": tuple(_sip()),
    "balance": tuple(_balance()),
}
"""In order: the first rule that a row breaks is its reason."""
