"""The calls, samples and balance events of a story: drawn from its seed, then bent by its changes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from akira.stories.story import WHERE, Change, Story, names, span_ms
from pipeline.records import BALANCE_SCHEMA, CDR_SCHEMA, MINUTE_MS, SCHEMAS, SIP_SCHEMA, Kind

START_MS: Final = 1_795_516_800_000
"""The story's minute 0, a midnight (UTC)."""
RINGS_MS: Final = 1_500
NO_ANSWER_MS: Final = 6_000
"""After so long without an answer of a terminator the switch tries the next."""
RETURNS_MS: Final = 300
"""After so long a call that goes in a loop is back, and is tried again."""
OF_RECORDS: Final = {"lag", "lost", "twice", "unrated"}
"""Effects on the records that are written in the time; the others are on the calls set up in it."""
PEERS: Final = {"terminator", "trunk", "switch"}
Columns = dict[str, Any]


def frames(story: Story) -> dict[Kind, pl.DataFrame]:
    """Records of each kind in contract columns, in order of arrival."""
    rng = np.random.default_rng(story.seed)
    n = int(rng.poisson(story.rate * story.length_ms / MINUTE_MS))
    c: Columns = {dim: rng.integers(0, len(names(story, dim)), n) for dim in WHERE if dim != "trunk"}
    c["trunk"] = _trunks(c["customer"], story, rng)
    c["setup"] = np.sort(rng.integers(0, story.length_ms, n)) + START_MS
    c["answered"], c["rang"] = rng.random(n) < 0.6, rng.random(n) < 0.98
    c["pdd_ms"] = rng.lognormal(7.0, 0.4, n).astype(np.int64)
    c["talk_ms"] = np.minimum(rng.lognormal(9.5, 0.8, n), 120_000).astype(np.int64)
    c["sip_code"] = rng.choice([486, 480, 503], n, p=[0.6, 0.35, 0.05])
    c["lag_ms"], c["media"] = np.full(n, 500), np.full(n, 100)
    c["made"], c["written"] = np.ones(n, np.bool_), np.ones(n, np.bool_)
    c["rated"], c["twice"] = np.ones(n, np.bool_), np.zeros(n, np.bool_)
    c["blocked"], c["numbered"] = np.zeros(n, np.bool_), np.ones(n, np.bool_)
    c["tried"], c["tries"] = np.full(n, -1), np.ones(n, np.int64)
    for change in story.changes:
        _bend(c, story, change, rng)
    return {"cdr": _records(c, story), "sip": _samples(c, story), "balance": _balance(story)}


def _trunks(customer: Any, story: Story, rng: np.random.Generator) -> Any:
    """One of the customer's trunks for each call; -1 where there are none."""
    customers, trunks = story.sizes["customers"], story.sizes["trunks"]
    own = (trunks - customer + customers - 1) // customers
    pick = rng.integers(0, np.maximum(own, 1)) if trunks else 0
    return np.where(own > 0, customer + customers * pick, -1)


def _bend(c: Columns, story: Story, change: Change, rng: np.random.Generator) -> None:
    where = np.ones(len(c["setup"]), np.bool_)
    for dim, values in change.where.items():
        where &= np.isin(c[dim], [names(story, dim).index(value) for value in values])
    luck = rng.random(len(where))
    for name, value in change.effects.items():
        at = (_ended(c) if name in OF_RECORDS else c["setup"]) - START_MS
        hit = where & (at >= change.start_ms) & (at < change.end_ms)
        match name:
            case "asr":
                failed = hit & (luck >= float(value))
                c["answered"][failed], c["sip_code"][failed] = False, int(change.effects.get("code", "503"))
            case "garbage":
                failed = hit & (luck < float(value))
                c["answered"][failed], c["sip_code"][failed] = False, 404
            case "pdd":
                c["pdd_ms"][hit] += span_ms(value.removeprefix("+"))
            case "talk":
                c["talk_ms"][hit] = (c["talk_ms"][hit] * float(value)).astype(np.int64)
            case "fas":
                false = hit & (luck < float(value))
                c["rang"][false], c["media"][false] = False, 0
            case "traffic":
                c["made"][hit & (luck >= float(value))] = False
            case "lag":
                c["lag_ms"][hit] += span_ms(value.removeprefix("+"))
            case "lost":
                c["written"][hit & (luck < float(value))] = False
            case "twice":
                c["twice"][hit & (luck < float(value))] = True
            case "unrated":
                c["rated"][hit & (luck < float(value))] = False
            case "to":
                c["terminator"][hit] = names(story, "terminator").index(value)
            case "dead":
                c["terminator"][hit] = (c["terminator"][hit] + 1) % len(names(story, "terminator"))
            case "failover":
                again = hit & (luck < float(value))
                c["tried"][again] = c["terminator"][again]
                c["terminator"][again] = (c["terminator"][again] + 1) % len(names(story, "terminator"))
                c["pdd_ms"][again] += NO_ANSWER_MS
            case "loop":
                c["tries"][hit], c["answered"][hit], c["sip_code"][hit] = int(value), False, 482
            case "ringing":
                c["rang"][hit] = False
            case "unanswered":
                c["numbered"][hit & ~c["answered"]] = False
            case "balance" if value == "blocked":
                c["blocked"] |= hit
                c["answered"][hit], c["sip_code"][hit] = False, 402


def _ended(c: Columns) -> Any:
    ringing = c["setup"] + c["pdd_ms"]
    return np.where(c["answered"], ringing + RINGS_MS + c["talk_ms"], ringing + 4000)


def _records(c: Columns, story: Story) -> pl.DataFrame:
    ringing = c["setup"] + c["pdd_ms"]
    answered_at = ringing + RINGS_MS
    ended = _ended(c)
    rang = c["rang"] & (c["answered"] | ~np.isin(c["sip_code"], (402, 404, 503)))
    frame = pl.DataFrame(
        {
            "call_id": [f"call-{n}" for n in range(len(ended))],
            "attempt": 1,
            "last_attempt": True,
            **{dim: _named(story, dim, c[dim]) for dim in WHERE},
            "setup_at": c["setup"],
            "ringing_at": pl.Series(np.where(rang, ringing, -1)).replace(-1, None),
            "answered_at": pl.Series(np.where(c["answered"], answered_at, -1)).replace(-1, None),
            "ended_at": ended,
            "sip_code": np.where(c["answered"], 200, c["sip_code"]),
            "rtp_rx": c["media"],
            "rating": pl.Series(["failed", "rated"]).gather(c["rated"].astype(np.int64)),
            "emitted_at": ended + c["lag_ms"],
            "counted": c["made"] & c["numbered"],
            "written": c["written"],
            "twice": c["twice"],
            "blocked": c["blocked"],
            "tried": _named(story, "terminator", c["tried"]),
            "tries": c["tries"],
        }
    ).with_columns(terminator=pl.when("blocked").then(None).otherwise("terminator"))
    counted = _with_all_attempts(frame.filter("counted")).sort("ended_at", "call_id", "attempt")
    counted = counted.with_columns(seq=pl.int_range(1, pl.len() + 1).over("switch"))
    kept = counted.filter("written")
    return _whole("cdr", pl.concat([kept, kept.filter("twice")])).sort("emitted_at", "call_id")


def _with_all_attempts(frame: pl.DataFrame) -> pl.DataFrame:
    """Re-routed calls as two attempts: the second has the times of the call, so that its PDD includes the wait. Calls
    in a loop as all their attempts at the one terminator."""
    lag = pl.col("emitted_at") - pl.col("ended_at")
    again = frame.filter(pl.col("tried").is_not_null())
    gave_up = pl.col("setup_at") + NO_ANSWER_MS
    first = again.with_columns(
        last_attempt=False,
        terminator="tried",
        ringing_at=None,
        answered_at=None,
        ended_at=gave_up,
        emitted_at=gave_up + lag,
        sip_code=408,
        rating=None,
    )
    looped = frame.filter(pl.col("tries") > 1).with_columns(attempt=pl.int_ranges(1, pl.col("tries") + 1))
    back = pl.col("setup_at") + RETURNS_MS * pl.col("attempt")
    each = looped.explode("attempt").with_columns(
        last_attempt=pl.col("attempt") == pl.col("tries"),
        setup_at=back - RETURNS_MS,
        ringing_at=None,
        ended_at=back,
        emitted_at=back + lag,
    )
    once = frame.filter(pl.col("tries") == 1).with_columns(attempt=pl.col("tried").is_not_null() + 1)
    return pl.concat([once, first, each], how="vertical_relaxed")


def _named(story: Story, dim: str, codes: Any) -> pl.Series:
    """The names of codes; -1 has none."""
    return pl.Series(names(story, dim), dtype=pl.String).gather(pl.Series(codes).replace(-1, None))


def _samples(c: Columns, story: Story) -> pl.DataFrame:
    """Calls of each switch, answered probes of each terminator and trunk, denials of each switch, once a minute."""
    minutes = story.length_ms // MINUTE_MS
    at = START_MS + (np.arange(minutes) + 1) * MINUTE_MS
    minute_of = (c["setup"] - START_MS) // MINUTE_MS
    parts = []
    for index, switch in enumerate(names(story, "switch")):
        calls = np.bincount(minute_of[(c["switch"] == index) & c["made"]], minlength=minutes)
        denied = _gauge(story, at, "denied", "switch", switch, 0.0)
        for metric, value in (("invites", calls), ("acl_denied", denied)):
            parts.append(pl.DataFrame({"at": at, "switch": switch, "metric": metric, "value": value * 1.0}))
    peers = [(dim, name) for dim in ("terminator", "trunk") for name in names(story, dim)]
    for dim, name in peers:
        up = _gauge(story, at, "up", dim, name, 1.0)
        peer = {"peer": name, "peer_kind": dim, "switch": "sw-0"}
        parts.append(pl.DataFrame({"at": at, **peer, "metric": "up", "value": up}))
    return _whole("sip", pl.concat(parts, how="diagonal").with_columns(interval_ms=MINUTE_MS)).sort("at")


def _gauge(story: Story, at: np.ndarray[Any, Any], effect: str, dim: str, name: str, usual: float) -> Any:
    values = np.full(len(at), usual)
    for change in story.changes:
        elsewhere = PEERS & set(change.where) and dim not in change.where
        if effect in change.effects and not elsewhere and name in change.where.get(dim, (name,)):
            told = at - START_MS
            values[(told > change.start_ms) & (told <= change.end_ms)] = float(change.effects[effect])
    return values


def _balance(story: Story) -> pl.DataFrame:
    rows = []
    for change in story.changes:
        event = change.effects.get("balance")
        for customer in change.where.get("customer", ()) if event else ():
            after = "unblocked" if event == "blocked" else "topup"
            rows += [(change.start_ms, customer, event), (change.end_ms, customer, after)]
    told = [(START_MS + at, who, what) for at, who, what in rows]
    frame = pl.DataFrame(told, schema=["at", "customer", "event"], orient="row") if told else pl.DataFrame()
    return _whole("balance", frame).sort("at")


def _whole(kind: Kind, frame: pl.DataFrame) -> pl.DataFrame:
    if not frame.width:
        return pl.DataFrame(schema=SCHEMAS[kind])
    schema = {"cdr": CDR_SCHEMA, "sip": SIP_SCHEMA, "balance": BALANCE_SCHEMA}[kind]
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
