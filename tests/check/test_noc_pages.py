"""The pages of the NOC's lead: the directory file and the thresholds, held against what is read and set."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from akira.settings import load
from connectors.directory_file import load_directory
from pipeline.directory import Directory

DOCS = Path(__file__).parents[2] / "docs"
DIRECTORY, THRESHOLDS, SETTINGS = (
    (DOCS / f"{name}.md").read_text() for name in ("directory", "thresholds", "settings")
)
NAMED = re.findall(r"`\[(watch\.\w+)\] (\w+)(?: = ([\d.]+))?`", THRESHOLDS)
ROWS = re.findall(r"^\| [^|]+ \| `\[(watch\.\w+)\] (\w+)[^|]*\| ([\d.]+)", THRESHOLDS, re.MULTILINE)


def test_the_directory_page_has_every_field_and_its_example_fills_each(tmp_path: Path) -> None:
    (tmp_path / "directory.toml").write_text(re.findall(r"```toml\n(.*?)```", DIRECTORY, re.DOTALL)[0])
    read = load_directory(tmp_path / "directory.toml")
    for table in Directory.model_fields:
        (entry,) = getattr(read, table)
        assert entry.model_fields_set == set(type(entry).model_fields)
        assert set(re.findall(rf"^\| `{table}\.(\w+)` \|", DIRECTORY, re.MULTILINE)) == set(type(entry).model_fields)


@pytest.mark.parametrize(("section", "setting", "now"), ROWS, ids=[f"{s}.{n}" for s, n, _ in ROWS])
def test_a_threshold_is_a_setting_whose_default_is_told(section: str, setting: str, now: str, tmp_path: Path) -> None:
    (tmp_path / "akira.toml").write_text("")
    group = getattr(load(tmp_path / "akira.toml", {}).watch, section.partition(".")[2])
    assert getattr(group, setting) == float(now)


def test_every_value_that_the_page_proposes_is_accepted(tmp_path: Path) -> None:
    proposed = [(section, setting, value) for section, setting, value in NAMED if value]
    assert len(proposed) > 4
    (tmp_path / "akira.toml").write_text("\n".join(f"{'.'.join(p[:2])} = {p[2]}" for p in proposed))
    load(tmp_path / "akira.toml", {})
    for section, setting, _ in NAMED:
        assert re.search(rf"^## \[{re.escape(section)}\]$[^#]*^\| `{setting}` \|", SETTINGS, re.MULTILINE), setting
