"""Writing to a real broker: acknowledged or raised, and told apart when it comes twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaConsumer

from connectors.errors import ConnectorError
from connectors.kafka.settings import KafkaSettings
from connectors.kafka.sinks import DeadLetterTopic, KafkaSink
from pipeline.ports import Disconnected, Reject
from tests.brokers.kafka_server import LocalKafka, missing_tools

Make = Callable[..., dict[str, str]]


def settings(bootstrap: str, **topics: str) -> KafkaSettings:
    return KafkaSettings.model_validate({"bootstrap": bootstrap, "timeout_s": 2, "topics": topics})


def taken(bootstrap: str, topic: str) -> list[tuple[str, bytes]]:
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=2000)
    found = [(message.key.decode(), message.value) for message in consumer]
    consumer.close()
    return found


@pytest.mark.kafka
def test_messages_arrive_in_order_with_their_keys(kafka_bootstrap: str, make_topics: Make) -> None:
    topic = make_topics(out=1)["out"]
    sink = KafkaSink(settings(kafka_bootstrap), topic)
    messages = [(f"k{n}", f"value {n}".encode()) for n in range(500)]
    sink.send(messages[:250])
    sink.send(messages[250:])
    sink.close()
    assert taken(kafka_bootstrap, topic) == messages


@pytest.mark.kafka
def test_dead_letters_say_what_would_be_right(kafka_bootstrap: str, make_topics: Make) -> None:
    topic = make_topics(dead=1)["dead"]
    reject = Reject("akira.cdr[2]", 77, "setup_at", "bad_time", "epoch milliseconds", '{"setup_at": "näh"}')
    letters = DeadLetterTopic(settings(kafka_bootstrap, deadletters=topic))
    letters.write((reject,))
    letters.close()
    ((key, value),) = taken(kafka_bootstrap, topic)
    assert key == "akira.cdr[2]:77"
    assert json.loads(value) == {name: getattr(reject, name) for name in reject.__slots__}


@pytest.mark.kafka
def test_a_missing_topic_is_named(kafka_bootstrap: str) -> None:
    sink = KafkaSink(settings(kafka_bootstrap), "no.such.topic")
    with pytest.raises((ConnectorError, Disconnected), match=r"no\.such\.topic|does not answer"):
        sink.send([("k", b"v")])
    sink.close()


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_that_dies_and_comes_back_takes_the_same_messages(tmp_path: Path) -> None:
    if missing_tools():
        pytest.skip(f"a broker to kill needs {', '.join(missing_tools())}")
    broker = LocalKafka(tmp_path)
    broker.start()
    try:
        made(broker.bootstrap, "out")
        sink = KafkaSink(settings(broker.bootstrap), "out")
        sink.send([("a", b"before")])
        broker.kill()
        with pytest.raises(Disconnected):
            sink.send([("b", b"lost?")])
        sink.close()
        broker.start()
        again = KafkaSink(settings(broker.bootstrap), "out")
        again.send([("b", b"after")])
        again.close()
        assert {key: value for key, value in taken(broker.bootstrap, "out")} == {"a": b"before", "b": b"after"}
    finally:
        broker.stop()


def made(bootstrap: str, topic: str) -> None:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    admin.close()


def test_nobody_there_is_an_outage_not_a_fault() -> None:
    with pytest.raises(Disconnected, match="127.0.0.1:9 does not answer"):
        KafkaSink(settings("127.0.0.1:9"), "out").send([("k", b"v")])
