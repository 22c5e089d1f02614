"""`akira replay` on what operators give it: each mistake has its message, hint and exit code, and no traceback."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from akira.cli import main
from connectors.codec import encode
from tests.watch.carrier import Carrier
from tests.watch.test_faults import fails

Told = tuple[int, str, str]
Run = Callable[..., Told]


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    frame = Carrier(minutes=50, rate=200, faults=[fails({"terminator": 1}, 0.05, 25, 50)]).frame()
    return encode("cdr", frame).splitlines(keepends=True)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command line in an empty folder: exit code, standard output, and the errors as one line."""
    monkeypatch.chdir(tmp_path)

    def called(*words: str) -> Told:
        monkeypatch.setattr("sys.argv", ["akira", "replay", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capfd.readouterr()
        assert "Traceback" not in told.err
        return int(ended.value.code or 0), told.out, " ".join(told.err.split())

    return called


def letters(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_files_to_tickets_report_and_summary(run: Run, lines: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "cdr.ndjson").write_bytes(b"".join(lines))
    outputs = ("--tickets", "t.ndjson", "--report", "r.html")
    code, out, _ = run("--cdr", "cdr.ndjson", *outputs, "--json")
    told = json.loads(out)
    assert (code, told["records"], told["rejects"], told["tickets"]) == (0, {"cdr": len(lines)}, {}, 1)
    assert letters(tmp_path / "t.ndjson")[0]["cause"] == {"terminator": ["term-1"]}
    assert "<svg" in (tmp_path / "r.html").read_text()


def test_a_line_is_told_for_each_change_and_quiet_is_quiet(run: Run, lines: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "cdr.ndjson").write_bytes(b"".join(lines))
    code, out, err = run("--cdr", "cdr.ndjson")
    assert (code, out) == (0, "")
    assert "opened: term-1" in err and "tickets: 1" in err and "no directory" in err
    assert run("--cdr", "cdr.ndjson", "--quiet") == (0, "", "")


def test_broken_lines_are_kept_with_their_place_and_the_rest_is_read(
    run: Run, lines: list[bytes], tmp_path: Path
) -> None:
    early = json.dumps({**json.loads(lines[2]), "ended_at": 17}).encode() + b"\n"
    (tmp_path / "cdr.ndjson").write_bytes(lines[0] + b'{"call_id": "half\n' + early + b"".join(lines[3:]))
    code, out, _ = run("--cdr", "cdr.ndjson", "--dead-letters", "dead.ndjson", "--json")
    assert code == 0
    assert json.loads(out)["rejects"] == {"not_json": 1, "bad_time": 1}
    half, wrong = letters(tmp_path / "dead.ndjson")
    assert (half["source"], half["line"], half["raw"]) == ("cdr.ndjson", 2, '{"call_id": "half')
    assert (wrong["line"], wrong["field"]) == (3, "ended_at")
    assert json.loads(out)["records"] == {"cdr": len(lines) - 2}


def test_refused_records_are_said_with_what_would_be_right(run: Run, lines: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "cdr.ndjson").write_bytes(b"junk\n" + b"".join(lines))
    code, _, err = run("--cdr", "cdr.ndjson")
    assert code == 0
    assert "refused: 1 not_json" in err and "cdr.ndjson:1: not_json: expected one JSON object a line" in err


def test_an_empty_file_is_told_and_alone_it_is_an_error(run: Run, lines: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "empty.ndjson").touch()
    (tmp_path / "cdr.ndjson").write_bytes(b"".join(lines))
    code, out, _ = run("--cdr", "cdr.ndjson", "--cdr", "empty.ndjson", "--json")
    assert (code, json.loads(out)["rejects"]) == (0, {"empty_file": 1})
    code, _, err = run("--cdr", "empty.ndjson")
    assert code == 3
    assert "no record that can be read (1 empty_file)" in err and "empty.ndjson: empty_file: expected" in err


def test_a_cut_off_archive_gives_what_came_before_and_names_the_byte(
    run: Run, lines: list[bytes], tmp_path: Path
) -> None:
    packed = gzip.compress(b"".join(lines))
    (tmp_path / "cdr.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    code, out, _ = run("--cdr", "cdr.ndjson.gz", "--dead-letters", "dead.ndjson", "--json")
    told = json.loads(out)
    assert (code, told["rejects"]) == (0, {"truncated": 1})
    assert 0 < told["records"]["cdr"] < len(lines)
    (cut,) = letters(tmp_path / "dead.ndjson")
    assert cut["line"] == told["records"]["cdr"] + 1
    assert "a whole archive" in str(cut["expected"]) and "byte" in str(cut["expected"])
    (tmp_path / "cdr.ndjson.gz").write_bytes(packed[:20])
    code, _, err = run("--cdr", "cdr.ndjson.gz")
    assert code == 3 and "1 truncated" in err


def test_nothing_but_broken_lines_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cdr.ndjson").write_bytes(b"half\nhalf\n")
    code, _, err = run("--cdr", "cdr.ndjson")
    assert code == 3
    assert "no record that can be read (2 not_json)" in err and "cdr.ndjson:1: not_json" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cdr", "absent.ndjson"), "absent.ndjson: no such file"),
        (("--cdr", "none"), "none: no file in it"),
        (("--cdr", "cdr.txt"), "cannot tell the format from the ending .txt"),
        (("--cdr", "short.parquet"), "short.parquet: cannot be read as Parquet"),
        (("--cdr", "cdr.ndjson", "--cdr-profile", "mira"), "did you mean mera?"),
        (("--cdr", "cdr.ndjson", "--cdr-profile", "mera", "--option", "zone=Mars/Base"), "is no IANA zone"),
        (("--cdr", "cdr.ndjson", "--option", "zone=UTC"), "the record contract has no options"),
        (("--sip", "cdr.ndjson", "--sip-profile", "h323"), "no SIP format is called 'h323'"),
        ((), "no files are named"),
        (("--cdr", "cdr.ndjson", "--directory", "absent.toml"), "absent.toml: no such file"),
        (("--cdr", "cdr.ndjson", "--directory", "wrong.toml"), "wrong.toml:3: [[customers]] entry 1, trunk: unknown"),
        (("--cdr", "cdr.ndjson", "--settings", "absent.toml"), "absent.toml: no such file"),
        (("--cdr", "cdr.ndjson", "--settings", "unknown.toml"), "[watch.time] latenes_s: unknown setting"),
        (("--cdr", "cdr.ndjson", "--settings", "range.toml"), "[watch.time] lateness_s: input should be"),
        (("--cdr", "cdr.ndjson", "--dead-letters", "absent/dead"), "absent/dead: No such file or directory"),
        (("--cdr", "cdr.ndjson", "--tickets", "absent/t"), "absent/t: No such file or directory"),
        (("--cdr", "cdr.ndjson", "--report", "absent/r"), "absent/r: No such file or directory"),
        (("--cdr", "cdr.ndjson", "--report", "none"), "none: is a directory"),
        (("--cdr", "cdr.ndjson", "--cdr-profile", "asterisk"), "did you mean asterisk_cel or asterisk_csv?"),
    ],
)
def test_mistakes_end_with_3_and_say_what_is_wrong(
    run: Run, lines: list[bytes], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "none").mkdir()
    for name in ("cdr.ndjson", "cdr.txt"):
        (tmp_path / name).write_bytes(b"".join(lines[:50]))
    (tmp_path / "short.parquet").write_bytes(b"PAR1 and nothing more")
    (tmp_path / "wrong.toml").write_text('[[customers]]\nid = "acme"\ntrunk = "t1"\n')
    (tmp_path / "unknown.toml").write_text("[watch.time]\nlatenes_s = 3\n")
    (tmp_path / "range.toml").write_text("[watch.time]\nlateness_s = -1\n")
    code, out, err = run(*words)
    assert (code, out) == (3, "")
    assert said in err


def test_a_setting_that_is_nearly_right_is_suggested(run: Run, lines: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "cdr.ndjson").write_bytes(b"".join(lines[:50]))
    (tmp_path / "akira.toml").write_text("[watch.time]\nlatenes_s = 3\n")
    code, _, err = run("--cdr", "cdr.ndjson")
    assert code == 3 and "did you mean watch.time.lateness_s?" in err


def test_a_pattern_that_the_shell_took_apart_is_wrong_usage_and_no_story(run: Run) -> None:
    code, _, err = run("--cdr", "a.ndjson", "b.ndjson")
    assert code == 2 and "b.ndjson: each file is named by its own option" in err and "quote a pattern" in err


def test_an_unknown_option_is_wrong_usage(run: Run) -> None:
    code, _, err = run("--cdrs", "x")
    assert code == 2 and "No such option" in err
