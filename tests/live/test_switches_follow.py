"""`akira run` beside switches that write and post: half lines, rotation, posts, a restart, and each record once."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

START_S = 1_772_445_600


def row(number: int) -> str:
    return f"INVITE|a{number}|b{number}|c{number}|486|Busy Here|{START_S + number}|x|alfa|12025550143\n"


class Service:
    """A run of the service, as often as it is started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"
        self.settings = folder / "akira.toml"
        (folder / "in").mkdir()
        self.settings.write_text(
            f'[run]\nsource = "switches"\ndeadletters = "{folder}/letters"\ncheckpoint_s = 0\n'
            f'[web]\nport = 0\n[store]\nurl = "sqlite:///{folder}/a.db"\n'
            '[[cdr]]\nname = "sw1"\nformat = "opensips_flatstore"\noptions = { switch = "sw1" }\n'
            f'files = {{ path = "{folder}/in", poll_s = 0.05 }}\n'
            '[[cdr]]\nname = "sw2"\nformat = "opensips_flatstore"\noptions = { switch = "sw2" }\n'
            f'http = {{ path = "{folder}/spool" }}\n'
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def akira(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "akira", *words, "--settings", str(self.settings)]

    def start(self) -> None:
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.akira("run"), stdout=log, stderr=log)
        self.until(lambda: "address=" in self.log.read_text()[before:], "it serves")
        self.address = self.log.read_text()[before:].split("address=")[1].split()[0]

    def stop(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log.read_text()

    def read(self, outcome: str = "accepted") -> int:
        """Call records since the start."""
        page = httpx.get(f"{self.address}/metrics").text
        found = re.search(rf'akira_records_total{{kind="cdr",outcome="{outcome}"}} (\d+)', page)
        return int(found[1]) if found else 0

    def until(self, true: Callable[[], bool], what: str) -> None:
        for _ in range(600):
            if true():
                return
            time.sleep(0.05)
        raise AssertionError(f"not in half a minute: {what}\n{self.log.read_text()}")

    def has(self, records: int) -> None:
        self.until(lambda: self.read() >= records, f"{records} records")
        assert self.read() == records


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def test_each_record_is_read_once(service: Service) -> None:
    told = subprocess.run(service.akira("token", "new", "sw2", "--role", "noc"), capture_output=True, text=True)
    token = re.search(r"akira_\S+", told.stdout)
    assert token, told.stderr
    log = service.folder / "in" / "acc"
    log.write_text(row(1) + row(2)[:30])
    service.start()
    service.has(1)
    with log.open("a") as switch:
        switch.write(row(2)[30:] + row(3)[:-1])
    service.has(2)
    log.rename(log.with_name("acc.1"))
    log.write_text(row(4))
    service.has(4)
    client = httpx.Client(base_url=service.address, headers={"Authorization": f"Bearer {token[0]}"})
    assert client.post("/intake/cdr/sw2", content=row(5)).status_code == 204
    service.has(5)
    assert client.post("/intake/cdr/sw3", content=row(5)).status_code == 404
    service.stop()
    with log.open("a") as switch:
        switch.write(row(6))
    log.rename(log.with_name("acc.2"))
    log.write_text(row(7) + "half a re")
    service.start()
    service.has(2)
    assert (service.read("duplicate"), service.read("rejected")) == (0, 0)
    with log.open("a") as switch:
        switch.write("cord\n" + row(8))
    service.has(3)
    assert service.read("rejected") == 1
    service.stop()
    assert '"raw": "half a record"' in (service.folder / "letters").read_text()
