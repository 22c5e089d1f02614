"""docker-compose.yml as processes of this machine: its own commands, environment and health checks, other addresses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.monitoring.servers import until

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {name for name, service in SERVICES.items() if service.get("restart") == "no"}
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
SECRET = "f1f7c0ffee"
HERE = {"python": [sys.executable], "akira": [sys.executable, "-m", "akira"]}
"""Programs of our image, as they are called in this checkout."""


class Composed:
    """One service. `moved` maps texts of the file (addresses, paths of the container) to those of this machine."""

    def __init__(self, name: str, folder: Path, moved: dict[str, str], program: tuple[str, ...] = ("akira",)) -> None:
        self.service, self.folder, self._moved, self._program = SERVICES[name], folder, moved, program
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def here(self, text: str) -> str:
        """`text` as compose would interpolate it, with what is elsewhere on this machine."""
        plain = re.sub(r"\$(?:(\$)|\{\w+[^}]*\})", lambda found: found[1] or SECRET, text)
        for there, here in self._moved.items():
            plain = plain.replace(there, here)
        return plain

    def environ(self) -> dict[str, str]:
        """The service's environment and nothing of ours but where programs are."""
        given = {name: self.here(str(value)) for name, value in self.service.get("environment", {}).items()}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | given

    def start(self, **more: str) -> None:
        """Run `entrypoint` and `command`; `more` are settings that only this machine needs."""
        entry = self.service.get("entrypoint", self._program)
        command = [self.here(word) for word in (*entry, *self.service.get("command", ()))]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*HERE.get(command[0], command[:1]), *command[1:]],
                cwd=self.folder,
                env=self.environ() | more,
                stdout=log,
                stderr=log,
            )

    def healthy(self, **more: str) -> None:
        """Ask by the service's own health check until it says yes."""
        _, program, *words = [self.here(word) for word in self.service["healthcheck"]["test"]]
        check = [*HERE.get(program, [program]), *words]

        def passes() -> bool:
            assert self._process is None or self._process.poll() is None, self.log.read_text()
            return subprocess.run(check, env=self.environ() | more, capture_output=True, timeout=30).returncode == 0

        until(f"healthy, see {self.log}", passes)

    def done(self) -> int:
        """The exit code of a service that ends by itself."""
        assert self._process is not None
        return self._process.wait(120)

    def stop(self) -> int:
        """End it as compose does; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(60)


def kafka_properties() -> str:
    """server.properties as the image makes them of KAFKA_* names, on free ports of the loopback."""
    given = {n.removeprefix("KAFKA_"): v for n, v in SERVICES["kafka"]["environment"].items() if n.startswith("KAFKA_")}
    lines = "\n".join(f"{name.lower().replace('_', '.')}={value}" for name, value in given.items())
    for there, here in {
        "//:9092": "//127.0.0.1:{port}",
        "//kafka:9092": "//127.0.0.1:{port}",
        "//:9093": "//127.0.0.1:{controller}",
        "@localhost:9093": "@127.0.0.1:{controller}",
        given["LOG_DIRS"]: "{logs}",
    }.items():
        assert there in lines, there
        lines = lines.replace(there, here)
    return lines + "\n"


def mounted(name: str, folder: Path, moved: dict[str, str]) -> None:
    """Put the files that the service mounts under `folder`, at their paths in the container."""
    for volume in SERVICES[name]["volumes"]:
        source, target, *_ = volume.split(":")
        if source.startswith("./") and (ROOT / source).is_file():
            text = (ROOT / source).read_text()
            for there, here in moved.items():
                text = text.replace(there, here)
            (folder / target.removeprefix("/")).parent.mkdir(parents=True, exist_ok=True)
            (folder / target.removeprefix("/")).write_text(text)
