"""docs/running.md is followed: its settings and plain commands run, its files and tokens are real."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from akira.cli import build
from tests.deploy.compose import ROOT, SERVICES
from tests.monitoring.servers import until
from tests.ports import free_port

PAGE = (ROOT / "docs" / "running.md").read_text()
BLOCKS = {name or kind: text for kind, name, text in re.findall(r"```(\w+) ?(\S*)\n(.*?)```", PAGE, re.DOTALL)}


def test_the_settings_and_the_plain_commands_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cdr").mkdir()
    settings = BLOCKS["toml"].replace("/var/log/cdr", f"{tmp_path}/cdr").replace("/var/lib/akira", str(tmp_path))
    (tmp_path / "akira.toml").write_text(settings)
    (tmp_path / "directory.toml").write_text('[[customers]]\nid = "alfa"\n')
    *first, last = BLOCKS["plain"].strip().splitlines()
    for line in first:
        result = CliRunner().invoke(build(), shlex.split(line)[1:])
        assert result.exit_code == 0, (line, result.output, result.exception)
    assert last == "akira run"
    address = f"http://127.0.0.1:{free_port()}"
    environ = {"PATH": "", "AKIRA_WEB__PORT": address.rpartition(":")[2], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-m", "akira", "run"], env=environ, stderr=subprocess.PIPE) as running:
        try:
            for page in ("/healthz", "/readyz"):
                until(f"{page} says yes", lambda page=page: httpx.get(address + page).status_code == 200)  # type: ignore[misc]
            assert posted(address).status_code == 204
            until("the posted calls", lambda: 'outcome="accepted"} 4.0' in httpx.get(f"{address}/metrics").text)
        finally:
            running.terminate()
        assert running.wait(60) == 0


def posted(address: str) -> httpx.Response:
    """The sample of FreeSWITCH as the page lets the switch post it, with the page's token."""
    told = dict(re.findall(r'name="(\S+)" value="(\S+)"', BLOCKS["json_cdr"]))
    made = re.search(r"`akira (token new fs1 .+?)`", PAGE)
    assert made is not None
    token = CliRunner().invoke(build(), [*shlex.split(made[1]), "--json"])
    user, _, secret = told["cred"].replace("TOKEN", json.loads(token.output)["token"]).partition(":")
    sample = ROOT / "tests" / "data" / "vendors" / "freeswitch_json.ndjson"
    return httpx.post(
        told["url"].replace("http://127.0.0.1:8080", address), content=sample.read_bytes(), auth=(user, secret)
    )


def test_it_installs_as_the_image_does() -> None:
    image = (ROOT / "deploy" / "Dockerfile").read_text()
    for line in BLOCKS["install"].strip().splitlines()[1:]:
        words = line.replace("/opt/akira/", "/akira/").replace("deploy/requirements.lock", "requirements.lock")
        assert set(shlex.split(words)) <= set(image.split()), line


def test_every_token_it_makes_is_of_a_role_that_is() -> None:
    made = re.findall(r"akira token new (.+?)[`\n]", PAGE)
    new = get_command(build()).commands["token"].commands["new"]  # type: ignore[attr-defined]
    assert len(made) == 5
    for words in made:
        assert new.make_context("new", shlex.split(words)).params["role"] in ("admin", "noc")


def test_ports_variables_and_files_are_those_of_the_deployment() -> None:
    ports = {port.rsplit(":", 1)[0] for service in SERVICES.values() for port in service.get("ports", ())}
    told = set(re.findall(r"<http://(127\.0\.0\.1:\d+)>", PAGE))
    assert told == ports
    compose = (ROOT / "docker-compose.yml").read_text()
    listed = re.search(r"for each in ([A-Z_ ]+);", BLOCKS["compose"])
    assert listed is not None and listed[0] in compose
    wanted = set(re.findall(r"(?:\$\{|environment: )AKIRA_(\w+)", compose))
    assert set(listed[1].split()) == wanted
    for path in re.findall(r"`(deploy/[\w./-]+|docker-compose\.yml)`", PAGE):
        assert (ROOT / path).is_file(), path
