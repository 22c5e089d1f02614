"""Which Kafka the tests speak to: the address given, else Docker, else a local node, else a loud skip (never in CI)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.absent import absent
from tests.brokers.kafka_server import LocalKafka, missing_tools

IMAGE = "confluentinc/cp-kafka:7.9.2"


def docker_answers() -> bool:
    """Whether a container engine is there and speaks."""
    import docker

    try:
        docker.from_env(timeout=3).ping()
    except docker.errors.DockerException:
        return False
    return True


def bootstrap(directory: Path) -> Iterator[str]:
    """Yield the bootstrap address once and stop what was started."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield given
    elif docker_answers():
        from testcontainers.community.kafka import KafkaContainer

        with KafkaContainer(IMAGE).with_kraft() as container:
            yield container.get_bootstrap_server()
    else:
        if missing := missing_tools():
            absent(
                f"no Kafka: KAFKA_BOOTSTRAP is not set, Docker does not answer, and {' and '.join(missing)} is missing"
            )
        broker = LocalKafka(directory)
        broker.start()
        try:
            yield broker.bootstrap
        finally:
            broker.stop()
