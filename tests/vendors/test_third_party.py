"""Samples that third parties wrote, read where a copy of the lab is at hand (their licences keep them out of here)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.profile import Profile, ProfileReader
from connectors.vendors.freeswitch_json import FreeswitchJson
from connectors.vendors.opensips_flatstore import OpensipsFlatstore
from pipeline.directory import Directory

ROOT = Path(__file__).parent.parent.parent
MPL = Path(__file__).parent.parent / "data" / "thirdparty"


def lab(name: str) -> bytes:
    """A sample of the lab, or a skip that says how to have it."""
    place = Path(os.environ.get("AKIRA_TEST_LAB", ROOT.parent / "shared" / "lab")) / "samples" / name
    if not place.is_file():
        pytest.skip(
            f"no third-party sample {name}: set AKIRA_TEST_LAB to a directory with samples/{name} (AGPL, not kept here)"
        )
    return place.read_bytes()


def test_freeswitch_json_of_a_real_switch() -> None:
    by = FreeswitchJson()
    held, rejects = by.read(lab("freeswitch_mod_json_cdr.cgrates.json"), "fs", 1, Directory())
    assert (held.height, rejects) == (0, ()), "the leg that it bridged to may still come"
    frame, rejects = by.finish("fs", Directory())
    assert rejects == ()
    call = frame.row(0, named=True)
    assert (call["call_id"], call["switch"]) == ("3da8bf84-c133-4959-9e24-e72875cb33a1", "FSDev1")
    assert (call["setup_at"], call["ringing_at"]) == (1515666344534, 1515666344594)
    assert (call["answered_at"], call["ended_at"]) == (1515666347954, 1515666415494)
    assert (call["released_by"], call["q850"], call["billed_ms"]) == ("callee", 16, 67540)
    assert (call["rtp_rx"], call["rtp_tx"]) == (0, 3329)


def test_opensips_calls_over_two_files() -> None:
    by = OpensipsFlatstore()
    whole, rejects = by.read(lab("opensips_flatstore_acc.fullSuccessfull.cgrates.txt"), "1", 1, Directory())
    assert (whole.height, rejects) == (4, ())
    assert ((whole["ended_at"] - whole["answered_at"]) // 1000).to_list() == [2, 4, 4, 2]
    missed, rejects = by.read(lab("opensips_flatstore_acc.fullMissed.cgrates.txt"), "2", 1, Directory())
    assert (missed["sip_code"].to_list(), rejects) == ([487, 404, 486], ())
    early, rejects = by.read(lab("opensips_flatstore_acc.part1.cgrates.txt"), "3", 1, Directory())
    assert (early.height, rejects) == (0, ())
    joined, rejects = by.read(lab("opensips_flatstore_acc.part2.cgrates.txt"), "4", 1, Directory())
    assert (joined.height, rejects) == (1, ())
    assert joined["ended_at"][0] - joined["answered_at"][0] == 4000


def test_opensips_quoted_variant() -> None:
    extras = ("", "account", "", "source_ip", "", "", "dialed")
    by = OpensipsFlatstore(quoted=True, extras=extras)
    frame, rejects = by.read(lab("opensips_flatstore_acc.ackSuccessfull2.cgrates.txt"), "a", 1, Directory())
    assert rejects == ()
    assert sorted(frame["sip_code"].to_list()) == [200, 200, 487]
    talk = ((frame["ended_at"] - frame["answered_at"]) // 1000).drop_nulls().to_list()
    assert sorted(talk) == [28, 40]


def test_a_profile_reads_an_import_file_of_cdr_stats() -> None:
    header = (MPL / "cdrstats_CDRImport-2015-10-26.csv").read_text().splitlines()[0]
    profile = Profile.model_validate(
        {
            "name": "cdr-stats",
            "format": "csv",
            "header": True,
            "columns": header,
            "times": "%Y-%m-%d %H:%M:%S",
            "fields": {
                "call_id": "callid",
                "customer": "accountcode",
                "switch": "switch",
                "cli": "caller_id_number",
                "dialed": "destination_number",
                "setup_at": "starting_date",
                "q850": "hangup_cause_id",
            },
            "durations": {"from_setup": {"column": "duration"}, "from_answer": {"column": "billsec"}},
        }
    )
    data = (MPL / "cdrstats_CDRImport-2015-10-26.csv").read_bytes()
    frame, rejects = ProfileReader(profile).read(data, "cdr-stats", 1, Directory())
    assert (frame.height, rejects) == (5, ())
    assert ((frame["ended_at"] - frame["answered_at"]) // 1000).to_list() == [50, 10, 34, 11, 5]
    assert ((frame["ended_at"] - frame["setup_at"]) // 1000).to_list() == [55, 15, 41, 16, 8]
    assert frame["customer"].unique().to_list() == ["1000"]


def test_a_profile_reads_a_hundred_lines_of_a_third_party_sample() -> None:
    columns = "account, name, phone, duration, billsec, cause, uuid, start".split(", ")
    profile = Profile.model_validate(
        {
            "format": "csv",
            "columns": columns,
            "times": "epoch_s",
            "fields": {
                "call_id": "uuid",
                "account": "account",
                "dialed": "phone",
                "setup_at": "start",
                "q850": "cause",
            },
            "durations": {"from_setup": {"column": "duration"}, "from_answer": {"column": "billsec"}},
        }
    )
    data = (MPL / "cdrstats_import_cdr_100.txt").read_bytes()
    frame, rejects = ProfileReader(profile).read(data, "cdr-stats", 1, Directory())
    assert frame.height + len(rejects) == 100
    assert rejects == ()
    assert set(frame["q850"]) == {15, 16, 17}
