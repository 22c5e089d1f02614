"""A real single-node Kafka for the tests: Apache's own jars from Maven, Java 17, loopback, no root and no Docker.

`python -m tests.brokers.kafka_server jars` fetches the jars ahead of time (45 jars, 43 MB, into the user's cache).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

from tests.ports import free_ports

VERSION: Final = "4.4.0"
HEAP: Final = "384m"
START_S: Final = 90.0
STOP_S: Final = 20.0
POM: Final = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""
PROPERTIES: Final = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
num.partitions=4
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=6000
"""


def missing_tools() -> list[str]:
    """What a local broker needs and this machine lacks."""
    needed = ["java"] if _jars_here() else ["java", "mvn"]
    return [tool for tool in needed if shutil.which(tool) is None]


def jar_directory() -> Path:
    """Where the jars are kept between runs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "akira-tests" / f"kafka-{VERSION}"


def _jars_here() -> bool:
    return (jar_directory() / ".complete").exists()


def fetch_jars() -> Path:
    """The directory of the jars, fetched by Maven when they are not there yet."""
    target = jar_directory()
    if _jars_here():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        Path(work, "pom.xml").write_text(POM.format(version=VERSION))
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
        options = ["-B", "-q", "-DincludeScope=runtime", f"-DoutputDirectory={work}/lib"]
        subprocess.run(["mvn", *options, copy], cwd=work, check=True, stdin=subprocess.DEVNULL, timeout=600)
        Path(work, "lib", ".complete").touch()
        shutil.rmtree(target, ignore_errors=True)
        Path(work, "lib").rename(target)
    return target


class LocalKafka:
    """One node in `directory`; `kill` is SIGKILL, `start` again continues on the same data and port."""

    def __init__(self, directory: Path, properties: str = PROPERTIES) -> None:
        self.directory, self._properties = directory, properties
        self.port, self._controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = directory / "server.properties"

    def start(self) -> None:
        """Format the storage on the first start, run the node and wait until its port answers."""
        if not self._settings.exists():
            self._format()
        log = open(self.directory / "server.log", "ab")
        with log:
            command = self._java("kafka.Kafka", str(self._settings), heap=HEAP)
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_S
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Kafka did not start:\n{(self.directory / 'server.log').read_text()[-2000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End the node at once, as a power cut of the process would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the node in its own way, by force after 20 s."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _format(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        logs = self.directory / "data"
        self._settings.write_text(self._properties.format(port=self.port, controller=self._controller, logs=logs))
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        tool = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings), heap="128m")
        subprocess.run(tool, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)

    def _java(self, *arguments: str, heap: str) -> list[str]:
        options = [f"-Xms{heap}", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.awt.headless=true"]
        options += [f"-Djava.io.tmpdir={self.directory}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        return ["java", *options, "-cp", f"{fetch_jars()}/*", *arguments]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    if sys.argv[1:] != ["jars"]:
        sys.exit("usage: kafka_server.py jars")
    print(fetch_jars())
