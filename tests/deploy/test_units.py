"""The units of systemd: accepted by systemd's own check, hardened by its own measure, with commands that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from akira.cli import build
from tests.absent import absent
from tests.deploy.compose import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
EXPOSURE_MOST = "20"
"""Of 100, by `systemd-analyze security`; 96 is a unit that says nothing."""


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        absent("systemd-analyze is not installed (apt-get install systemd)")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_it(unit: Path, tmp_path: Path) -> None:
    """The program is not installed at its place here: another one stands there for the check."""
    text = unit.read_text()
    (tmp_path / unit.name).write_text(text.replace("/opt/akira/bin/akira", sys.executable))
    checked = analyze("verify", "--man=no", "--recursive-errors=no", str(tmp_path / unit.name))
    assert checked.returncode == 0 and unit.name not in checked.stderr, checked.stderr
    (tmp_path / unit.name).write_text(text.replace("Restart=on-failure", "Restart=when-it-likes"))
    assert unit.name in analyze("verify", "--man=no", "--recursive-errors=no", str(tmp_path / unit.name)).stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_is_hardened(unit: Path) -> None:
    measured = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MOST}", "--no-pager", str(unit))
    assert measured.returncode == 0, measured.stdout[-200:]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_runs_a_command_that_exists_and_starts_again_only_where_that_helps(unit: Path) -> None:
    text = unit.read_text()
    name, *arguments = re.search(r"^ExecStart=/opt/akira/bin/akira (.+)$", text, re.MULTILINE)[1].split()  # type: ignore[index]
    command = get_command(build()).commands[name]  # type: ignore[attr-defined]
    assert command.make_context(name, arguments).params is not None
    for line in ("DynamicUser=yes", "RestartPreventExitStatus=2 3", "EnvironmentFile=-/etc/akira/secrets.env"):
        assert f"\n{line}\n" in text


def test_the_console_differs_from_the_run_in_what_it_is_alone() -> None:
    run, console = (set((ROOT / "deploy/systemd" / f"{name}.service").read_text().splitlines()) for name in
                    ("akira", "akira-console"))  # fmt: skip
    told = {line.partition("=")[0] for line in run ^ console if not line.startswith("#")}
    assert told == {"Description", "StateDirectory", "WorkingDirectory", "Environment", "ExecStart"}
