"""Archives in an object store, through the same polars path that reads `s3://`, on `file://` addresses."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from connectors.errors import ConnectorError
from connectors.object_store import ObjectStore
from connectors.vendors.opensips_flatstore import OpensipsFlatstore
from pipeline.directory import Directory
from pipeline.ports import Batch

START_S = 1_772_445_600


def invite(number: int) -> str:
    return f"INVITE|a{number}|b{number}|c{number}|486|Busy Here|{START_S + number}|x|alfa|12025550143\n"


def source(tmp_path: Path, pattern: str = "*.txt") -> ObjectStore:
    return ObjectStore(f"file://{tmp_path}/{pattern}", OpensipsFlatstore(), Directory())


def ids(batches: list[Batch]) -> list[str]:
    return pl.concat([batch.frame for batch in batches])["call_id"].to_list()


def test_objects_are_read_in_order_with_lines_and_positions(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(invite(3) + "\njunk|line\n" + invite(4))
    (tmp_path / "a.txt").write_text(invite(1) + invite(2))
    batches = list(source(tmp_path).read({}))
    assert ids(batches) == ["c1", "c2", "c3", "c4"]
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert [(Path(r.source).name, r.line, r.reason) for r in rejects] == [("b.txt", 3, "few_fields")]
    positions = {key: at for batch in batches for key, at in batch.positions.items()}
    assert sorted(positions.values()) == [2, 4]
    assert ids(list(source(tmp_path).read(positions))) == []
    first = {key: 1 for key in positions if key.endswith("a.txt")}
    assert ids(list(source(tmp_path).read(first))) == ["c2", "c3", "c4"]


def test_halves_of_a_call_in_two_objects_are_joined(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text(f"BYE|b1|a1|c1|200|OK|{START_S + 9}|||\n")
    (tmp_path / "2.txt").write_text(
        invite(1).replace("486|Busy Here", "200|OK") + invite(2).replace("486|Busy", "200|OK")
    )
    batches = list(source(tmp_path).read({}))
    assert ids(batches) == ["c1"]
    assert [r.reason for r in batches[-1].rejects] == ["half_call"]


def test_a_pattern_that_matches_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="none"):
        list(source(tmp_path, "none/*.txt").read({}))
