"""A real Request Tracker 5 on loopback: the Debian packages, SQLite and one folder; nothing is installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.absent import absent
from tests.monitoring.servers import until
from tests.ports import free_port

HERE = Path(__file__).parent
SETUP = "rt-setup-database-5"
SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")


class Rt:
    """A running RT with the queue NOC; `tokens` of `akira` and of `ann`, who works there."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.tokens = {name: (folder / f"{name}.token").read_text() for name in ("akira", "ann")}

    def as_ann(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """What RT answers to the person."""
        headers = {"Authorization": f"token {self.tokens['ann']}"}
        answer = httpx.request(
            method, f"{self.url}/REST/2.0/{path}", json=body, params=params, headers=headers, timeout=30
        )
        answer.raise_for_status()
        return answer.json()

    def ticket(self, remote: str) -> dict[str, Any]:
        """The ticket as RT has it."""
        return dict(self.as_ann("GET", f"ticket/{remote}"))

    def comments(self, remote: str) -> list[str]:
        """The keys of our comments on it, oldest first."""
        rows = self.as_ann("GET", f"ticket/{remote}/history", fields="Type,Data", per_page="100")["items"]
        return [row["Data"].strip() for row in rows if row["Type"] == "Comment"]

    def count(self, query: str) -> int:
        """How many tickets a TicketSQL query finds."""
        return int(self.as_ann("GET", "tickets", query=query)["total"])


@contextmanager
def request_tracker(folder: Path) -> Iterator[Rt]:
    """RT with an empty database while the block runs."""
    if not (shutil.which(SETUP) and SERVER.exists()):
        absent("no Request Tracker 5: the Debian packages are listed in .ci/run")
    port = free_port()
    for name in ("conf.d", "mason", "sessions"):
        (folder / name).mkdir()
    (folder / "root.password").write_text(os.urandom(12).hex())
    env = {**os.environ, "AKIRA_TEST_RT": str(folder), "AKIRA_TEST_RT_PORT": str(port)}
    env |= {"RT_SITE_CONFIG": str(HERE / "site.pm"), "RT_SITE_CONFIG_DIR": str(folder / "conf.d")}
    with (folder / "rt.log").open("ab") as log:

        def build(*action: str) -> None:
            command = [SETUP, "--force", "--action", *action]
            done = subprocess.run(
                command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=120
            )
            assert done.returncode == 0, f"{' '.join(command)}: see {log.name}"

        build("init", "--root-password-file", str(folder / "root.password"))
        build("insert", "--datafile", str(HERE / "noc.initialdata"))
        command = [str(SERVER), "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until(f"RT answers, see {log.name}", lambda: httpx.get(url, timeout=30).status_code == 200)
            yield Rt(url, folder)
        finally:
            server.terminate()
            server.wait(20)
