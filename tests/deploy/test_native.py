"""Each command of docker-compose.yml but Grafana's runs on this machine: health, the way of a record, a clean end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer
from sqlalchemy import URL, create_engine, make_url, text

from tests.absent import absent
from tests.brokers.kafka_server import LocalKafka, missing_tools
from tests.deploy.compose import SECRET, Composed, kafka_properties, mounted
from tests.monitoring.servers import binary, until
from tests.ports import free_port
from tests.store.conftest import postgres

__all__ = ["postgres"]
pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.prometheus, pytest.mark.slow]
TOPICS_TOOL = """#!{python}
import argparse
from kafka import KafkaAdminClient
asked = argparse.ArgumentParser()
for option in ("--bootstrap-server", "--topic", "--partitions"):
    asked.add_argument(option, required=True)
for option in ("--create", "--if-not-exists"):
    asked.add_argument(option, action="store_true", required=True)
asked = asked.parse_args()
admin = KafkaAdminClient(bootstrap_servers=asked.bootstrap_server)
admin.create_topics({{asked.topic: {{"num_partitions": int(asked.partitions), "replication_factor": 1}}}})
"""
"""kafka-topics.sh is in the image but not among the broker's jars: the same options, for this machine."""


@dataclass
class Stack:
    """The services that run, by name, and where they answer."""

    services: dict[str, Composed]
    ports: dict[str, int]
    broker: LocalKafka

    def get(self, name: str, path: str, **params: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.ports[name]}{path}", params=params, timeout=20)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """Kafka with the settings of the file."""
    if missing := missing_tools():
        absent(f"no Kafka: {' and '.join(missing)} is missing")
    kafka = LocalKafka(tmp_path_factory.mktemp("kafka"), kafka_properties())
    kafka.start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="module")
def database(postgres: str) -> Iterator[URL]:
    """The database that the image of PostgreSQL would make, on the server of the tests."""
    server = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE akira"))
    yield make_url(postgres).set(database="akira")
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE akira WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="module")
def stack(broker: LocalKafka, database: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything in the order of `depends_on`, each healthy before the next; at the end each stops as asked."""
    folder = tmp_path_factory.mktemp("composed")
    ports = {name: free_port() for name in ("akira", "console", "prometheus", "alertmanager")}
    moved = {
        f"{SECRET}@postgres/": f"{SECRET}@{database.host}:{database.port}/",
        "kafka:9092": broker.bootstrap,
        "alertmanager:9093": f"127.0.0.1:{ports['alertmanager']}",
        "0.0.0.0": "127.0.0.1",
        "/opt/kafka/bin": str(folder),
        "/scenario.toml": str(folder / "scenario.toml"),
        "/data": str(folder),
    }
    (folder / "kafka-topics.sh").write_text(TOPICS_TOOL.format(python=sys.executable))
    (folder / "kafka-topics.sh").chmod(0o755)
    services = {name: Composed(name, folder, moved) for name in ("postgres", "topics", "carrier", "feeder")}
    for name in ("akira", "console"):
        services[name] = Composed(name, folder, moved | {"127.0.0.1:8080": f"127.0.0.1:{ports[name]}"})
    services |= {name: watcher(name, folder, ports) for name in ("prometheus", "alertmanager")}
    services["postgres"].healthy(PGHOST=str(database.host), PGPORT=str(database.port))
    mounted("carrier", folder, {})
    for name in ("topics", "carrier"):
        services[name].start()
    assert [services[name].done() for name in ("topics", "carrier")] == [0, 0]
    first, *others = running = ("akira", "console", "feeder", "prometheus", "alertmanager")
    with ExitStack() as ends:
        for group in ((first,), others):
            for name in group:
                services[name].start(**({"AKIRA_WEB__PORT": str(ports[name])} if name in ("akira", "console") else {}))
                ends.callback(services[name].stop)
            for name in group:
                services[name].healthy()
        yield Stack({name: services[name] for name in running}, ports, broker)
        ended = {name: services[name].stop() for name in running if name != "feeder"}
        assert ended == dict.fromkeys(ended, 0)


def watcher(name: str, folder: Path, ports: dict[str, int]) -> Composed:
    """Prometheus or Alertmanager with the mounted configuration; of the image's own command where none is given."""
    home = {f"=/{place}": f"={folder}/{place}" for place in ("etc/", "prometheus", "alertmanager")}
    there = {"akira:8080": f"127.0.0.1:{ports['akira']}", "alertmanager:9093": f"127.0.0.1:{ports['alertmanager']}"}
    (folder / "akira-alertmanager.token").write_text(SECRET)
    mounted(name, folder, there | {"/run/secrets/": f"{folder}/"})
    own = {"prometheus": "127.0.0.1:9090", "alertmanager": "127.0.0.1:9093"}[name]
    program = [binary(f"prometheus-{name}", name), f"--web.listen-address=127.0.0.1:{ports[name]}"]
    program += {
        "prometheus": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
        "alertmanager": ["--cluster.listen-address="],
    }[name]
    return Composed(name, folder, home | {own: f"127.0.0.1:{ports[name]}"}, tuple(program))


def test_the_topics_are_made_with_their_partitions(stack: Stack) -> None:
    consumer = KafkaConsumer(bootstrap_servers=stack.broker.bootstrap)
    own = [topic for topic in consumer.topics() if topic.startswith("akira.")]
    topics = {topic: len(consumer.partitions_for_topic(topic) or ()) for topic in own}
    consumer.close()
    assert topics.pop("akira.cdr") == 4
    assert topics == dict.fromkeys(("akira.sip", "akira.balance", "akira.tickets", "akira.deadletters"), 1)


def test_records_go_from_the_feeder_through_kafka_and_the_run_to_prometheus(stack: Stack) -> None:
    def told() -> list[dict[str, Any]]:
        query = 'sum(akira_records_total{kind="cdr", outcome="accepted"}) > 1000'
        return stack.get("prometheus", "/api/v1/query", query=query).json()["data"]["result"]

    assert until("records in Prometheus", told)


def test_run_and_console_share_the_store(stack: Stack) -> None:
    for name in ("akira", "console"):
        assert stack.get(name, "/sign-in").status_code == 200
    assert stack.get("akira", "/metrics").status_code == 200
    assert "token" not in stack.services["console"].log.read_text().lower(), "no secret in a service's log"


def test_prometheus_knows_its_rules_and_its_alertmanager(stack: Stack) -> None:
    groups = stack.get("prometheus", "/api/v1/rules").json()["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}

    def managers() -> list[dict[str, Any]]:
        return stack.get("prometheus", "/api/v1/alertmanagers").json()["data"]["activeAlertmanagers"]

    found = until("the Alertmanager", managers)
    assert found[0]["url"] == f"http://127.0.0.1:{stack.ports['alertmanager']}/api/v2/alerts"
