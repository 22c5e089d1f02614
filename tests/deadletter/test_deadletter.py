"""The dead-letter file: every refused record once, in order, bounded, and whole for whoever mends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.deadletter import DeadLetterFile
from connectors.errors import ConnectorError
from pipeline.ports import Reject


def reject(number: int, reason: str = "not_json", raw: str = "{") -> Reject:
    return Reject("cdr.ndjson", number, "ended_at", reason, "epoch ms", raw)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_rejects_are_in_the_file_when_the_call_returns_and_counted(tmp_path: Path) -> None:
    with DeadLetterFile(tmp_path / "dead") as kept:
        kept.write((reject(1), reject(2, "bad_time")))
        assert [line["line"] for line in lines(tmp_path / "dead")] == [1, 2]
        kept.write((reject(3),))
    assert kept.counts == {"not_json": 2, "bad_time": 1}
    assert lines(tmp_path / "dead")[1] == {
        "source": "cdr.ndjson",
        "line": 2,
        "field": "ended_at",
        "reason": "bad_time",
        "expected": "epoch ms",
        "raw": "{",
    }


def test_a_second_run_adds_to_the_file(tmp_path: Path) -> None:
    for number in (1, 2):
        with DeadLetterFile(tmp_path / "dead") as kept:
            kept.write((reject(number),))
    assert [line["line"] for line in lines(tmp_path / "dead")] == [1, 2]


@pytest.mark.parametrize("raw", ["a\nb", "\udc80", "\u2028 é \x00", '"quoted"'])
def test_any_text_stays_one_line_and_comes_back(tmp_path: Path, raw: str) -> None:
    with DeadLetterFile(tmp_path / "dead") as kept:
        kept.write((reject(1, raw=raw),))
    assert [json.loads(line)["raw"] for line in (tmp_path / "dead").read_bytes().split(b"\n")[:-1]] == [raw]


def test_at_its_limit_it_counts_on_and_writes_no_half_line(tmp_path: Path) -> None:
    with DeadLetterFile(tmp_path / "dead", limit_bytes=250) as kept:
        kept.write(tuple(reject(number) for number in range(9)))
    assert (tmp_path / "dead").stat().st_size <= 250
    assert len(lines(tmp_path / "dead")) == 9 - kept.dropped > 0
    assert kept.counts == {"not_json": 9}
    with DeadLetterFile(tmp_path / "dead", limit_bytes=250) as again:
        again.write((reject(1, raw="x" * 200),))
    assert again.dropped == 1, "what an earlier run wrote counts too"


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="No such file or directory") as told:
        DeadLetterFile(tmp_path / "absent" / "dead")
    assert "may be written" in told.value.hint
