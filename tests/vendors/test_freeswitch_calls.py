"""The legs of a FreeSWITCH call: attempts, who called, which was the last, copies; whatever the order and the cuts."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from connectors.vendors.freeswitch_json import FreeswitchJson
from pipeline.directory import Directory

START_S = 1_772_445_600
A, B, C, D = (f"{letter * 8}-0000-4000-8000-000000000001" for letter in "abcd")
Leg = dict[str, str]


def leg(uuid: str, start: float, end: float, answer: float | None = None, **more: str) -> Leg:
    """An a-leg, times in seconds after START_S."""

    def us(at: float | None) -> str:
        return "0" if at is None else str(round((START_S + at) * 1_000_000))

    times = {"start_uepoch": us(start), "answer_uepoch": us(answer), "end_uepoch": us(end)}
    caller = {"accountcode": "alfa", "sip_req_user": "12025550143", "sip_network_ip": "192.0.2.10"}
    return {"uuid": uuid, "call_uuid": uuid, "direction": "inbound", **caller, **times, "hangup_cause": "X", **more}


def b_leg(uuid: str, of: str, start: float, end: float, answer: float | None = None, **more: str) -> Leg:
    own = {
        "call_uuid": of,
        "direction": "outbound",
        "originating_leg_uuid": of,
        "sip_req_user": "#9",
    }
    return leg(uuid, start, end, answer, **{**own, "sip_network_ip": "198.51.100.7", **more})


def lines(*legs: Leg) -> bytes:
    return b"".join(json.dumps({"switchname": "fs1", "variables": one}).encode() + b"\n" for one in legs)


def read(*parts: bytes, leg: str = "both") -> pl.DataFrame:
    """All parts, one after the other, and the end."""
    by, line, frames = FreeswitchJson(leg=leg), 1, []  # type: ignore[arg-type]
    for part in parts:
        frame, rejects = by.read(part, "cdr", line, Directory())
        assert rejects == ()
        line += part.count(b"\n")
        frames.append(frame)
    frame, rejects = by.finish("cdr", Directory())
    assert rejects == ()
    return pl.concat([*frames, frame])


def told(frame: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return frame.sort("call_id", "attempt").select("attempt", "last_attempt", *names).rows()


FAILED = b_leg(B, A, 0.1, 2, sip_gateway_name="gw1", proto_specific_hangup_cause="sip%3A503")
CARRIED = b_leg(C, A, 2.1, 60, 5, sip_gateway_name="gw2")
CALL = leg(A, 0, 60.02, 5, originated_legs=f"ARRAY%3A%3A{B}%3BOutbound%20Call%3B1|%3A{C}%3BOutbound%20Call%3B1")
OTHER = leg(D, 100, 130, 110)


def test_each_b_leg_is_an_attempt_of_the_caller_and_the_answered_one_is_the_last() -> None:
    frame = read(lines(FAILED, CARRIED, CALL))
    caller = ("alfa", "12025550143", "192.0.2.10", A)
    columns = ("egress_trunk", "sip_code", "account", "dialed", "source_ip", "call_id")
    assert told(frame, *columns)[1] == (2, True, "gw2", 200, *caller)
    # The first attempt is told before the a-leg is there, hence with what it says itself.
    assert told(frame, *columns)[0] == (1, False, "gw1", 503, "alfa", "#9", None, A)
    assert told(read(lines(FAILED, leg(A, 0, 2.1))), *columns) == [(1, True, "gw1", 503, *caller)]


def test_the_a_leg_may_be_written_first() -> None:
    assert_frame_equal(read(lines(FAILED, CALL, CARRIED)), read(lines(FAILED, CARRIED, CALL)), check_row_order=False)


def test_when_all_fail_the_newest_is_the_last() -> None:
    second = b_leg(C, A, 2.1, 4, sip_gateway_name="gw2", proto_specific_hangup_cause="sip%3A486")
    call = leg(A, 0, 4.1, originated_legs=f"ARRAY::{B};x;1|:{C};x;1")
    assert told(read(lines(FAILED, second, call)), "sip_code") == [(1, False, 503), (2, True, 486)]


def test_a_failed_attempt_is_known_while_the_call_goes_on() -> None:
    by = FreeswitchJson()
    assert by.read(lines(FAILED), "cdr", 1, Directory())[0].is_empty()
    early, _ = by.read(lines(leg(D, 1, 9)), "cdr", 2, Directory())
    assert told(early, "call_id") == [(1, False, A), (1, True, D)]
    late, _ = by.read(lines(CARRIED, CALL), "cdr", 3, Directory())
    assert told(late, "egress_trunk") == [(2, True, "gw2")]


def test_an_attempt_that_does_not_say_who_called_waits_for_the_a_leg() -> None:
    by, nobody = FreeswitchJson(), FAILED | {"accountcode": ""}
    first, _ = by.read(lines(nobody, leg(D, 1, 9)), "cdr", 1, Directory())
    assert first["call_id"].to_list() == [D]
    late, _ = by.read(lines(CARRIED, CALL), "cdr", 3, Directory())
    assert told(late, "egress_trunk", "account") == [(1, False, "gw1", "alfa"), (2, True, "gw2", "alfa")]


def test_an_a_leg_whose_attempts_ended_long_before_it_is_the_last_itself() -> None:
    call = leg(A, 0, 30, originated_legs=f"{B};x;1", last_bridge_proto_specific_hangup_cause="sip%3A503")
    frame = read(lines(FAILED, leg(D, 1, 20), call)).filter(pl.col("call_id") == A)
    assert told(frame, "sip_code", "egress_trunk") == [(1, False, 503, "gw1"), (2, True, 503, None)]


def test_a_switch_that_writes_no_b_legs_has_its_a_legs_as_records() -> None:
    call = leg(A, 0, 60, 5, last_arg="sofia/gateway/gw2/1", last_bridge_to=C)
    by = FreeswitchJson()
    assert by.read(lines(call), "cdr", 1, Directory())[0].is_empty()
    given, _ = by.read(lines(leg(D, 61, 66)), "cdr", 2, Directory())
    assert sorted(given["call_id"]) == [A, D]
    assert told(given.filter(pl.col("call_id") == A), "egress_trunk", "sip_code") == [(1, True, "gw2", 200)]
    after, _ = by.read(lines(CARRIED), "cdr", 3, Directory())
    assert after.is_empty(), "what the a-leg stood for comes too late"


def test_a_call_that_never_left_is_a_record_at_once() -> None:
    frame, _ = FreeswitchJson().read(lines(leg(A, 0, 0.1, sip_term_status="403")), "cdr", 1, Directory())
    assert told(frame, "sip_code", "egress_trunk") == [(1, True, 403, None)]


def test_a_leg_that_the_switch_began_itself_is_a_call() -> None:
    own = leg(B, 0, 60, 5, direction="outbound", sip_gateway_name="gw1")
    assert told(read(lines(own)), "egress_trunk", "call_id") == [(1, True, "gw1", B)]


def test_a_leg_that_is_sent_again_is_the_same_record_again() -> None:
    whole = read(lines(FAILED, CARRIED, CALL))
    twice = read(lines(FAILED, FAILED, CARRIED), lines(CALL, CARRIED), lines(CALL, FAILED))
    assert_frame_equal(twice.unique(), whole, check_row_order=False)
    assert (twice.height, whole.height) == (5, 2)


def test_a_call_is_forgotten_after_a_while() -> None:
    by = FreeswitchJson()
    for number in range(50):
        call = leg(f"{number:08d}-0000-4000-8000-000000000001", number * 60, number * 60 + 1)
        by.read(lines(call), "cdr", number + 1, Directory())
    assert by._joined._legs is not None and by._joined._legs.height <= 4


def test_one_side_alone_can_be_asked_for() -> None:
    frame, rejects = FreeswitchJson(leg="b").read(lines(FAILED, CARRIED, CALL), "cdr", 1, Directory())
    assert frame["call_id"].to_list() == [A, A]
    assert [(r.line, r.reason) for r in rejects] == [(3, "set_aside")]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_cuts_change_nothing(data: st.DataObject) -> None:
    """Many calls with failing, answered and missing legs, in an order near that of their ends."""
    draw = data.draw
    legs: list[tuple[float, Leg]] = []
    for number in range(draw(st.integers(1, 6))):
        uuid = f"{number:08d}-0000-4000-8000-00000000000a"
        at, names = float(draw(st.integers(0, 30))), []
        start = at
        for attempt in range(draw(st.integers(0, 3))):
            other = f"{number:08d}-0000-4000-8000-00000000000{attempt + 1}"
            end = at + draw(st.sampled_from([0.5, 2.0, 8.0]))
            answer = at + 0.2 if draw(st.booleans()) else None
            names.append(f"{other};x;1")
            if draw(st.integers(0, 4)):
                legs.append(
                    (
                        end + draw(st.sampled_from([0.0, 0.0, 3.0, 9.0])),
                        b_leg(other, uuid, at, end, answer, accountcode=draw(st.sampled_from(["", "alfa"]))),
                    )
                )
            at = end
        end = at + draw(st.sampled_from([0.0, 0.1, 7.0]))
        named = "ARRAY::" + "|:".join(names)
        legs.append((end + draw(st.sampled_from([0.0, 0.0, 9.0])), leg(uuid, start, end, originated_legs=named)))
    if draw(st.booleans()):
        legs.append(draw(st.sampled_from(legs)))
    ordered = [one for _, one in sorted(legs, key=lambda each: each[0])]
    cuts = sorted(draw(st.sets(st.integers(1, len(ordered)))))
    parts = [lines(*ordered[a:b]) for a, b in zip([0, *cuts], [*cuts, len(ordered)], strict=True)]
    key = ["call_id", "attempt", "egress_trunk", "setup_at"]
    assert_frame_equal(read(*parts).sort(key), read(lines(*ordered)).sort(key))
