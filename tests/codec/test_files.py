"""Files of the contract: CSV, Parquet and NDJSON, plain and packed, whole and broken."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from connectors.codec import encode, files, read_file, write
from connectors.errors import ConnectorError
from pipeline.ports import Reject
from pipeline.records import SCHEMAS, Kind

NOW = 1_795_515_878_920


def calls(count: int) -> pl.DataFrame:
    rows = [
        {
            "call_id": f"{n}@198.51.100.7",
            "attempt": 1,
            "last_attempt": n % 3 > 0,
            "switch": "sw1",
            "customer": 'alfa, "the" first',
            "setup_at": NOW + n,
            "answered_at": NOW + n + 1 if n % 2 else None,
            "ended_at": NOW + n + 2,
            "sip_code": 200 if n % 2 else 486,
            "billed_ms": n * 7,
            "charge_micro": n * 1_234_567,
            "currency": "EUR",
            "emitted_at": NOW + n + 3,
        }
        for n in range(count)
    ]
    return pl.DataFrame(rows, schema=SCHEMAS["cdr"])


def read(kind: Kind, path: Path) -> tuple[pl.DataFrame, list[Reject]]:
    batches = list(read_file(kind, path))
    return pl.concat([batch.frame for batch in batches]), [reject for batch in batches for reject in batch.rejects]


@pytest.mark.parametrize("ending", ["ndjson", "jsonl", "csv", "parquet"])
def test_what_is_written_is_read(tmp_path: Path, ending: str) -> None:
    write("cdr", calls(50), tmp_path / f"cdr.{ending}")
    frame, rejects = read("cdr", tmp_path / f"cdr.{ending}")
    assert rejects == []
    assert_frame_equal(frame, calls(50))


@pytest.mark.parametrize("packing", ["gz", "zst"])
@pytest.mark.parametrize("ending", ["ndjson", "csv"])
def test_packed_files_are_the_same(tmp_path: Path, ending: str, packing: str) -> None:
    plain = tmp_path / f"cdr.{ending}"
    write("cdr", calls(50), plain)
    packed = tmp_path / f"cdr.{ending}.{packing}"
    packed.write_bytes(pack(plain.read_bytes(), packing))
    assert_frame_equal(read("cdr", packed)[0], calls(50))


def pack(data: bytes, packing: str) -> bytes:
    if packing == "gz":
        half = len(data) // 2
        return gzip.compress(data[:half]) + gzip.compress(data[half:]) + b"\0" * 7
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_cut_archive_keeps_what_came_before_and_says_where(tmp_path: Path, packing: str) -> None:
    frame = calls(60_000)
    packed = pack(encode("cdr", frame), packing)
    path = tmp_path / f"cdr.ndjson.{packing}"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    found, rejects = read("cdr", path)
    (reject,) = rejects
    assert 0 < found.height < frame.height
    assert_frame_equal(found, frame.head(found.height))
    assert (reject.source, reject.line, reject.reason) == (str(path), found.height + 1, "truncated")
    assert f"at byte {len(packed) * 2 // 3}" in reject.expected or packing == "zst"
    assert "at byte" in reject.expected


def test_a_damaged_gzip_says_so(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(encode("cdr", calls(60_000))))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "cdr.ndjson.gz"
    path.write_bytes(packed)
    assert read("cdr", path)[1][-1].reason == "truncated"


def test_something_else_called_gz(tmp_path: Path) -> None:
    path = tmp_path / "cdr.ndjson.gz"
    path.write_bytes(b"not gzip at all")
    (reject,) = read("cdr", path)[1]
    assert (reject.line, reject.reason) == (1, "truncated")
    assert "damaged" in reject.expected


def test_blocks_do_not_cut_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr("connectors.codec.compressed._READ", 337)
    for ending in ("ndjson", "csv"):
        write("cdr", calls(200), tmp_path / f"cdr.{ending}")
        frame, rejects = read("cdr", tmp_path / f"cdr.{ending}")
        assert rejects == []
        assert_frame_equal(frame, calls(200))


def test_lines_are_numbered_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr("connectors.codec.compressed._READ", 337)
    lines = encode("cdr", calls(200)).splitlines()
    lines.insert(150, b"")
    lines.insert(160, b"broken")
    path = tmp_path / "cdr.ndjson"
    path.write_bytes(b"\n".join(lines))
    frame, rejects = read("cdr", path)
    assert frame.height == 200
    assert [reject.line for reject in rejects] == [161]


def test_a_file_without_line_breaks_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr(files, "LINE_MAX", 1_000)
    monkeypatch.setattr("connectors.codec.compressed._READ", 500)
    path = tmp_path / "cdr.ndjson"
    path.write_bytes(b"x" * 100_000)
    (reject,) = read("cdr", path)[1]
    assert reject.reason == "too_long"


@pytest.mark.parametrize("header", ["call_id,customer,setup_at,ended_at,extra", "call_id;customer;setup_at;ended_at;x"])
def test_csv_of_other_habits(tmp_path: Path, header: str) -> None:
    mark = header[7]
    rows = [
        ["a", "c", str(NOW), str(NOW + 9), ""],
        ["b", '"c, ""d""\nand e"', "2026-11-24T10:24:38.920Z", f"{NOW + 9}.0", "1"],
        ["c", "c", str(NOW), str(NOW + 9)],
        ["d", '"never closed', str(NOW), str(NOW + 9), ""],
        ["e", "c", str(NOW), str(NOW - 9), ""],
        ["f", "c", str(NOW), str(NOW + 9), ""],
    ]
    path = tmp_path / "cdr.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([header, *map(mark.join, rows)]).encode() + b"\r\n")
    frame, rejects = read("cdr", path)
    assert frame["call_id"].to_list() == ["a", "b", "f"]
    assert frame["setup_at"].to_list() == [NOW] * 3
    assert [(reject.line, reject.reason) for reject in rejects] == [(5, "not_csv"), (6, "not_csv"), (7, "order")]
    assert "5 fields" in rejects[0].expected


def test_csv_needs_its_header(tmp_path: Path) -> None:
    path = tmp_path / "cdr.csv"
    path.write_text("a,c,1,2\n")
    with pytest.raises(ConnectorError, match="line 1 names no field"):
        read("cdr", path)
    path.write_text("call_id,call_id\n")
    with pytest.raises(ConnectorError, match="call_id twice"):
        read("cdr", path)


def test_csv_bytes_that_are_no_utf8_cost_their_line(tmp_path: Path) -> None:
    path = tmp_path / "cdr.csv"
    path.write_bytes(
        b"call_id,customer,setup_at,ended_at\na,\xff,1795515878920,1795515878920\nb,c,1795515878920,1795515878920\n"
    )
    frame, rejects = read("cdr", path)
    assert frame["call_id"].to_list() == ["b"]
    assert [(reject.line, reject.reason) for reject in rejects] == [(2, "not_csv")]


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([NOW, NOW]),
        pl.Series([NOW, NOW], dtype=pl.UInt64),
        pl.Series([float(NOW), NOW + 0.5]),
        pl.Series([NOW, NOW]).cast(pl.Datetime("ms", "UTC")),
        pl.Series([NOW * 1_000_000 + 999_999] * 2).cast(pl.Datetime("ns", "Europe/Paris")),
        pl.Series([NOW * 1_000] * 2).cast(pl.Datetime("us")),
        pl.Series(["2026-11-24T10:24:38.920Z", str(NOW)]),
    ],
    ids=lambda series: str(series.dtype),
)
def test_parquet_times_of_any_unit_and_zone(tmp_path: Path, times: pl.Series) -> None:
    path = tmp_path / "cdr.parquet"
    pl.DataFrame({"call_id": ["a", "b"], "customer": ["c", "c"], "setup_at": times, "ended_at": times}).write_parquet(
        path
    )
    frame, rejects = read("cdr", path)
    assert rejects == []
    assert frame["setup_at"].to_list() == [NOW, NOW]


def test_parquet_types_of_other_writers(tmp_path: Path) -> None:
    path = tmp_path / "cdr.parquet"
    at = datetime(2026, 11, 24, 10, 24, 38, 920_000, UTC)
    pl.DataFrame(
        {
            "call_id": [1, 2, 3],
            "customer": pl.Series(["c", "c", "d"], dtype=pl.Categorical),
            "setup_at": [at] * 3,
            "ended_at": [at] * 3,
            "charge": pl.Series([Decimal("0.15"), None, Decimal("-1.234567")], dtype=pl.Decimal(18, 6)),
            "billed_s": pl.Series([1, 2, 3], dtype=pl.Int32),
            "attempt": [1.0, 2.0, 2.5],
            "last_attempt": [1, 0, 1],
            "sip_code": [200, 486, None],
            "other": [[1], [], None],
        }
    ).write_parquet(path)
    frame, rejects = read("cdr", path)
    assert frame.select("call_id", "customer", "charge_micro", "billed_ms", "attempt", "last_attempt").rows() == [
        ("1", "c", 150_000, 1_000, 1, True),
        ("2", "c", None, 2_000, 2, False),
    ]
    assert [(reject.line, reject.field) for reject in rejects] == [(3, "attempt")]
    assert json.loads(rejects[0].raw)["call_id"] == 3


def test_a_cut_parquet_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "cdr.parquet"
    write("cdr", calls(50), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConnectorError, match=r"cdr\.parquet: cannot be read as Parquet"):
        read("cdr", path)


def test_parquet_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "cdr.parquet"
    pl.DataFrame({"x": [1]}).write_parquet(path)
    with pytest.raises(ConnectorError, match="no column of a cdr record"):
        read("cdr", path)


@pytest.mark.parametrize("name", ["cdr.txt", "cdr", "cdr.xlsx.gz"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(ConnectorError, match="cannot tell the format") as refused:
        read("cdr", tmp_path / name)
    assert ".ndjson" in refused.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="no such file"):
        read("cdr", tmp_path / "none.csv")
