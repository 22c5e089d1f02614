"""Several switches as one source: order when catching up, spools, restarts, and settings that cannot be meant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import ConnectorError
from connectors.switches import Switches, SwitchSettings
from pipeline.directory import Destination, Directory
from pipeline.ports import Batch

START_S = 1_772_445_600
DIRECTORY = Directory(destinations=(Destination(name="United States", prefixes=("1",)),))


def row(number: int, at: int) -> str:
    return f"INVITE|a{number}|b{number}|c{number}|486|Busy Here|{START_S + at}|x|alfa|12025550143\n"


def switch(path: Path, where: str, /, **changes: Any) -> SwitchSettings:
    path.joinpath(where).mkdir(exist_ok=True)
    base = {
        "name": where,
        "format": "opensips_flatstore",
        "options": {"switch": where},
        "files": {"path": path / where},
    }
    return SwitchSettings.model_validate({**base, **changes})


def ids(batches: list[Batch]) -> list[str]:
    return [call for batch in batches for call in batch.frame["call_id"]]


def test_the_switch_that_is_behind_is_read_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.watchdir.BLOCK_BYTES", 100)
    monkeypatch.setattr("connectors.watchdir.PIECE_BYTES", 100)
    first, second = switch(tmp_path, "sw1"), switch(tmp_path, "sw2")
    (tmp_path / "sw1" / "acc").write_text("".join(row(n, 60 * n) for n in range(0, 40, 2)))
    (tmp_path / "sw2" / "acc").write_text("".join(row(n, 60 * n) for n in range(1, 40, 2)))
    source = Switches([first, second], DIRECTORY, follow=False)
    assert sum(source.lag().values()) > 2_000
    for log in (tmp_path / "sw1" / "acc", tmp_path / "sw2" / "acc"):
        os.utime(log, (START_S, START_S))
    reading = source.read({})
    batches = [next(reading)]
    assert source.oldest_ms() == START_S * 1000
    batches += reading
    assert source.oldest_ms() is None
    numbers = [int(call[1:]) for call in ids(batches)]
    assert sorted(numbers) == list(range(40))
    assert max(numbers[at] - min(numbers[at:]) for at in range(40)) <= 4
    assert source.lag() == {"sw1": 0, "sw2": 0}
    frame = batches[0].frame
    assert (frame["switch"][0], frame["destination"][0]) == ("sw1", "United States")


def test_what_is_posted_is_read_from_the_spool_and_once(tmp_path: Path) -> None:
    posted = switch(tmp_path, "sw1", files=None, http={"path": tmp_path / "spool"})
    source = Switches([posted], DIRECTORY, wait=lambda s: None)
    batches = source.read({})
    assert next(batches).frame.is_empty()
    source.spools["sw1"].append(row(1, 1).encode())
    source.spools["sw1"].append(row(2, 2).rstrip("\n").encode())
    given = next(batch for batch in batches if batch.positions)
    assert given.frame["call_id"].to_list() == ["c1", "c2"]
    source.close()
    assert ids(list(batches)) == []
    again = Switches([posted], DIRECTORY, follow=False)
    assert ids(list(again.read(given.positions))) == []


def test_a_following_source_ends_when_it_is_closed(tmp_path: Path) -> None:
    source = Switches([switch(tmp_path, "sw1")], DIRECTORY, wait=lambda s: source.close())
    assert [batch.frame.height for batch in source.read({})] == [0]


@pytest.mark.parametrize(
    "changes",
    [
        {"files": None},
        {"http": {"path": "x"}},
        {"name": "a/b"},
        {"files": {"path": "x", "when": "later"}},
        {"colour": 1},
    ],
)
def test_settings_that_cannot_be_meant(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        switch(tmp_path, "sw1", **changes)


def test_two_of_one_name_and_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="two switches of the name sw1"):
        Switches([switch(tmp_path, "sw1"), switch(tmp_path, "sw1")], DIRECTORY)
    with pytest.raises(ConnectorError, match="no CDR format"):
        Switches([switch(tmp_path, "sw1", format="cisco")], DIRECTORY)
