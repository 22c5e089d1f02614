"""Real Prometheus and Alertmanager on loopback, started from the system's packages, one folder and free ports each."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.absent import absent
from tests.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"
PATIENCE_S = 60.0


def binary(*names: str) -> str:
    """The first of `names` on PATH; skips the test, loudly, when there is none (in CI that is a failure)."""
    for name in names:
        if path := shutil.which(name):
            return path
    absent(f"{names[0]} is not installed (apt-get install prometheus prometheus-alertmanager)")


def until(what: str, found: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """The first true value of `found`, asked again and again; fails with `what` when patience ends."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            if value := found():
                return value
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"not within {patience_s:.0f} s: {what}")


@dataclass
class Server:
    """One process with its address; `stop` ends it politely, `kill` does not."""

    url: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        until(f"{self.url} is ready, see {self.log}", lambda: httpx.get(self.url + "/-/ready").status_code == 200)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(20)

    def get(self, path: str, **params: str) -> Any:
        """The JSON at `path`."""
        answer = httpx.get(self.url + path, params=params, timeout=20)
        answer.raise_for_status()
        return answer.json()


class Web(ThreadingHTTPServer):
    """A loopback page of our own: GET gives `page()`, POST bodies are kept in `posts` and answered with `status`."""

    daemon_threads = True

    def __init__(self, page: Callable[[], bytes] = lambda: b"") -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.page, self.posts, self.status = page, list[dict[str, Any]](), 200
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Answer(BaseHTTPRequestHandler):
    server: Web

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._say(200, self.server.page())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.posts.append(body)
        self._say(self.server.status, b"")


def alertmanager(folder: Path, webhook: str, *, token: str = "", group_wait: str = "1s") -> Server:
    """An Alertmanager with our own configuration, quick, that posts to `webhook`."""
    port = free_port()
    (folder / "akira-alertmanager.token").write_text(token or "none")
    text = (DEPLOY / "alertmanager.yml").read_text()
    text = text.replace("http://127.0.0.1:8080/hooks/alertmanager", webhook)
    text = text.replace("group_wait: 10s", f"group_wait: {group_wait}").replace(
        "group_interval: 1m", "group_interval: 1s"
    )
    config = folder / "alertmanager.yml"
    config.write_text(text)
    command = [binary("prometheus-alertmanager", "alertmanager"), f"--config.file={config}"]
    command += [f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    return Server(f"http://127.0.0.1:{port}", command, folder / "alertmanager.log")


def prometheus(folder: Path, targets: str, managers: str = "", rules: str = "") -> Server:
    """A Prometheus with our own configuration, quick, that scrapes `targets` (host:port); `rules` are added to ours."""
    port = free_port()
    text = (DEPLOY / "prometheus.yml").read_text()
    text = text.replace('127.0.0.1:8080"]', f'{targets}"]').replace(": 15s", ": 1s")
    text = text.replace('targets: ["127.0.0.1:9093"]', f'targets: ["{managers}"]' if managers else "targets: []")
    for name in ("recording", "signals", "health"):
        shutil.copy(DEPLOY / f"{name}.rules.yml", folder)
    if rules:
        (folder / "more.rules.yml").write_text(rules)
        text = text.replace("rule_files:\n", "rule_files:\n  - more.rules.yml\n")
    config = folder / "prometheus.yml"
    config.write_text(text)
    command = [binary("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s"]
    return Server(f"http://127.0.0.1:{port}", command, folder / "prometheus.log")
