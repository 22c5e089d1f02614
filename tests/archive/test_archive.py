"""Archives: one timeline out of files in any order, on disk or in memory, with every trouble told."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from connectors import archive as archive_module
from connectors.archive import ArchiveSource, Input
from connectors.archive_files import ContractFiles, ReaderFiles, found
from connectors.archive_inputs import Archive, inputs
from connectors.codec import write
from connectors.directory_file import load_directory
from connectors.errors import ConnectorError
from connectors.formats import reader
from pipeline.directory import Destination, Directory
from pipeline.ports import Batch
from pipeline.records import ARRIVAL, MINUTE_MS, SCHEMAS, Kind

START = 1_795_515_900_000
DATA = Path(__file__).parent.parent / "data" / "kamailio"
VENDORS = Path(__file__).parent.parent / "data" / "vendors"
DIRECTORY = Directory(destinations=(Destination(name="UK", prefixes=("44",)),))


def calls(at: Iterable[int]) -> pl.DataFrame:
    rows = [
        {
            "call_id": str(ms),
            "attempt": 1,
            "last_attempt": True,
            "switch": "s",
            "customer": "c",
            "dialed": "447700900123",
            "setup_at": ms - 9,
            "ended_at": ms - 2,
            "emitted_at": ms,
        }
        for ms in at
    ]
    return pl.DataFrame(rows, schema=SCHEMAS["cdr"])


def samples(at: Iterable[int]) -> pl.DataFrame:
    rows = [
        {"at": ms, "interval_ms": 60_000, "switch": "s", "peer_kind": "switch", "metric": "invites", "value": 5.0}
        for ms in at
    ]
    return pl.DataFrame(rows, schema=SCHEMAS["sip"])


def both(folder: Path, hold_bytes: int = 1 << 30) -> ArchiveSource:
    """Five hours of calls in three files that overlap and are shuffled, and a sample a minute."""
    at = list(range(START, START + 5 * 3_600_000, 7_001))
    random.Random(5).shuffle(at)
    for part in range(3):
        write("cdr", calls(at[part::3]), folder / f"cdr-{part}.{('ndjson', 'csv', 'parquet')[part]}")
    write("sip", samples(range(START, START + 5 * 3_600_000, 60_000)), folder / "sip.ndjson")
    return ArchiveSource(
        [
            Input(ContractFiles("cdr"), [str(folder / "cdr-*")]),
            Input(ContractFiles("sip"), [folder / "sip.ndjson"]),
        ],
        DIRECTORY,
        hold_bytes=hold_bytes,
    )


def whole(batches: Iterable[Batch], kind: Kind) -> pl.DataFrame:
    return pl.concat([batch.frame for batch in batches if batch.kind == kind])


@pytest.mark.parametrize("hold_bytes", [1 << 30, 20_000], ids=["in memory", "on disk"])
def test_records_come_in_order_and_all_of_them(tmp_path: Path, hold_bytes: int) -> None:
    source = both(tmp_path, hold_bytes)
    batches = list(source.read({}))
    clock = newest = 0
    for batch in batches:
        arrival = batch.frame[ARRIVAL[batch.kind]]
        assert arrival.is_sorted()
        assert arrival.min() // MINUTE_MS >= clock // MINUTE_MS  # type: ignore[operator]
        newest = max(newest, arrival.max())  # type: ignore[type-var,assignment]
        clock = newest if batch.settled else clock
    expected = calls(range(START, START + 5 * 3_600_000, 7_001)).with_columns(destination=pl.lit("UK"))
    assert_frame_equal(whole(batches, "cdr"), expected)
    assert whole(batches, "sip").height == 300
    assert source.records == {"cdr": expected.height, "sip": 300}


def test_records_come_in_large_batches_of_whole_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "BATCH_ROWS", 100)
    write("cdr", calls(range(START, START + 3_600_000, 1_000)), tmp_path / "cdr.ndjson")
    source = ArchiveSource([Input(ContractFiles("cdr"), [tmp_path / "cdr.ndjson"])], DIRECTORY)
    batches = list(source.read({}))
    assert 10 < len(batches) < 60
    minutes = [set((batch.frame["emitted_at"] // MINUTE_MS).to_list()) for batch in batches]
    assert sum(map(len, minutes)) == 60
    assert whole(batches, "cdr").height == 3_600


def test_a_position_says_what_was_given_out(tmp_path: Path) -> None:
    source = both(tmp_path)
    batches = list(source.read({}))
    marks = [index for index, batch in enumerate(batches) if batch.positions]
    middle = marks[len(marks) // 2]
    again = list(source.read(batches[middle].positions))
    for kind in ("cdr", "sip"):
        assert_frame_equal(whole(again, kind), whole(batches[middle + 1 :], kind))


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    write("cdr", calls([START]), tmp_path / "a.ndjson")
    (tmp_path / "b.ndjson").write_bytes(b"")
    source = ArchiveSource([Input(ContractFiles("cdr"), [tmp_path])], DIRECTORY)
    rejects = [reject for batch in source.read({}) for reject in batch.rejects]
    assert [(Path(reject.source).name, reject.reason) for reject in rejects] == [("b.ndjson", "empty_file")]
    assert source.records["cdr"] == 1


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    source = both(tmp_path)
    source._progress = lambda stage, done, of: told.append((stage, done, of))
    list(source.read({}))
    assert [stage for stage, _, _ in told] == ["reading"] * 4 + ["watching"] * 6
    assert all(done == of for stage, done, of in (told[3], told[-1]))


def test_names_patterns_and_directories(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden"):
        (tmp_path / name).write_text("x")
    every = [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert found([tmp_path]) == every
    assert found([str(tmp_path / "*.csv"), tmp_path / "a.csv"]) == every
    for nothing in (tmp_path / "c.csv", tmp_path / "*.parquet"):
        with pytest.raises(ConnectorError, match="no such file"):
            found([nothing])


def test_wrong_inputs_are_named() -> None:
    for archive, said in (
        (Archive(), "no files are named"),
        (Archive(cdr=["x"], cdr_profile="kamailo"), "no CDR format"),
        (Archive(sip=["x"], sip_profile="siproxd"), "no SIP format"),
        (Archive(cdr=["x"], cdr_options={"zone": "UTC"}), "no options"),
        (Archive(prom=["x"], prom_profile="nagios"), "no profile"),
    ):
        with pytest.raises(ConnectorError, match=said):
            inputs(archive, DIRECTORY)


def test_kamailio_records_events_and_pages_together() -> None:
    directory = load_directory(DATA / "directory.toml")
    given = Archive(
        cdr=[str(DATA / "cdr.jsonl")],
        sip=[str(DATA / "sip.jsonl")],
        prom=[str(DATA / "prom.jsonl")],
        cdr_profile="kamailio",
        sip_profile="kamailio",
    )
    source = ArchiveSource(inputs(given, directory), directory)
    batches = list(source.read({}))
    assert [reject for batch in batches for reject in batch.rejects] == []
    assert whole(batches, "cdr").height == 186
    assert source.strangers == {}
    sip = whole(batches, "sip")
    denied = sip.filter(pl.col("metric") == "acl_denied").group_by("peer", "customer").agg(pl.col("value").sum())
    assert sorted(denied.rows(), key=str) == [("127.0.1.33", "custC", 12.0), ("127.0.9.66", None, 4.0)]
    pages = [json.loads(line)["text"] for line in (DATA / "prom.jsonl").read_text().splitlines()]
    assert sip.filter(pl.col("metric") == "invites")["value"].sum() == _taken_in(pages[-1]) - _taken_in(pages[1])


def _taken_in(page: str) -> float:
    return sum(float(line.split()[-2]) for line in page.splitlines() if line.startswith("kamailio_lab_invite_total"))


def test_pages_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "prom.jsonl"
    path.write_text('{"at": 5, "text": ""}\nx\n{"at": 1795515900000, "text": "kamailio_dialog_active_dialogs 3\\n"}\n')
    source = ArchiveSource(inputs(Archive(prom=[str(path)]), DIRECTORY), DIRECTORY)
    batches = list(source.read({}))
    rejects = [(reject.line, reject.reason) for batch in batches for reject in batch.rejects]
    assert rejects == [(1, "not_a_page"), (2, "not_a_page")]
    assert whole(batches, "sip")["metric"].to_list() == ["active_calls"]


def test_a_record_of_many_lines_is_not_cut_where_a_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event = (VENDORS / "opensips_event.txt").read_bytes()
    path = tmp_path / "events.txt"
    path.write_bytes(event * 20)
    at_once = list(ReaderFiles("cdr", reader("opensips_event"), Directory()).read(path))
    monkeypatch.setattr("connectors.codec.files.BLOCK_BYTES", 300)
    monkeypatch.setattr("connectors.codec.compressed._READ", 64)
    in_blocks = list(ReaderFiles("cdr", reader("opensips_event"), Directory()).read(path))
    assert len(in_blocks) > 20
    assert pl.concat(batch.frame for batch in in_blocks).equals(pl.concat(batch.frame for batch in at_once))
    told = [[(r.line, r.reason, r.raw) for batch in batches for r in batch.rejects] for batches in (in_blocks, at_once)]
    assert told[0] == told[1]


def test_a_record_cut_off_with_its_archive_is_kept_with_its_line(tmp_path: Path) -> None:
    event = (VENDORS / "opensips_event.txt").read_bytes()
    packed = gzip.compress(event * 3_000)
    path = tmp_path / "events.gz"
    path.write_bytes(packed[: len(packed) // 2])
    batches = list(ReaderFiles("cdr", reader("opensips_event"), Directory()).read(path))
    (cut,) = [r for batch in batches for r in batch.rejects if r.reason == "truncated"]
    lines = (event * 3_000).splitlines()
    assert cut.line is not None and lines[cut.line - 2] == b"" and cut.raw.encode().startswith(lines[cut.line - 1])
