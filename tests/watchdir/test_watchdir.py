"""A directory of CDR files as a source: rotation, partial lines, done-markers, resumption, and nothing read twice."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest

from connectors.errors import ConnectorError
from connectors.rows.understanding import Reader
from connectors.vendors.didww import Didww
from connectors.vendors.freeswitch_json import FreeswitchJson
from connectors.vendors.opensips_flatstore import OpensipsFlatstore
from connectors.watchdir import WatchDir, WatchDirSettings
from pipeline.directory import Directory
from pipeline.ports import Batch, Reject

DATA = Path(__file__).parent.parent / "data" / "vendors"
NOW_S = 2_000_000_000.0


def cdr(number: int) -> bytes:
    start, end = "2026-03-02T10:00:00Z", "2026-03-02T10:00:05Z"
    attributes = (
        f'"call_id":"c{number}","time_start":"{start}","time_end":"{end}","trunk_name":"t","disconnect_code":486'
    )
    return f'{{"id":"{number}","attributes":{{{attributes}}}}}\n'.encode()


class Watched:
    """A watch on a directory that is stepped by hand: each `look` is one pass over it."""

    def __init__(self, path: Path, reader: Reader | None = None, **settings: object) -> None:
        self.path, self.reader = path, reader
        self.settings = WatchDirSettings.model_validate({"path": path, **settings})
        self.positions: dict[str, int] = {}
        self.rejects: list[Reject] = []
        self.now = NOW_S
        self.restart()

    def restart(self, positions: Mapping[str, int] | None = None) -> None:
        """As after a crash: a new source from the journal's positions."""
        self.positions = dict(self.positions if positions is None else positions)
        self.source = WatchDir(
            self.settings, self.reader or Didww(), Directory(), now=lambda: self.now, wait=lambda s: None
        )
        self.batches: Iterator[Batch] = self.source.read(self.positions)

    def look(self) -> list[str]:
        """Call ids that one look brings."""
        found: list[str] = []
        for batch in self.batches:
            if batch.frame.is_empty() and not batch.rejects and not batch.positions:
                return found
            found += batch.frame["call_id"].to_list()
            self.positions.update(batch.positions)
            self.rejects += batch.rejects
        return found


def age(path: Path, seconds: float) -> None:
    os.utime(path, (NOW_S - seconds, NOW_S - seconds))


def test_a_growing_file_is_read_by_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "cdr.log"
    log.write_bytes(cdr(1) + cdr(2)[:20])
    age(log, 0)
    watch = Watched(tmp_path)
    assert watch.look() == ["c1"]
    assert watch.look() == []
    log.write_bytes(cdr(1) + cdr(2) + cdr(3)[:-1])
    assert watch.look() == ["c2"]
    with log.open("ab") as file:
        file.write(b"\n")
    assert watch.look() == ["c3"]
    assert watch.rejects == []


def test_half_a_line_at_the_end_of_a_rotated_file_is_refused_with_its_line(tmp_path: Path) -> None:
    old, new = tmp_path / "cdr.1", tmp_path / "cdr.2"
    old.write_bytes(cdr(1) + cdr(2)[:30])
    age(old, 100)
    watch = Watched(tmp_path)
    assert watch.look() == ["c1"]
    new.write_bytes(cdr(3))
    age(new, 1)
    assert watch.look() == ["c3"]
    assert [(Path(r.source).name, r.line, r.reason) for r in watch.rejects] == [("cdr.1", 2, "not_json")]


def test_a_renamed_file_goes_on_where_it_was_and_the_new_one_begins(tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    log.write_bytes(cdr(1))
    age(log, 50)
    watch = Watched(tmp_path)
    assert watch.look() == ["c1"]
    with log.open("ab") as file:
        file.write(cdr(2))
    log.rename(tmp_path / "Master.csv.1")
    age(tmp_path / "Master.csv.1", 20)
    log.write_bytes(cdr(3))
    age(log, 0)
    assert watch.look() == ["c2", "c3"]
    assert watch.look() == []


def test_a_file_cut_in_place_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / "cdr.log"
    log.write_bytes(cdr(1) + cdr(2))
    watch = Watched(tmp_path)
    assert watch.look() == ["c1", "c2"]
    with log.open("r+b") as file:
        file.truncate()
        file.write(cdr(3))
    assert watch.look() == ["c3"]
    with log.open("r+b") as file:
        file.truncate()
    assert watch.look() == []


def test_a_restart_reads_nothing_twice_and_keeps_line_numbers(tmp_path: Path) -> None:
    log = tmp_path / "cdr.log"
    log.write_bytes(cdr(1) + cdr(2))
    watch = Watched(tmp_path)
    assert watch.look() == ["c1", "c2"]
    with log.open("ab") as file:
        file.write(b"junk\n" + cdr(4))
    watch.restart()
    assert watch.look() == ["c4"]
    assert [r.line for r in watch.rejects] == [3]
    watch.restart()
    assert watch.look() == []
    watch.restart({})
    assert watch.look() == ["c1", "c2", "c4"]


def test_a_file_is_read_once_its_marker_is_there(tmp_path: Path) -> None:
    log = tmp_path / "20260302.cdr"
    log.write_bytes(cdr(1) + cdr(2).rstrip(b"\n"))
    watch = Watched(tmp_path, when="marker", marker=".ok")
    assert watch.look() == []
    (tmp_path / "20260302.cdr.ok").touch()
    assert watch.look() == ["c1", "c2"]
    assert watch.look() == []


def test_one_document_a_file_is_read_when_it_has_settled(tmp_path: Path) -> None:
    documents = (DATA / "freeswitch_json.ndjson").read_text().splitlines()
    for number, document in enumerate(documents[:2]):
        place = tmp_path / f"a_{number}.cdr.json"
        place.write_text(document)
        age(place, 10 - 9 * number)
    watch = Watched(tmp_path, FreeswitchJson(), when="settled", settle_s=5, pattern="a_*.cdr.json")
    assert watch.look() == ["a0000000-0000-4000-8000-000000000001"]
    watch.now += 10
    assert watch.look() == ["a0000000-0000-4000-8000-000000000002"]


def test_a_joining_reader_sees_its_open_halves_again_after_a_restart(tmp_path: Path) -> None:
    rows = (DATA / "opensips_flatstore.txt").read_bytes().splitlines(keepends=True)
    first, second = tmp_path / "acc_1", tmp_path / "acc_2"
    first.write_bytes(rows[0])
    age(first, 60)
    watch = Watched(tmp_path, OpensipsFlatstore())
    assert watch.look() == []
    second.write_bytes(rows[2])
    age(second, 10)
    watch.reader = OpensipsFlatstore()
    watch.restart()
    assert watch.look() == ["call-1@192.0.2.10"]


def test_a_compressed_file_is_read_once_and_a_broken_one_keeps_what_came_before(tmp_path: Path) -> None:
    whole = tmp_path / "a.log.gz"
    whole.write_bytes(gzip.compress(cdr(1) + cdr(2)))
    age(whole, 60)
    broken = tmp_path / "b.log.gz"
    broken.write_bytes(gzip.compress(b"".join(cdr(n) for n in range(3, 900)))[:-40])
    age(broken, 50)
    watch = Watched(tmp_path)
    found = watch.look()
    assert found[:4] == ["c1", "c2", "c3", "c4"]
    assert [r.reason for r in watch.rejects if r.reason == "truncated"] == ["truncated"]
    assert "gzip" in next(r for r in watch.rejects if r.reason == "truncated").expected
    assert watch.look() == []
    watch.restart()
    assert watch.look() == []


def test_files_come_oldest_first_and_others_are_left_alone(tmp_path: Path) -> None:
    for name, number, seconds in (
        ("b.log", 2, 10),
        ("a.log", 3, 5),
        ("c.log", 1, 20),
        (".hidden", 9, 30),
        ("x.tmp", 8, 30),
    ):
        (tmp_path / name).write_bytes(cdr(number))
        age(tmp_path / name, seconds)
    watch = Watched(tmp_path, pattern="*.log")
    assert watch.look() == ["c1", "c2", "c3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.log", "b.log", "c.log", "x.tmp"]


def test_large_files_come_in_blocks_with_true_positions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.watchdir.BLOCK_BYTES", 4096)
    (tmp_path / "cdr.log").write_bytes(b"".join(cdr(n) for n in range(400)))
    source = WatchDir(WatchDirSettings(path=tmp_path), Didww(), Directory(), follow=False)
    batches = [batch for batch in source.read({}) if batch.positions]
    assert pl.concat([batch.frame for batch in batches])["call_id"].to_list() == [f"c{n}" for n in range(400)]
    for cut in (0, len(batches) // 2, len(batches) - 1):
        rest = WatchDir(WatchDirSettings(path=tmp_path), Didww(), Directory(), follow=False).read(
            batches[cut].positions
        )
        ids = [call for batch in rest for call in batch.frame["call_id"]]
        assert ids == [call for batch in batches[cut + 1 :] for call in batch.frame["call_id"]]


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="no such directory"):
        WatchDir(WatchDirSettings(path=tmp_path / "none"), Didww(), Directory())
