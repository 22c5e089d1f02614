"""The columns of every record that enters, in the order and the units of the record contract, version 1.

A frame with these columns and types is the only thing that intake, watch, simulator and connectors exchange.
Times are integer epoch milliseconds (UTC), durations integer milliseconds, money integer millionths of the unit.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

Kind = Literal["cdr", "sip", "balance"]
KINDS: Final[tuple[Kind, ...]] = ("cdr", "sip", "balance")

CDR_SCHEMA: Final[dict[str, pl.DataType]] = {
    "call_id": pl.String(),
    "attempt": pl.Int32(),
    "last_attempt": pl.Boolean(),
    "switch": pl.String(),
    "seq": pl.Int64(),
    "customer": pl.String(),
    "account": pl.String(),
    "trunk": pl.String(),
    "source_ip": pl.String(),
    "cli": pl.String(),
    "dialed": pl.String(),
    "destination": pl.String(),
    "terminator": pl.String(),
    "egress_trunk": pl.String(),
    "setup_at": pl.Int64(),
    "ringing_at": pl.Int64(),
    "answered_at": pl.Int64(),
    "ended_at": pl.Int64(),
    "sip_code": pl.Int16(),
    "q850": pl.Int16(),
    "reason": pl.String(),
    "released_by": pl.String(),
    "rtp_rx": pl.Int64(),
    "rtp_tx": pl.Int64(),
    "billed_ms": pl.Int64(),
    "charge_micro": pl.Int64(),
    "currency": pl.String(),
    "rating": pl.String(),
    "emitted_at": pl.Int64(),
}
"""One row per egress attempt. `emitted_at` is filled (else `ended_at`); it is the arrival timeline."""

SIP_SCHEMA: Final[dict[str, pl.DataType]] = {
    "at": pl.Int64(),
    "interval_ms": pl.Int64(),
    "switch": pl.String(),
    "peer": pl.String(),
    "peer_kind": pl.String(),
    "customer": pl.String(),
    "metric": pl.String(),
    "value": pl.Float64(),
}
"""One row per counter or gauge of a SIP element; counts are per interval, not cumulative."""

BALANCE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "at": pl.Int64(),
    "customer": pl.String(),
    "account": pl.String(),
    "event": pl.String(),
    "balance_micro": pl.Int64(),
    "threshold_micro": pl.Int64(),
    "currency": pl.String(),
    "reason": pl.String(),
}
"""One row per balance event of an account."""

SCHEMAS: Final[dict[Kind, dict[str, pl.DataType]]] = {
    "cdr": CDR_SCHEMA,
    "sip": SIP_SCHEMA,
    "balance": BALANCE_SCHEMA,
}
ARRIVAL: Final[dict[Kind, str]] = {"cdr": "emitted_at", "sip": "at", "balance": "at"}
"""The column that places a record on the arrival timeline."""

SIP_METRICS: Final[tuple[str, ...]] = (
    "up",
    "rtt_ms",
    "registrations",
    "register_failures",
    "acl_denied",
    "invites",
    "answers",
    "responses_4xx",
    "responses_5xx",
    "responses_6xx",
    "active_calls",
)
PEER_KINDS: Final[tuple[str, ...]] = ("trunk", "terminator", "switch")
BALANCE_EVENTS: Final[tuple[str, ...]] = ("balance", "threshold", "blocked", "unblocked", "topup")
RATINGS: Final[tuple[str, ...]] = ("rated", "unrated", "failed")
RELEASED_BY: Final[tuple[str, ...]] = ("caller", "callee", "switch")
MINUTE_MS: Final = 60_000


def empty(kind: Kind) -> pl.DataFrame:
    """A frame of no rows with the contract's columns of `kind`."""
    return pl.DataFrame(schema=SCHEMAS[kind])
