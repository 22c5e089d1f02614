"""What each format's own peculiarities come to in contract columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.errors import ConnectorError
from connectors.rows.understanding import Reader
from connectors.vendors.asterisk_cel import AsteriskCel
from connectors.vendors.asterisk_csv import AsteriskCsv
from connectors.vendors.cgrates import CgratesCsv, CgratesJson
from connectors.vendors.didww import Didww
from connectors.vendors.freeswitch_csv import FreeswitchCsv
from connectors.vendors.freeswitch_json import FreeswitchJson
from connectors.vendors.mera import Mera
from connectors.vendors.opensips_event import OpensipsEvent
from connectors.vendors.opensips_flatstore import OpensipsFlatstore
from connectors.vendors.sonus_act import SonusAct
from connectors.vendors.vos3000 import Vos3000
from pipeline.directory import Directory
from pipeline.ports import Reject

DATA = Path(__file__).parent.parent / "data" / "vendors"
START_MS = 1_772_445_600_000
TIMES = ("setup_at", "ringing_at", "answered_at", "ended_at")
NOBODY = Directory()


def calls(by: Reader, data: bytes) -> tuple[list[dict[str, Any]], tuple[Reject, ...]]:
    """Records with times as ms after the start of the samples."""
    frame, rejects = by.read(data, "file", 1, NOBODY)
    return frame.with_columns(pl.col(name) - START_MS for name in TIMES).to_dicts(), rejects


def sample(by: Reader, name: str) -> list[dict[str, Any]]:
    return calls(by, (DATA / name).read_bytes())[0]


def told(call: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(call[name] for name in names)


def test_freeswitch_legs_times_and_sides() -> None:
    answered, busy, cancelled, refused = sample(FreeswitchJson(), "freeswitch_json.ndjson")
    assert told(answered, *TIMES) == (0, 1250, 4000, 64500)
    assert told(answered, "customer", "terminator", "switch", "dialed") == ("alfa", "gw1", "fs1", "12025550143")
    assert told(answered, "released_by", "rtp_rx", "rtp_tx", "billed_ms") == ("caller", 2990, 3000, 60500)
    assert told(busy, "sip_code", "q850", "released_by", "answered_at", "ringing_at") == (486, 17, "callee", None, None)
    # 183 came before 180: the first 18x counts; FreeSWITCH's own cause 487 is no Q.850 cause.
    assert told(cancelled, "sip_code", "q850", "released_by", "ringing_at") == (487, None, "caller", 8500)
    assert told(refused, "sip_code", "terminator", "released_by", "rtp_rx") == (403, None, "switch", None)


def test_freeswitch_sets_the_other_leg_aside_and_says_how_to_mend_it() -> None:
    _, rejects = calls(FreeswitchJson(leg="a"), (DATA / "freeswitch_json.ndjson").read_bytes())
    assert [(r.line, r.reason) for r in rejects] == [(5, "set_aside")]
    assert "log-b-leg" in rejects[0].expected
    b_leg, rejects = calls(FreeswitchJson(leg="b"), (DATA / "freeswitch_json.ndjson").read_bytes())
    assert told(b_leg[0], "call_id", "released_by") == ("a0000000-0000-4000-8000-000000000001", "caller")
    assert len(b_leg) == 1 and len(rejects) == 4


def test_freeswitch_media_that_began_with_the_answer_is_no_ringing() -> None:
    record = json.loads((DATA / "freeswitch_json.ndjson").read_text().splitlines()[0])
    record["variables"] |= {"progress_uepoch": "0", "progressmsec": "0"}
    (call,), _ = calls(FreeswitchJson(), json.dumps(record).encode())
    assert told(call, "ringing_at", "answered_at") == (None, 4000)


def test_freeswitch_reads_one_pretty_printed_document_and_plain_values() -> None:
    record = json.loads((DATA / "freeswitch_json.ndjson").read_text().splitlines()[0])
    record["variables"]["accountcode"] = "a%20b%2Bc%25"
    (call,), rejects = calls(FreeswitchJson(), json.dumps(record, indent=2).encode())
    assert rejects == ()
    assert call["account"] == "a b+c%"


def test_freeswitch_csv_reads_the_columns_of_its_template() -> None:
    template = "${uuid};${start_uepoch};${answer_uepoch};${end_uepoch};${progress_uepoch};${accountcode}"
    by = FreeswitchCsv(template=template.replace(";", ","))
    row = f"u1,{START_MS * 1000},{START_MS * 1000 + 4_000_000},{START_MS * 1000 + 9_000_000},0,alfa\n"
    (call,), rejects = calls(by, row.encode())
    assert rejects == ()
    assert told(call, *TIMES) == (0, None, 4000, 9000)
    assert by.understanding.zone == "UTC"
    assert "pdd_rise" not in dict(by.understanding.disabled)
    assert "pdd_rise" in dict(FreeswitchCsv().understanding.disabled)
    with pytest.raises(ConnectorError, match="no end time"):
        FreeswitchCsv(template="${uuid},${start_stamp}")


def test_asterisk_rows_of_one_call_are_its_attempts() -> None:
    frame = sample(AsteriskCsv(zone="Europe/Paris"), "asterisk_csv.csv")
    assert [told(c, "attempt", "last_attempt", "terminator", "q850") for c in frame] == [
        (1, True, "gw1", 16),
        (1, True, "gw1", 17),
        (1, False, "gw1", 19),
        (2, True, "gw2", 34),
    ]
    assert told(frame[0], *TIMES) == (0, None, 4000, 64000)
    assert frame[1]["sip_code"] is None


def test_asterisk_in_the_wrong_zone_is_hours_off_and_summer_time_is_known() -> None:
    (call, *_) = sample(AsteriskCsv(zone="America/New_York"), "asterisk_csv.csv")
    assert call["setup_at"] == 6 * 3_600_000
    row = (DATA / "asterisk_csv.csv").read_text().splitlines()[0].replace("2026-03-02 11:", "2026-07-02 12:")
    (summer,), _ = calls(AsteriskCsv(zone="Europe/Paris"), row.encode())
    assert summer["setup_at"] == 122 * 86_400_000
    gap = row.replace("2026-07-02 12:", "2026-03-29 02:")
    none, rejects = calls(AsteriskCsv(zone="Europe/Paris"), gap.encode())
    assert none == []
    assert (rejects[0].field, rejects[0].reason) == ("start", "bad_time")


def test_asterisk_accepts_sixteen_columns_and_refuses_a_strange_disposition() -> None:
    row = (DATA / "asterisk_csv.csv").read_text().splitlines()[0]
    (call,), _ = calls(AsteriskCsv(zone="Europe/Paris"), ",".join(row.split(",")[:-2]).encode())
    assert call["call_id"] == "PJSIP/alfa-00000001@2026-03-02 11:00:00"
    none, rejects = calls(AsteriskCsv(zone="Europe/Paris"), row.replace("ANSWERED", "GEANTWORTET").encode())
    assert none == [] and rejects[0].field == "disposition" and "ANSWERED" in rejects[0].expected


def test_cel_gives_an_attempt_for_each_dialled_channel() -> None:
    first, alone, second = sample(AsteriskCel(), "asterisk_cel.csv")
    assert told(first, "attempt", "last_attempt", "terminator", "q850", *TIMES) == (
        *(1, False, "gw1", 34),
        *(20, None, None, 1000),
    )
    assert told(second, "attempt", "last_attempt", "terminator", "released_by") == (2, True, "gw2", "caller")
    assert told(second, *TIMES) == (1100, None, 5500, 65500)
    assert told(alone, "customer", "terminator", "q850", "dialed") == ("beta", None, 1, "12025550199")


def test_cel_waits_for_the_end_of_a_call_and_refuses_one_that_never_ends() -> None:
    lines = (DATA / "asterisk_cel.csv").read_bytes().splitlines(keepends=True)
    by = AsteriskCel()
    frame, rejects = by.read(b"".join(lines[:9]), "file", 1, NOBODY)
    assert frame.height == 0 and rejects == ()
    frame, _ = by.read(b"".join(lines[9:14]), "file", 10, NOBODY)
    assert frame["call_id"].unique().to_list() == ["1772445600.1"]
    _, rejects = by.finish("file", NOBODY)
    assert [(r.line, r.reason) for r in rejects] == [(4, "half_call")]
    assert "LINKEDID_END" in rejects[0].expected


def test_flatstore_joins_a_bye_of_an_earlier_file_and_swapped_tags() -> None:
    rows = (DATA / "opensips_flatstore.txt").read_bytes().splitlines(keepends=True)
    by = OpensipsFlatstore()
    none, rejects = calls(by, rows[2])
    assert none == [] and rejects == ()
    (call,), rejects = calls(by, rows[0])
    assert rejects == ()
    assert told(call, *TIMES) == (4000, None, 4000, 64000)
    assert by.finish("file", NOBODY)[1] == ()


def test_flatstore_refuses_a_half_after_its_time_and_keeps_the_rest() -> None:
    rows = (DATA / "opensips_flatstore.txt").read_text().splitlines()
    by = OpensipsFlatstore(keep_h=1)
    late = rows[0].replace("call-1", "call-9").replace(str(START_MS // 1000 + 4), str(START_MS // 1000 + 4 + 7200))
    _, rejects = calls(by, "\n".join([rows[3], late]).encode())
    assert [(r.line, r.reason) for r in rejects] == [(1, "half_call")]
    assert "BYE" in rejects[0].expected
    _, rejects = by.finish("file", NOBODY)
    assert [r.line for r in rejects] == [2]


def test_flatstore_quoted_variant_passes_acks_over_and_reads_a_cancel() -> None:
    by = OpensipsFlatstore(quoted=True, zone="Europe/Paris", extras=("account", "dialed"))
    cancelled, answered = sample(by, "opensips_quoted.csv")
    assert told(cancelled, "sip_code", "customer", "answered_at") == (487, "beta", None)
    assert told(answered, *TIMES, "customer") == (4000, None, 4000, 64000, "alfa")


def test_opensips_event_takes_the_answer_from_set_up_whatever_time_means() -> None:
    text = (DATA / "opensips_event.txt").read_text()
    answered, missed = sample(OpensipsEvent(), "opensips_event.txt")
    assert told(answered, *TIMES) == (0, None, 4000, 64250)
    assert told(missed, "sip_code", "ended_at", "terminator") == (503, 6000, "gw1")
    old = text.replace(f"time::{START_MS // 1000 + 4}", f"time::{START_MS // 1000}")
    (same, _), _ = calls(OpensipsEvent(), old.encode())
    assert told(same, *TIMES) == (0, None, 4000, 64250)


def test_didww_reads_cost_and_keeps_the_code_of_failures() -> None:
    answered, cancelled = sample(Didww(), "didww.ndjson")
    assert told(answered, "sip_code", "charge_micro", "currency", "terminator") == (200, 12_300, "USD", "DIDWW")
    assert told(cancelled, "sip_code", "answered_at", "ended_at") == (487, None, 21500)


def test_mera_zones_pdd_and_retries() -> None:
    answered, failed = sample(Mera(), "mera.txt")
    assert told(answered, *TIMES) == (0, 1250, 4500, 64500)
    assert told(failed, "attempt", "q850", "ringing_at", "answered_at") == (2, 34, None, None)
    line = (DATA / "mera.txt").read_text().splitlines()[0]
    (unzoned,), _ = calls(Mera(zone="Europe/Paris"), line.replace(" GMT ", " ").replace("=10:", "=11:").encode())
    assert unzoned["setup_at"] == 0
    (padded,), _ = calls(Mera(), line.replace(",", " , ").encode())
    assert told(padded, "customer", "setup_at") == ("alfa-trunk", 0)


def test_sonus_ticks_positions_and_offsets() -> None:
    stop, attempt = sample(SonusAct(), "sonus_act.txt")
    assert told(stop, *TIMES, "q850", "trunk", "terminator") == (100, 1350, 4100, 64100, 16, "ALFA_TG", "GW1_TG")
    assert told(attempt, *TIMES, "q850", "trunk") == (10_000, None, None, 12_000, 34, "BETA_TG")
    (winter, _) = sample(SonusAct(zone="America/New_York"), "sonus_act.txt")
    assert winter["setup_at"] == 100


def test_sonus_attempt_without_a_date_may_end_after_midnight() -> None:
    line = (DATA / "sonus_act.txt").read_text().splitlines()[4].split(",")
    line[6], line[9], line[104] = "23:59:59.0", "00:00:02.0", ""
    (call,), rejects = calls(SonusAct(), ",".join(line).encode())
    assert rejects == ()
    assert call["ended_at"] - call["setup_at"] == 3000


def test_vos3000_does_not_ask_asr_of_a_file_without_failures() -> None:
    by = Vos3000(zone="Asia/Shanghai")
    first, second = sample(by, "vos3000.txt")
    assert told(first, *TIMES, "released_by") == (4000, None, 4000, 64000, "caller")
    assert second["released_by"] == "callee"
    assert by.understanding.answered_only
    assert "SS_CDR_RECORD_NONCONNECT" in dict(by.understanding.disabled)["asr_drop"]
    whole = Vos3000(zone="Asia/Shanghai", with_failures=True)
    assert not whole.understanding.answered_only
    line = (DATA / "vos3000.txt").read_text().splitlines()[0].replace("|60|200|", "|0|486|").replace("01:04", "00:05")
    (failed,), _ = calls(whole, line.encode())
    assert told(failed, "sip_code", "answered_at") == (486, None)


@pytest.mark.parametrize(("by", "name"), [(CgratesJson(), "cgrates.ndjson"), (CgratesCsv(), "cgrates.csv")])
def test_cgrates_runs_usage_and_cost(by: Reader, name: str) -> None:
    found, rejects = calls(by, (DATA / name).read_bytes())
    rated, failed, unrated = found
    assert [(r.line, r.reason) for r in rejects] == [(1, "set_aside")]
    assert told(rated, *TIMES, "rating", "charge_micro") == (0, None, 4000, 64250, "rated", 12_300)
    assert told(failed, "answered_at", "ended_at", "billed_ms") == (None, 0, 0)
    assert told(unrated, "rating", "charge_micro", "ended_at") == ("unrated", None, 7500)


@pytest.mark.parametrize(
    ("usage", "ms"),
    [("1h2m3s", 3_723_000), ("250ms", 250), ("1m0.5s", 60_500), ("0", 0), ("90000000000", 90_000), ("soon", None)],
)
def test_cgrates_usage_as_go_writes_it(usage: str, ms: int | None) -> None:
    row = (DATA / "cgrates.csv").read_text().splitlines()[3].split(",")
    row[12] = usage
    found, rejects = calls(CgratesCsv(), ",".join(row).encode())
    assert [call["billed_ms"] for call in found] == ([] if ms is None else [ms])
    assert [reject.field for reject in rejects] == (["Usage"] if ms is None else [])
