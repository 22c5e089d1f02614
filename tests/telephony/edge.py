"""A real Kamailio between sipp customers and sipp terminators, all on loopback; its records go to our intake."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.absent import absent
from tests.monitoring.servers import until
from tests.ports import free_port

HERE = Path(__file__).parent
CUSTOMERS = {"127.0.1.1": "acme", "127.0.1.2": "globex"}
TERMINATORS = {"gw1": "127.0.2.1", "gw2": "127.0.2.2"}
REFUSED = {"gw1": "35", "gw2": "5"}
"""Last digits of the called numbers that a terminator has no circuit for."""
UTC = {**os.environ, "TZ": "UTC"}


def needed() -> None:
    """Skips, loudly, without Kamailio or sipp; in CI that is a failure."""
    if missing := [tool for tool in ("kamailio", "sipp") if not shutil.which(tool)]:
        absent(f"{' and '.join(missing)} not installed: the Debian packages are listed in .ci/run")


@dataclass
class Edge:
    """A running switch; `page` is its metrics page, `marks` the times (ms) that sipp logged for each Call-ID."""

    folder: Path
    port: int
    page: str
    callers: list[Path] = field(default_factory=list)

    def call(self, address: str, called: list[str]) -> None:
        """Calls from `address` to each of `called`, all at once; fails unless each ends as its digit says."""
        name = f"caller{len(self.callers)}"
        rows = [f"{number};4420794601{place:02d};" for place, number in enumerate(called)]
        (self.folder / f"{name}.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]))
        command = sipp(self.folder, name, HERE / "caller.xml", address, free_udp(address))
        command += [f"127.0.0.1:{self.port}", "-inf", f"{name}.csv", "-m", f"{len(called)}", "-r", "50"]
        command += ["-recv_timeout", "15000", "-timeout", "30"]
        done = subprocess.run(command, cwd=self.folder, env=UTC, capture_output=True, timeout=60)
        assert done.returncode == 0, f"sipp {name}: {(self.folder / f'{name}.err').read_text()}"
        self.callers.append(self.folder / f"{name}.log")

    def heard(self) -> Mapping[str, list[float]]:
        """By Call-ID, what the callers logged: answer heard, hanging up, end confirmed."""
        return marks(self.callers)

    def said(self) -> Mapping[str, list[float]]:
        """By Call-ID, when a terminator sent its answer."""
        return marks(self.folder / f"{name}.log" for name in TERMINATORS)


def marks(logs: Iterator[Path] | list[Path]) -> Mapping[str, list[float]]:
    """Times in ms by Call-ID, in the order of the lines."""
    found: dict[str, list[float]] = {}
    for log in logs:
        for line in log.read_text().splitlines() if log.exists() else ():
            call, seconds, microseconds = line.split()
            found.setdefault(call, []).append(float(seconds) * 1000 + float(microseconds) / 1000)
    return found


def sipp(folder: Path, name: str, scenario: Path, address: str, port: int) -> list[str]:
    """The command of one sipp that logs and errs into files of its name."""
    command = ["sipp", "-sf", str(scenario), "-i", address, "-mi", address, "-p", f"{port}", "-nostdin", "-nd"]
    command += ["-trace_err", "-error_file", f"{name}.err", "-trace_logs", "-log_file", f"{name}.log"]
    (folder / f"{name}.err").touch()
    return command


def free_udp(address: str) -> int:
    """A UDP port of `address` that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextmanager
def edge(folder: Path, intake: str, token: str) -> Iterator[Edge]:
    """Kamailio and its terminators while the block runs; records go to the `intake` (URL) with `token`."""
    sip, prom = free_udp("127.0.0.1"), free_port()
    targets = {name: (address, free_udp(address)) for name, address in TERMINATORS.items()}
    rows = [f"1 sip:{host}:{port} 0 {9 - place} gw={gw}" for place, (gw, (host, port)) in enumerate(targets.items())]
    (folder / "dispatcher.list").write_text("\n".join([*rows, ""]))
    (folder / "address.list").write_text("".join(f"1 {address} 32 0 {who}\n" for address, who in CUSTOMERS.items()))
    fill = {"SIP_PORT": sip, "PROM_PORT": prom, "TOKEN": token, "FILES": folder, "INTAKE_PORT": intake.split(":")[-1]}
    (folder / "kamailio.cfg").write_text(filled("kamailio.cfg", fill))
    with ExitStack() as running:
        for name, (address, port) in targets.items():
            scenario = folder / f"{name}.xml"
            scenario.write_text(filled("terminator.xml", {"REFUSED": REFUSED[name]}))
            running.enter_context(process(sipp(folder, name, scenario, address, port), folder, name))
        command = ["kamailio", "-f", "kamailio.cfg", "-DD", "-E", "-m", "32", "-M", "8", "-w", str(folder)]
        running.enter_context(process([*command, "-Y", str(folder), "-P", str(folder / "pid")], folder, "kamailio"))
        page = f"http://127.0.0.1:{prom}/metrics"
        until(f"Kamailio's page, see {folder}/kamailio.out", lambda: httpx.get(page).status_code == 200)
        yield Edge(folder, sip, page)


def filled(name: str, values: Mapping[str, object]) -> str:
    """A file beside this one with its @MARKS@ filled in."""
    text = (HERE / name).read_text()
    for mark, value in values.items():
        text = text.replace(f"@{mark}@", str(value))
    return text


@contextmanager
def process(command: list[str], folder: Path, name: str) -> Iterator[None]:
    """A program while the block runs; what it says goes to `<name>.out`."""
    with (folder / f"{name}.out").open("wb") as out:
        running = subprocess.Popen(command, cwd=folder, env=UTC, stdout=out, stderr=out)
        try:
            yield
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait(10)
