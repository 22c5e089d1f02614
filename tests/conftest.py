"""Fixtures that more than one suite needs: one broker for a whole session, names of topics for one test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from kafka import KafkaAdminClient

from tests.brokers.choose import bootstrap

SERVERS: Final = ("kafka_bootstrap", "postgres", "rt")
"""Fixtures that one worker starts and the others leave to it."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file go to one worker, and all files that use the same server to the same."""
    server_of = {item.path: name for name in SERVERS for item in items if name in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(server_of.get(item.path, f"{item.path.parent.name}/{item.path.stem}")))


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a real broker, the same for the whole session."""
    yield from bootstrap(tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def make_topics(kafka_bootstrap: str) -> Iterator[Callable[..., dict[str, str]]]:
    """`make_topics(cdr=4, sip=1)` makes fresh topics with so many partitions; their names by role."""
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    made: list[str] = []

    def make(**partitions: int) -> dict[str, str]:
        tag = uuid.uuid4().hex[:8]
        names = {role: f"test.{role}.{tag}" for role in partitions}
        admin.create_topics(
            {names[role]: {"num_partitions": n, "replication_factor": 1} for role, n in partitions.items()}
        )
        made.extend(names.values())
        return names

    yield make
    if made:
        admin.delete_topics(made)
    admin.close()
