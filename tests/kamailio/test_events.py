"""Kamailio's events: gateways, denials by address, bindings; samples at the end of their minute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from connectors.directory_file import load_directory
from connectors.kamailio.callers import Callers
from connectors.kamailio.events import KamailioEvents
from pipeline.records import CDR_SCHEMA

DATA = Path(__file__).parent.parent / "data" / "kamailio"
DIRECTORY = load_directory(DATA / "directory.toml")
MINUTE = 1795515900000


def event(at_ms: int, name: str, **fields: str) -> str:
    return json.dumps({"received_at": at_ms, "sip": {"event": name, "ts": f"{at_ms / 1000:.6f}", **fields}})


def samples(*events: str, reader: KamailioEvents | None = None) -> pl.DataFrame:
    reader = reader or KamailioEvents()
    frame, rejects = reader.read("\n".join(events).encode(), "sip.jsonl", 1, DIRECTORY)
    assert rejects == ()
    return pl.concat([frame, reader.finish("sip.jsonl", DIRECTORY)[0]])


def rows(frame: pl.DataFrame, metric: str) -> list[tuple[Any, ...]]:
    return frame.filter(pl.col("metric") == metric).select("at", "peer", "peer_kind", "customer", "value").rows()


def test_a_gateway_that_goes_down_was_up_before() -> None:
    uri = {"uri": "OPTIONS sip:127.0.2.1:5060"}
    frame = samples(event(MINUTE + 5, "gateway_down", **uri), event(MINUTE + 90_000, "gateway_up", **uri))
    assert rows(frame, "up") == [
        (MINUTE + 4, "gw1", "terminator", None, 1.0),
        (MINUTE + 5, "gw1", "terminator", None, 0.0),
        (MINUTE + 60_000, "gw1", "terminator", None, 0.0),
        (MINUTE + 90_000, "gw1", "terminator", None, 1.0),
        (MINUTE + 120_000, "gw1", "terminator", None, 1.0),
    ]


def test_a_gateway_of_no_directory_keeps_its_address() -> None:
    frame = samples(event(MINUTE, "gateway_down", uri="OPTIONS sip:ping@192.0.2.9:5080;transport=udp"))
    assert set(frame["peer"]) == {"192.0.2.9:5080"}


def test_denials_are_counted_by_address_and_minute() -> None:
    denied = [event(MINUTE + n, "acl_denied", src_ip="127.0.9.66", **{"from": "100"}) for n in range(3)]
    denied += [event(MINUTE + 60_000, "acl_denied", src_ip="127.0.1.3", **{"from": "100"})]
    assert rows(samples(*denied), "acl_denied") == [
        (MINUTE + 60_000, "127.0.9.66", "trunk", None, 3.0),
        (MINUTE + 120_000, "127.0.1.3", "trunk", "custC", 1.0),
    ]


def learned(*calls: tuple[str, str, int]) -> Callers:
    callers = Callers()
    callers.learn(
        pl.DataFrame([{"cli": c, "customer": who, "emitted_at": at} for c, who, at in calls], schema=CDR_SCHEMA)
    )
    return callers


def test_a_denied_caller_is_known_by_its_numbers() -> None:
    callers = learned(("441632960351", "custC", MINUTE - 5), ("441632960112", "custA", MINUTE - 5))
    denied = event(MINUTE, "acl_denied", src_ip="127.0.1.33", **{"from": "441632960399"})
    frame = samples(denied, reader=_with(callers))
    assert rows(frame, "acl_denied") == [(MINUTE + 60_000, "127.0.1.33", "trunk", "custC", 1.0)]


def _with(callers: Callers) -> KamailioEvents:
    return KamailioEvents(callers=callers)


def test_a_number_tells_nothing_before_it_was_seen_or_when_two_have_it() -> None:
    callers = learned(("441632960351", "custC", MINUTE), ("441632960352", "custD", MINUTE + 10))
    assert callers.owner("441632960399", MINUTE - 1) is None
    assert callers.owner("+441632960399", MINUTE) == "custC"
    assert callers.owner("441632960399", MINUTE + 10) is None
    assert callers.owner("441632960352", MINUTE + 10) == "custD"
    assert callers.owner("351", MINUTE + 10) is None
    assert callers.owner("sip:alice", MINUTE + 10) is None
    assert callers.owner(None, MINUTE + 10) is None


def test_bindings_alive_and_failures_by_trunk() -> None:
    at = {"src_ip": "127.0.1.4"}
    frame = samples(
        event(MINUTE, "register_ok", user="a", **at),
        event(MINUTE + 1, "register_ok", user="b", **at),
        event(MINUTE + 2, "register_ok", user="a", **at),
        event(MINUTE + 3, "register_failed", user="c", **at),
        event(MINUTE + 60_000, "registration_expired", user="a", **at),
    )
    assert [row[0::4] for row in rows(frame, "registrations")] == [(MINUTE + 60_000, 2.0), (MINUTE + 120_000, 1.0)]
    assert rows(frame, "register_failures") == [(MINUTE + 60_000, "127.0.1.4", "trunk", "custD", 1.0)]


def test_the_recording_is_read_the_same_however_it_is_cut() -> None:
    lines = (DATA / "sip.jsonl").read_bytes().splitlines(keepends=True)
    whole = samples((DATA / "sip.jsonl").read_text())
    reader, parts = KamailioEvents(), []
    for number, line in enumerate(lines, 1):
        parts.append(reader.read(line, "sip.jsonl", number, DIRECTORY)[0])
    assert_frame_equal(pl.concat([*parts, reader.finish("sip.jsonl", DIRECTORY)[0]]), whole)
    assert set(whole.filter(pl.col("metric") == "up")["peer"]) == {"gw1", "gw2", "gw3"}


def test_unknown_events_and_times_are_refused() -> None:
    lines = [event(MINUTE, "gateway_melted"), '{"sip": {"event": "gateway_up"}}', "{"]
    frame, rejects = KamailioEvents().read("\n".join(lines).encode(), "sip.jsonl", 1, DIRECTORY)
    assert frame.is_empty()
    assert [(reject.line, reject.field, reject.reason) for reject in rejects] == [
        (1, "event", "bad_value"),
        (2, "received_at", "bad_time"),
        (3, None, "not_json"),
    ]
