"""The pages for a newcomer are followed to the letter, and say all that there is."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from akira.cli import build
from connectors.formats import FORMATS, reader
from connectors.profile.model import Durations, Profile, load

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "vendors"
PAGE = (ROOT / "docs" / "first-hour.md").read_text()
READERS = (ROOT / "docs" / "readers.md").read_text()
BLOCK = re.compile(r"```(\w+) ?(\S*)\n(.*?)```", re.DOTALL)
LAST_S = 1_772_445_670
COMMANDS = {name: text for kind, name, text in BLOCK.findall(PAGE) if kind == "sh"}
LINES_MOST = 15


@pytest.mark.parametrize("vendor", COMMANDS)
def test_the_commands_of_a_vendor_work_as_they_stand(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for sample in DATA.iterdir():
        shutil.copy(sample, tmp_path)
        os.utime(tmp_path / sample.name, (LAST_S, LAST_S))
    for kind, name, text in BLOCK.findall(PAGE):
        if kind == "toml":
            (tmp_path / name).write_text(text)
    for line in COMMANDS[vendor].strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "akira"
        result = CliRunner().invoke(build(), arguments)
        assert result.exit_code == 0, (line, result.output, result.exception)
        if "--report" in arguments:
            assert "<html" in (tmp_path / "report.html").read_text()


def test_a_newcomer_writes_at_most_fifteen_lines() -> None:
    written = [line for kind, _, text in BLOCK.findall(PAGE) if kind == "toml" for line in text.splitlines() if line]
    assert len(written) <= LINES_MOST
    assert {"kamailio", "freeswitch"} <= set(COMMANDS)


def test_every_format_and_option_is_on_the_page() -> None:
    table = READERS.partition("## Formats")[2].partition("##")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE))
    assert set(rows) >= set(FORMATS)
    for name, make in FORMATS.items():
        options = set(inspect.signature(make).parameters) - {"callers"}
        assert set(re.findall(r"`(\w+)`", rows[name])) >= options, name


def test_every_key_of_a_profile_is_on_the_page_and_its_example_is_one(tmp_path: Path) -> None:
    for key in (*Profile.model_fields, *Durations.model_fields):
        assert re.search(rf"\b{key}\b", READERS), key
    example = next(text for kind, _, text in BLOCK.findall(READERS) if kind == "toml")
    (tmp_path / "my.toml").write_text(example)
    assert load(tmp_path / "my.toml").model_dump(exclude={"name"}) == load(DATA / "profile_csv.toml").model_dump(
        exclude={"name"}
    )


def test_what_is_not_asked_is_on_the_page() -> None:
    told = READERS.partition("### What each cannot tell")[2].partition("###")[0]
    for name in FORMATS:
        unasked = {kind for kind, _ in reader(name).understanding.disabled} & {"pdd_rise", "asr_drop"}
        row = next((line for line in told.splitlines() if f"`{name}`" in line), "")
        assert ("PDD" in row) == ("pdd_rise" in unasked), name
        assert ("ASR" in row) == ("asr_drop" in unasked), name
