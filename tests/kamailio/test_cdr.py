"""Kamailio's call records, as recorded: each peculiarity of the bytes, and what it comes to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.directory_file import load_directory
from connectors.kamailio.cdr import KamailioCdr
from pipeline.directory import Directory

DATA = Path(__file__).parent.parent / "data" / "kamailio"
DIRECTORY = load_directory(DATA / "directory.toml")
CALL: dict[str, str] = {
    "start_time": "1795515878.920",
    "end_time": "1795515885.101",
    "duration": "6.181",
    "call_id": "1@127.0.1.1",
    "customer": "custA",
    "src_ip": "127.0.1.1",
    "from": "441632960112",
    "to": "447700900814",
    "t_invite": "1795515878.920127",
    "t_ring": "1795515879.500",
    "ring_code": "180",
    "t_answer": "1795515882.001",
    "t_end": "1795515885.101",
    "code": "200",
    "reason": "OK",
    "release": "caller",
    "gateway": "gw1",
    "attempts": "gw1:200;",
}


def read(*calls: dict[str, str], received_at: int | None = 1795515885200) -> pl.DataFrame:
    lines = [json.dumps(call if received_at is None else {"received_at": received_at, "cdr": call}) for call in calls]
    frame, rejects = KamailioCdr().read("\n".join(lines).encode(), "cdr.jsonl", 1, DIRECTORY)
    assert rejects == ()
    return frame


def only(*calls: dict[str, str], **where: Any) -> dict[str, Any]:
    frame = read(*calls, **where)
    assert frame.height == 1
    return frame.row(0, named=True)


def test_the_recording_is_read_whole() -> None:
    data = (DATA / "cdr.jsonl").read_bytes()
    frame, rejects = KamailioCdr().read(data, "cdr.jsonl", 1, DIRECTORY)
    assert rejects == ()
    calls = frame.filter("last_attempt")
    assert calls.height == frame["call_id"].n_unique() == len(data.splitlines()) == 136
    assert frame.height == 186
    answered = calls.filter(pl.col("answered_at").is_not_null())
    assert answered.height == 49
    unheard = calls.filter(pl.col("answered_at").is_null() & (pl.col("sip_code") == 200))
    assert unheard.height == 3
    unknown_talk = answered.filter(pl.col("reason") == "no BYE: talk time unknown")
    assert unknown_talk.height == 4
    assert (answered["ended_at"] - answered["answered_at"]).max() < 30_000


def test_talk_runs_from_the_answer_and_not_from_the_invite() -> None:
    row = only(CALL)
    assert row["ended_at"] - row["answered_at"] == 3_100
    assert row["setup_at"] == 1795515878920
    assert row["ringing_at"] == 1795515879500
    assert row["emitted_at"] == 1795515885200
    assert (row["customer"], row["trunk"], row["terminator"]) == ("custA", "127.0.1.1", "gw1")
    assert (row["cli"], row["dialed"], row["released_by"]) == ("441632960112", "447700900814", "caller")


def test_a_bare_record_is_emitted_when_it_ended() -> None:
    row = only(CALL, received_at=None)
    assert row["emitted_at"] == row["ended_at"] == 1795515885101


def test_each_terminator_tried_is_an_attempt() -> None:
    call = CALL | {"attempts": "gw1:503;gw2:408;gw3:200;", "gateway": "gw3"}
    frame = read(call)
    assert frame.select("attempt", "last_attempt", "terminator", "sip_code").rows() == [
        (1, False, "gw1", 503),
        (2, False, "gw2", 408),
        (3, True, "gw3", 200),
    ]
    first = frame.row(0, named=True)
    assert (first["ringing_at"], first["answered_at"], first["reason"], first["released_by"]) == (None,) * 4
    assert frame["setup_at"].n_unique() == frame["ended_at"].n_unique() == frame["emitted_at"].n_unique() == 1


def test_a_200_that_was_never_acknowledged_is_no_conversation() -> None:
    call = CALL | {
        "end_time": CALL["start_time"],
        "duration": "0",
        "t_answer": "1795515916.300",
        "t_end": "",
        "release": "",
        "gateway": "gw2",
        "attempts": "gw2:200;gw2:200;gw2:200;gw2:200;",
    }
    row = only(call, received_at=1795516036000)
    assert row["answered_at"] is None
    assert row["sip_code"] == 200
    assert row["attempt"] == 1
    assert row["ended_at"] == 1795515916300


def test_the_dialogue_timer_is_no_talk() -> None:
    call = CALL | {"end_time": "1795516180.400", "duration": "301.480", "t_end": "", "release": ""}
    row = only(call, received_at=1795516180500)
    assert row["answered_at"] == row["ended_at"] == 1795515882001
    assert row["reason"] == "no BYE: talk time unknown"
    assert row["released_by"] is None


def test_a_bye_repeated_to_a_dead_terminator_ends_with_the_first() -> None:
    row = only(CALL | {"t_end": "1795515886.601"})
    assert row["ended_at"] == 1795515885101


def test_ringing_at_a_dead_terminator_has_no_code() -> None:
    call = CALL | {
        "t_answer": "",
        "t_end": "",
        "code": "",
        "reason": "",
        "release": "",
        "attempts": "",
        "duration": "0",
    }
    row = only(call | {"end_time": CALL["start_time"]}, received_at=1795515910000)
    assert row["sip_code"] is None
    assert row["terminator"] == "gw1"
    assert row["ended_at"] == row["ringing_at"]


def test_no_terminator_left() -> None:
    silent = dict.fromkeys(("t_ring", "t_answer", "t_end", "gateway", "attempts", "ring_code"), "")
    call = CALL | silent | {"code": "503", "reason": "No gateway available", "release": "switch"}
    row = only(call | {"end_time": "1795515878.919"}, received_at=1795515879000)
    assert row["terminator"] is None
    assert row["sip_code"] == 503
    assert row["ended_at"] == row["setup_at"]


def test_a_q850_cause_is_taken_from_the_reason() -> None:
    assert only(CALL | {"reason": 'Q.850;cause=16;text="Normal"'})["q850"] == 16


def test_json_numbers_with_binary_noise_are_rounded() -> None:
    call: dict[str, Any] = CALL | {"t_end": 1795515885.1010001, "end_time": 1795515885.101}
    assert only(call)["ended_at"] == 1795515885101


@pytest.mark.parametrize(
    ("broken", "blamed"),
    [({"t_invite": "soon", "start_time": ""}, "t_invite"), ({"call_id": ""}, "call_id")],
    ids=["time", "identity"],
)
def test_a_broken_record_is_refused_with_its_own_field(broken: dict[str, str], blamed: str) -> None:
    lines = [json.dumps(CALL), json.dumps(CALL | broken), "{broken"]
    frame, rejects = KamailioCdr().read("\n".join(lines).encode(), "cdr.jsonl", 5, Directory())
    assert frame.height == 1
    assert [(reject.line, reject.field) for reject in rejects] == [(6, blamed), (7, None)]
