"""The pages for a newcomer are followed to the letter, and say all that there is."""

from __future__ import annotations

import gzip
import inspect
import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from akira.cli import build
from connectors.formats import FORMATS, reader
from connectors.profile.model import Durations, Profile, load
from tests.run.carrier import cdrs

ROOT = Path(__file__).parents[2]
VENDORS, KAMAILIO = (ROOT / "tests" / "data" / name for name in ("vendors", "kamailio"))
RECORDED = {"kamailio.ndjson": "cdr.jsonl", "sip.ndjson": "sip.jsonl", "prom.ndjson": "prom.jsonl"}
PAGE = (ROOT / "docs" / "first-hour.md").read_text()
READERS = (ROOT / "docs" / "readers.md").read_text()
BLOCK = re.compile(r"```(\w+) ?(\S*)\n(.*?)```", re.DOTALL)
LAST_S = 1_772_445_670
COMMANDS = {name: text for kind, name, text in BLOCK.findall(PAGE) if kind == "sh"}
LINES_MOST = 15


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newcomer's folder: the committed samples by the page's names, and the files that the page tells to write."""
    monkeypatch.chdir(tmp_path)
    for sample in VENDORS.iterdir():
        shutil.copy(sample, tmp_path)
    for name, recorded in RECORDED.items():
        shutil.copy(KAMAILIO / recorded, tmp_path / name)
    for sample in tmp_path.iterdir():
        os.utime(sample, (LAST_S, LAST_S))
    os.utime(tmp_path / "kamailio.ndjson")
    for kind, name, text in BLOCK.findall(PAGE):
        if kind == "toml":
            (tmp_path / name).write_text(text)
    return tmp_path


def followed(vendor: str) -> str:
    """The vendor's commands, as they stand on the page; the words of the last one."""
    for line in COMMANDS[vendor].strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "akira"
        result = CliRunner().invoke(build(), arguments)
        assert result.exit_code == 0, (line, result.output, result.exception)
    return result.output


@pytest.mark.parametrize("vendor", COMMANDS)
def test_the_commands_of_a_vendor_work_and_the_report_is_honest_about_so_few_records(vendor: str, desk: Path) -> None:
    said = followed(vendor)
    if "--report" in COMMANDS[vendor]:
        report = (desk / "report.html").read_text()
        judgement = re.search(r"not judged: |not enough calls in the last full hour: [1-9]", report)
        assert "read: " in report and judgement and judgement[0] in said
        assert ("that says nothing about the calls" in report) == (judgement[0] == "not judged: ")
        assert judgement[0] == "not judged: " or vendor.startswith("kamailio"), "19 minutes, most slices too quiet"


def test_an_hour_of_a_real_kamailio_gives_one_ticket_for_each_fault(desk: Path) -> None:
    """The recording of tests/data/kamailio in full, 53 minutes with six faults, where a copy of the lab is at hand."""
    lab = Path(os.environ.get("AKIRA_TEST_LAB", ROOT.parent / "shared" / "lab")) / "captures" / "one"
    if not lab.is_dir():
        pytest.skip("no recording: set AKIRA_TEST_LAB to a directory with captures/one (30 MB, not kept here)")
    for name, recorded in RECORDED.items():
        (desk / name).write_bytes(gzip.decompress((lab / f"{recorded}.gz").read_bytes()))
    said = followed("kamailio-events")
    opened = re.findall(r"INC-\w+ opened: (.+?) \(", said)
    assert opened == [
        "supplier-1 fails over, other terminators carry the calls",
        "custB to Germany fails calls in the network",  # the ASR joins it
        "France rings late",
        "the platform gives suspected false answers",  # Australia is not in the page's directory
        "custC is denied by the ACL",
        "the platform completes no calls",
    ]
    assert "SEV1" in (desk / "report.html").read_text()


def test_a_busy_freeswitch_whose_gateway_fails_gives_a_ticket_that_names_it(desk: Path) -> None:
    (desk / "freeswitch_json.ndjson").write_text("".join(map(document, cdrs().iter_rows(named=True))))
    said = followed("freeswitch")
    assert "not judged" not in said and "tickets: 1" in said
    assert "supplier-1 answers fewer calls" in said, "gateway gw1 is the directory's supplier-1"
    assert "<svg" in (desk / "report.html").read_text()


def document(call: dict[str, Any]) -> str:
    """One call as mod_json_cdr writes it, over gateway gw0, gw1 or gw2."""
    times = {"start": "setup_at", "progress": "ringing_at", "answer": "answered_at", "end": "ended_at"}
    told = {f"{name}_uepoch": str((call[column] or 0) * 1000) for name, column in times.items()}
    told |= {"uuid": call["call_id"], "direction": "inbound", "accountcode": call["customer"]}
    told |= {"sip_gateway_name": call["terminator"].replace("t-", "gw"), "sip_term_status": str(call["sip_code"])}
    told |= {"sip_req_user": f"4420794601{call['seq'] % 100:02d}"}
    return json.dumps({"switchname": "fs1", "variables": told}) + "\n"


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
    assert load(tmp_path / "my.toml").model_dump(exclude={"name"}) == load(VENDORS / "profile_csv.toml").model_dump(
        exclude={"name"}
    )


def test_what_is_not_asked_is_on_the_page() -> None:
    told = READERS.partition("### What each cannot tell")[2].partition("###")[0]
    for name in FORMATS:
        unasked = {kind for kind, _ in reader(name).understanding.disabled} & {"pdd_rise", "asr_drop"}
        row = next((line for line in told.splitlines() if f"`{name}`" in line), "")
        assert ("PDD" in row) == ("pdd_rise" in unasked), name
        assert ("ASR" in row) == ("asr_drop" in unasked), name
