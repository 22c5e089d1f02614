"""`akira console` as a process of its own: it says how to sign in, serves, and stops when told, listeners or not."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.cli.conftest import Run

PATIENCE_S = 60


@contextmanager
def console(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A console on a free port, with the lines that it greeted with."""
    command = [sys.executable, "-m", "akira", "console", "--port", "0", *words]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            greeting: list[str] = []
            while not greeting or not greeting[-1].startswith("Sign in"):
                greeting.append(process.stdout.readline())
                assert greeting[-1], "it ended before it served"
            yield process, greeting
        finally:
            process.kill()


def test_it_greets_serves_and_stops_with_a_page_still_listening(tmp_path: Path) -> None:
    with console(tmp_path) as (process, greeting):
        address = greeting[0].split()[1]
        path = re.search(r"/sign-in\?once=[\w-]+", greeting[1])
        assert path is not None and address.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=address, trust_env=False, timeout=PATIENCE_S) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/").status_code == 303
            assert client.get(path[0]).status_code == 303
            assert "No open tickets" in client.get("/").text
            with client.stream("GET", "/api/v1/events/stream") as listening:
                lines = listening.iter_lines()
                assert next(lines).startswith("retry:")
                process.send_signal(signal.SIGTERM)
                assert list(lines) == [""], "the stream is ended, not cut off"
            assert process.wait(PATIENCE_S) == 0


def test_the_first_start_alone_prints_a_token_and_an_address_from_outside_wants_a_proxy(tmp_path: Path) -> None:
    for first, words in ((True, ()), (False, ("--host", "0.0.0.0"))):
        with console(tmp_path, *words) as (process, _):
            process.send_signal(signal.SIGTERM)
            assert process.stdout is not None
            rest = process.stdout.read()
        assert bool(re.search(r"Token +akira_[0-9a-f]{16}_[\w-]{43}", rest)) == first
        assert ("put a proxy with TLS in front" in rest) != first


def test_a_port_that_is_taken_is_said(tmp_path: Path, run: Run) -> None:
    with console(tmp_path) as (_, greeting):
        port = greeting[0].strip().rsplit(":", 1)[1]
        taken = run("console", "--port", port)
        assert taken.code == 4 and f"cannot serve on 127.0.0.1:{port}" in taken.err and "[web] port" in taken.err
