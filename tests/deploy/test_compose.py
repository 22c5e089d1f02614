"""docker-compose.yml: every service pinned, watched, without root, on the loopback, and told commands that exist."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from akira.cli import build
from akira.settings import load
from tests.deploy.compose import COMPOSE, ONCE, OURS, ROOT, SERVICES, mounted
from tests.monitoring.servers import binary


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_pinned_without_root_and_on_the_loopback(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?", service["image"]), "an exact version"
    user, _, group = str(service["user"]).partition(":")
    assert int(user) > 0 and int(group) > 0
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert service.get("privileged") is None and "network_mode" not in service
    if name not in ONCE:
        assert service["restart"] == "unless-stopped"
    if name not in ("topics", "carrier"):  # these end within a minute, and others wait for their end
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", SERVICES)
def test_each_waits_for_services_that_are_there(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == wanted


def test_volumes_secrets_and_mounted_files_exist() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            known = (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]
            assert known, f"{name}: {source}"
        for secret in service.get("secrets", ()):
            assert secret["source"] in COMPOSE["secrets"]


def test_no_secret_has_a_value_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "URL" in name and "@" in str(value):
                assert "${" in str(value), name


@pytest.mark.parametrize("name", OURS)
def test_our_commands_and_settings_are_real(name: str) -> None:
    service = OURS[name]
    path, *arguments = service["command"]
    command = get_command(build()).commands[path]  # type: ignore[attr-defined]
    context = command.make_context(path, list(arguments), resilient_parsing=False)
    assert context.params is not None
    environ = {key: str(value).replace("${", "x").replace("}", "") for key, value in service["environment"].items()}
    assert load(ROOT / "akira.toml", environ).web.host == "0.0.0.0", "reached from the host by the published port"


def test_the_image_runs_without_root_from_a_hashed_lock() -> None:
    lines = (ROOT / "deploy/Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert any("--require-hashes" in line for line in lines)
    assert all(re.search(r":\d+\.\d+\.\d+", line) for line in lines if line.startswith("FROM"))
    lock = (ROOT / "deploy/requirements.lock").read_text()
    for name in ("polars==", "kafka-python==", "psycopg==", "crc32c==", "hatchling=="):
        assert f"\n{name}" in lock
    assert "\npytest==" not in lock


@pytest.mark.parametrize("name", ["prometheus.yml", "alertmanager.yml"])
def test_the_composed_configurations_differ_only_in_addresses(name: str) -> None:
    def plain(path: Path) -> Any:
        text = re.sub(r"127\.0\.0\.1:(8080|9093)|akira:8080|alertmanager:9093", "ADDRESS", path.read_text())
        return yaml.safe_load(text.replace("/run/secrets/", ""))

    assert plain(ROOT / "deploy/compose" / name) == plain(ROOT / "deploy/prometheus" / name)


def test_grafana_finds_dashboard_and_prometheus_where_they_are() -> None:
    grafana = SERVICES["grafana"]
    mounts = dict(reversed(volume.split(":")[:2]) for volume in grafana["volumes"] if volume.startswith("./"))
    provisioning = ROOT / mounts["/etc/grafana/provisioning"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/akira.yml").read_text())["providers"]
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    dashboards = [json.loads(path.read_text()) for path in (ROOT / mounts[provider["options"]["path"]]).glob("*.json")]
    uids = [*(dashboard["uid"] for dashboard in dashboards), source["uid"]]
    assert dashboards and len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid) for uid in uids), "what Grafana takes as a uid"
    assert all(dashboard["templating"]["list"][0]["query"] == source["type"] for dashboard in dashboards)
    address = grafana["environment"][source["url"].strip("${}")]
    assert address == "http://prometheus:9090" and "prometheus" in SERVICES


@pytest.mark.parametrize(
    ("tool", "name"), [(("promtool", "check", "config"), "prometheus"), (("amtool", "check-config"), "alertmanager")]
)
def test_the_mounted_configurations_are_accepted(tool: tuple[str, ...], name: str, tmp_path: Path) -> None:
    mounted(name, tmp_path, {"/run/secrets/": f"{tmp_path}/"})
    (tmp_path / "akira-alertmanager.token").write_text("token")
    checked = subprocess.run(
        [binary(tool[0]), *tool[1:], str(tmp_path / "etc" / name / f"{name}.yml")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
