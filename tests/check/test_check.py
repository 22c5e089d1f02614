"""`akira check` as an operator runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from akira.commands import check
from akira.errors import OperatorError
from connectors.errors import ConnectorError

DATA = Path(__file__).parent.parent / "data" / "vendors"
LAST_S = 1_772_445_664.5


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    check.register(app)
    return CliRunner().invoke(app, ["check", *arguments], env={"COLUMNS": "200"})


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No akira.toml lies about."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    place = tmp_path / "cdr.json"
    place.write_bytes((DATA / "freeswitch_json.ndjson").read_bytes())
    os.utime(place, (LAST_S + 1, LAST_S + 1))
    return place


def test_the_first_records_and_the_understanding_are_shown(sample: Path) -> None:
    result = run("--sample", str(sample), "--cdr-profile", "freeswitch_json", "--option", "leg=a", "--rows", "2")
    assert result.exit_code == 0, result.output
    for part in ("mod_json_cdr", "2026-03-02 10:00:00.000", "10:00:01.250", "first 2 of 4 records", "1 of 5 set aside"):
        assert part in result.output


def test_json_holds_the_same(sample: Path) -> None:
    result = run("--sample", str(sample), "--cdr-profile", "freeswitch_json", "--option", "leg=a", "--json")
    told = json.loads(result.output)
    assert told["records"] == 4
    assert told["understood"]["legs"].startswith("one record per leg")
    assert told["first"][0]["setup_at"] == 1_772_445_600_000
    assert [doubt["grave"] for doubt in told["doubts"]] == [False]


def test_a_wrong_zone_ends_with_an_error_and_names_the_cure(tmp_path: Path) -> None:
    place = tmp_path / "Master.csv"
    place.write_bytes((DATA / "asterisk_csv.csv").read_bytes())
    os.utime(place, (LAST_S, LAST_S))
    right = run("--sample", str(place), "--cdr-profile", "asterisk_csv", "--option", "zone=Europe/Paris")
    assert right.exit_code == 0
    assert "not asked: pdd_rise" in right.output
    wrong = run("--sample", str(place), "--cdr-profile", "asterisk_csv", "--option", "zone=UTC")
    assert wrong.exit_code == 3
    assert "by 1 h: a zone's offset" in wrong.output


def test_a_wrong_format_ends_with_an_error(sample: Path) -> None:
    result = run("--sample", str(sample), "--cdr-profile", "vos3000")
    assert result.exit_code == 3
    assert "is it the right format" in result.output


def test_a_profile_and_a_directory_file(tmp_path: Path) -> None:
    place = tmp_path / "profile.csv"
    place.write_bytes((DATA / "profile.csv").read_bytes())
    os.utime(place, (LAST_S, LAST_S))
    names = tmp_path / "directory.toml"
    names.write_text('[[customers]]\nid = "alfa"\n\n[[destinations]]\nname = "United States"\nprefixes = ["1"]\n')
    profile = str(DATA / "profile_csv.toml")
    result = run("--sample", str(place), "--cdr-profile", profile, "--directory", str(names))
    assert result.exit_code == 0, result.output
    assert "United States" in result.output
    assert "1 customer(s) that the directory lacks, in 2 records: beta" in result.output


def test_settings_and_directory_alone_are_linted(tmp_path: Path) -> None:
    assert run().exit_code == 0
    (tmp_path / "akira.toml").write_text('directory = "who.toml"\n')
    (tmp_path / "who.toml").write_text('[[destinations]]\nname = "UK"\nprefixes = ["(0)44"]\n')
    result = run()
    assert (result.exit_code, "prefix (0)44" in result.output) == (3, True)
    (tmp_path / "akira.toml").write_text("dierctory = 1\n")
    result = run()
    assert isinstance(result.exception, OperatorError)
    assert "directory" in result.exception.hint


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (("--cdr-profile", "freeswitch_jsn"), ConnectorError, "did you mean freeswitch_json?"),
        (("--cdr-profile", "freeswitch_json", "--option", "zon=UTC"), ConnectorError, "did you mean zone?"),
        (("--cdr-profile", "freeswitch_json", "--option", "zone=Paris"), ConnectorError, "Europe/Paris"),
        (("--cdr-profile", "freeswitch_json", "--option", "leg=c"), ConnectorError, "docs/readers.md"),
        (("--cdr-profile", "freeswitch_json", "--option", "zone"), OperatorError, "zone=Europe/Paris"),
        (("--cdr-profile", "kamailio", "--option", "callers=x"), ConnectorError, "its options are switch"),
        ((), OperatorError, "freeswitch_json"),
    ],
)
def test_a_mistake_of_the_operator_names_its_cure(
    sample: Path, arguments: tuple[str, ...], kind: type[Exception], said: str
) -> None:
    result = run("--sample", str(sample), *arguments)
    assert isinstance(result.exception, kind)
    assert said in result.exception.hint  # type: ignore[attr-defined]


def test_a_sample_that_is_not_there(tmp_path: Path) -> None:
    result = run("--sample", str(tmp_path / "none"), "--cdr-profile", "mera")
    assert isinstance(result.exception, ConnectorError)
    assert "No such file" in result.exception.message


@pytest.mark.parametrize(
    "name", ["asterisk_csv", "asterisk_cel", "didww", "mera", "sonus_act", "vos3000", "freeswitch_json"]
)
def test_a_wrong_format_is_answered_with_the_one_that_reads_it(name: str) -> None:
    (sample,) = [path for path in DATA.iterdir() if path.stem == name]
    wrong = "kamailio" if name != "didww" else "cgrates_csv"
    result = run("--sample", str(sample), "--cdr-profile", wrong)
    assert result.exit_code == 3 and f"it can be read as {name}\n" in result.output
    assert "it can be read as" not in run("--sample", str(DATA / "README.md"), "--cdr-profile", wrong).output
