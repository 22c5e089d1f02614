"""The shipped rules and configuration: the tools accept them, their own tests pass, and links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from akira.metrics import Metrics
from pipeline.incidents import TYPE_OF_SIGNAL
from tests.monitoring.servers import DEPLOY, binary

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "deploy" / "grafana"
RULE_FILES = sorted(DEPLOY.glob("*.rules.yml"))
RULES = [rule for f in RULE_FILES for group in yaml.safe_load(f.read_text())["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
LABEL_SETS = re.compile(r"\{[^}]*\}")


def tool(*command: str, cwd: Path = DEPLOY) -> subprocess.CompletedProcess[str]:
    return subprocess.run([binary(command[0]), *command[1:]], cwd=cwd, capture_output=True, text=True)


def names() -> set[str]:
    """Every sample name that Akira's page or a recording rule may give."""
    told = {rule["record"] for rule in RULES if "record" in rule} | {"up", "ALERTS"}
    for family in Metrics("1", lambda: 0.0).registry.collect():
        told |= {family.name + end for end in ("", "_total", "_bucket", "_sum", "_count")}
    return told


def used(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:akira[:_]\w[\w:]*)", LABEL_SETS.sub("", expression)))


def test_promtool_accepts_the_rules_and_the_configuration() -> None:
    checked = tool("promtool", "check", "rules", *[f.name for f in RULE_FILES])
    assert checked.returncode == 0, checked.stderr
    checked = tool("promtool", "check", "config", "prometheus.yml")
    assert checked.returncode == 0, checked.stderr


def test_amtool_accepts_the_alertmanager_configuration() -> None:
    checked = tool("amtool", "check-config", "alertmanager.yml")
    assert checked.returncode == 0, checked.stderr


def test_the_rules_pass_their_own_tests() -> None:
    tested = tool("promtool", "test", "rules", "rules.test.yml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("signals.rules.yml", "expected_share < 0.8", "expected_share < 0.05"),
        ("health.rules.yml", "akira_lag_seconds > 180", "akira_lag_seconds > 10"),
        ("recording.rules.yml", "akira_asr_ratio / ", "akira_asr_ratio * "),
    ],
)
def test_their_tests_find_a_wrong_rule(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    for one in DEPLOY.glob("*.yml"):
        shutil.copy(one, tmp_path)
    text = (tmp_path / file).read_text()
    assert right in text
    (tmp_path / file).write_text(text.replace(right, wrong, 1))
    assert tool("promtool", "test", "rules", "rules.test.yml", cwd=tmp_path).returncode != 0


def test_every_signal_has_an_alert_of_its_class() -> None:
    of = {r["labels"]["signal"]: r["labels"]["ticket_type"] for r in ALERTS if "akira_incidents_active" in r["expr"]}
    assert of == dict(TYPE_OF_SIGNAL)


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_every_alert_says_what_to_do(rule: dict) -> None:
    link = rule["annotations"]["runbook_url"]
    assert link.startswith("{{ $externalLabels.akira_runbooks }}/")
    assert (ROOT / "docs" / "runbooks" / f"{link.rpartition('/')[2]}.md").is_file(), link
    assert rule["annotations"]["summary"] and rule["labels"]["severity"] in {"page", "ticket", "none"}


def test_rules_and_dashboards_use_only_metrics_that_exist() -> None:
    dashboard = json.loads((DASHBOARDS / "dashboards" / "akira.json").read_text())
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    notes = [note["expr"] for note in dashboard["annotations"]["list"]]
    asked = set().union(*(used(text) for text in [rule["expr"] for rule in RULES] + panels + notes))
    assert asked - names() == set()
    assert len(asked) > 25


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads((DASHBOARDS / "dashboards" / "akira.json").read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        assert panel["title"] and panel["targets"] and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
    cells = [(p["gridPos"]["x"] + x, p["gridPos"]["y"] + y) for p in dashboard["panels"]
             for x in range(p["gridPos"]["w"]) for y in range(p["gridPos"]["h"])]  # fmt: skip
    assert len(cells) == len(set(cells)), "panels overlap"


def test_grafana_is_provisioned_with_the_dashboard_and_its_data_source() -> None:
    sources = yaml.safe_load((DASHBOARDS / "provisioning" / "datasources" / "prometheus.yml").read_text())
    providers = yaml.safe_load((DASHBOARDS / "provisioning" / "dashboards" / "akira.yml").read_text())
    assert sources["datasources"][0]["type"] == "prometheus" and providers["providers"][0]["options"]["path"]


RUNBOOKS = sorted(path for path in (ROOT / "docs" / "runbooks").glob("*.md") if path.stem != "README")
PARTS = re.compile(
    r"# .+\n\n## What it means\n(?:.+\n)+\n## First three things to look at\n((?:.+\n)+)"
    r"\n## When to call (?:the supplier|for help)\n(?:.+\n)+"
)


@pytest.mark.parametrize("page", RUNBOOKS, ids=[page.stem for page in RUNBOOKS])
def test_every_runbook_has_its_parts_and_three_things(page: Path) -> None:
    whole = PARTS.fullmatch(page.read_text())
    assert whole, page
    assert re.findall(r"^(\d)\. ", whole[1], flags=re.M) == ["1", "2", "3"]


def test_every_signal_has_a_runbook_and_no_page_is_without_a_reader() -> None:
    linked = {rule["annotations"]["runbook_url"].rpartition("/")[2] for rule in ALERTS}
    assert {page.stem for page in RUNBOOKS} == linked
    own = {
        r["labels"]["signal"]: r["annotations"]["runbook_url"].rpartition("/")[2]
        for r in ALERTS
        if "signal" in r["labels"]
    }
    assert own == {signal: signal for signal in TYPE_OF_SIGNAL}
    for signal in TYPE_OF_SIGNAL:
        assert "## When to call the supplier\n" in (ROOT / "docs" / "runbooks" / f"{signal}.md").read_text()
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text()
    assert set(re.findall(r"\]\((\w+)\.md\)", index)) == linked


def test_runbooks_name_only_metrics_and_commands_that_exist() -> None:
    for page in RUNBOOKS:
        assert used(page.read_text()) - {p.stem for p in RUNBOOKS} - names() == set(), page
