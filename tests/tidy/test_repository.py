"""The repository holds to its own rules: small rooms, no unfinished work, nothing of one machine, declared imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("akira", "pipeline", "detectors", "connectors")
MODULE_LINES, FUNCTION_LINES = 250, 50
NOT_TEXT = {".png", ".gz", ".zst", ".parquet", ".ico", ".woff2", ".pcap", ".jpg"}
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted",
    "repo1" + ".maven",
    "repo.maven" + ".apache",
    "deb.debian" + ".org",
    "npmjs" + ".org",
    "crates" + ".io",
    "proxy" + ".golang",
]
MACHINE = re.compile("/" + r"(work|root|home/\w+)/|/tmp/" + "plan")
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|NotImplemented" + "Error|X" + "XX")


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def tracked() -> Iterator[tuple[str, str]]:
    """(path, text) of every text file under version control."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.suffix not in NOT_TEXT:
            yield name, path.read_text(encoding="utf-8", errors="replace")


def test_modules_and_functions_are_small() -> None:
    large = []
    for path in modules(*PACKAGES):
        text = path.read_text()
        if text.count("\n") > MODULE_LINES:
            large.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    large.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines")
    assert large == []


def test_every_module_says_what_it_is() -> None:
    mute = [str(path) for path in modules(*PACKAGES) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert mute == []


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_left_unfinished(package: str) -> None:
    found = [str(path) for path in modules(package) if UNFINISHED.search(path.read_text())]
    assert found == []


def test_no_file_knows_a_machine_or_a_registry() -> None:
    found = [
        f"{name}: {hit.group()}"
        for name, text in tracked()
        if (hit := MACHINE.search(text) or re.search("|".join(map(re.escape, HOSTS)), text))
    ]
    assert found == []


def test_no_other_distribution_owns_our_package_names() -> None:
    owners = packages_distributions()
    assert {name: owners[name] for name in PACKAGES if set(owners.get(name, ["akira"])) != {"akira"}} == {}


def imported(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for group in project["optional-dependencies"].values() for name in group]
    declared = {normal(re.split(r"[\[<>=~ ]", name)[0]) for name in [*project["dependencies"], *extras]}
    owners = packages_distributions()
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(*PACKAGES)
        for name in imported(path) - set(PACKAGES) - set(sys.stdlib_module_names)
        if not {normal(owner) for owner in owners.get(name, [])} & declared
    }
    assert strangers == set()


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
